{% macro duplicate_key() -%}
    {#- Columns in which two rows must agree to be the same event, in whichever log; `content` is their row_content(). -#}
    userid, timestamp{{ ', content' if is_exact() }}
{%- endmacro %}


{% macro is_exact() -%}
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
