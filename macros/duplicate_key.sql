{% macro duplicate_key() -%}
    {#- Columns in which two rows of the log must agree to be the same event. -#}
    {%- if var('dedup_mode') == 'exact' -%}
    userid, timestamp, {{ row_content() }}
    {%- else -%}
    {%- if var('dedup_mode') != 'key' -%}
    {{ exceptions.raise_compiler_error("var dedup_mode is '" ~ var('dedup_mode') ~ "': use 'key' or 'exact'") }}
    {%- endif -%}
    userid, timestamp
    {%- endif -%}
{%- endmacro %}


{% macro row_content() -%}
    {#- Every business column of a raw row as one number of 128 bits: rows with the same one are copies. -#}
    sipHash128(
        userid, timestamp, sessionid, action, value, quantity, category, product, order_id,
        ifNull(age, 255), gender, city
    )
{%- endmacro %}
