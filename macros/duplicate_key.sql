{% macro duplicate_key() -%}
    {#- Columns in which two rows of the log must agree to be the same event. -#}
    {%- if var('dedup_mode') == 'exact' -%}
    userid, timestamp, sessionid, action, value, category, age, gender, city
    {%- else -%}
    {%- if var('dedup_mode') != 'key' -%}
    {{ exceptions.raise_compiler_error("var dedup_mode is '" ~ var('dedup_mode') ~ "': use 'key' or 'exact'") }}
    {%- endif -%}
    userid, timestamp
    {%- endif -%}
{%- endmacro %}
