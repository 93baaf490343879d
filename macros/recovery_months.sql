{% macro recovery_months() -%}
    {#- So many months after its own can a cart be taken or recovered in, whatever day it was left on. -#}
    {{ return(1 + var('cart_recovery_days') | int // 28) }}
{%- endmacro %}
