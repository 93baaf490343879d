{% macro surrogate_key(columns) -%}
    sipHash64({{ columns | join(', ') }})
{%- endmacro %}
