{% macro amount(relation) -%}
    {#- What a row of goods (cart, remove, purchase, refund) is worth: `value` is the price of one piece. -#}
    toDecimal64({{ relation }}.value * {{ relation }}.quantity, 6)
{%- endmacro %}
