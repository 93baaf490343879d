{% macro staged_month_versions(load_days) -%}
    {#- The loads that have rows in each month, and the rules that staging applies, as one version a month. -#}
    select
        toYYYYMM(event_date) as month,
        sipHash64(
            arraySort(groupUniqArray((load_id, loaded_at, contract))),
            '{{ var("dedup_mode") }}', '{{ var("shop_timezone") }}', '{{ var("unknown_label") }}',
            {{ var("session_pause_minutes") }}
        ) as input_version,
        sum(load_rows.row_count) as row_count
    from {{ load_days }} as load_rows
    group by month
{%- endmacro %}
