{% macro duplicate_key() -%}
    {#- Columns in which two rows of the log must agree to be the same event. -#}
    userid, timestamp{{ ', ' ~ row_content() if is_exact() }}
{%- endmacro %}


{% macro is_exact() -%}
    {%- if var('dedup_mode') not in ['exact', 'key'] -%}
    {{ exceptions.raise_compiler_error("var dedup_mode is '" ~ var('dedup_mode') ~ "': use 'key' or 'exact'") }}
    {%- endif -%}
    {{ return(var('dedup_mode') == 'exact') }}
{%- endmacro %}


{% macro row_content() -%}
    {#- Every business column of a raw row as one number: rows of one second with the same one are copies. -#}
    sipHash64(
        userid, timestamp, sessionid, action, value, quantity, category, product, order_id,
        ifNull(age, 255), gender, city
    )
{%- endmacro %}


{% macro is_event(ranked) -%}
    {#- Whether the row is an event, and no copy or weaker row of its second; `ranked` is a CTE of stg_events. -#}
    {%- if is_exact() -%}
    indexOf({{ ranked }}.contents_so_far, {{ ranked }}.content) = {{ ranked }}.strength_rank
    {%- else -%}
    {{ ranked }}.strength_rank = 1
    {%- endif -%}
{%- endmacro %}


{% macro raw_row_count(ranked) -%}
    {#- Rows of the log that the event stands for. -#}
    {{ 'countEqual(' ~ ranked ~ '.contents, ' ~ ranked ~ '.content)' if is_exact() else 'length(' ~ ranked ~ '.contents)' }}
{%- endmacro %}
