{% macro recovered_by(relation) -%}
    {#- What an order must hold to recover a cart row: its category, or its product where the log names no category. -#}
    if({{ relation }}.category = '{{ var("unknown_label") }}', toString({{ relation }}.product), toString({{ relation }}.category))
{%- endmacro %}
