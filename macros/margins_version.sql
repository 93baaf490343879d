{% macro margins_version() -%}
    {#- A number that changes with the margins that count: those of an example go with its log. -#}
    coalesce((
        select sum(sipHash64(tuple(*)))
        from {{ ref('int_category_margins') }}
    ), 0)
{%- endmacro %}
