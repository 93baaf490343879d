{% macro city_spelling(city) -%}
    {#- What a city is matched by: logs write Орёл, Орел, «ОРЕЛ» and «г. Орёл» alike. -#}
    replaceAll(
        replaceRegexpOne(lowerUTF8(trimBoth(cast({{ city }} as String))), '^г\\.\\s*', ''), 'ё', 'е'
    )
{%- endmacro %}


{% macro known_city(city) -%}
    {#- A raw city as the gazetteer spells it; one that no place is known of keeps its own spelling. -#}
    {%- set spellings -%}
    (select arraySort(groupArray((spellings.written, toString(spellings.city)))) from {{ ref('stg_city_spellings') }} as spellings)
    {%- endset -%}
    transform({{ city }}, arrayPushBack({{ spellings }}.1, ''), arrayPushBack({{ spellings }}.2, '{{ var("unknown_label") }}'))
{%- endmacro %}
