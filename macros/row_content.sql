{% macro is_exact() -%}
    {#- Whether rows of one second must agree in their content too to be the same event. -#}
    {%- if var('dedup_mode') not in ['exact', 'key'] -%}
    {{ exceptions.raise_compiler_error("var dedup_mode is '" ~ var('dedup_mode') ~ "': use 'key' or 'exact'") }}
    {%- endif -%}
    {{ return(var('dedup_mode') == 'exact') }}
{%- endmacro %}


{% macro row_content() -%}
    {#- Every business column of a raw row as one number: rows with the same one are copies. -#}
    sipHash64(
        userid, timestamp, sessionid, action, value, quantity, category, product, order_id,
        ifNull(age, 255), gender, city
    )
{%- endmacro %}
