{% macro duplicate_key() -%}
    {#- Columns in which two rows of the log must agree to be the same event; `content` is their row_content(). -#}
    contract, userid, timestamp{{ ', content' if is_exact() }}
{%- endmacro %}


{% macro is_exact() -%}
    {%- if var('dedup_mode') not in ['exact', 'key'] -%}
    {{ exceptions.raise_compiler_error("var dedup_mode is '" ~ var('dedup_mode') ~ "': use 'key' or 'exact'") }}
    {%- endif -%}
    {{ return(var('dedup_mode') == 'exact') }}
{%- endmacro %}


{% macro row_content() -%}
    {#- Every business column of a raw row as one number: rows of one log and second with the same one are copies. -#}
    sipHash64(
        userid, timestamp, sessionid, action, value, quantity, category, product, order_id,
        ifNull(age, 255), gender, city
    )
{%- endmacro %}
