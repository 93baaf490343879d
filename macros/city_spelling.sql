{% macro city_spelling(city) -%}
    {#- Logs write Орёл and Орел alike. -#}
    replaceAll(cast({{ city }} as String), 'ё', 'е')
{%- endmacro %}
