{% macro staged_month_versions(loads) -%}
    {#- The loads that reach into each month, and the rules that staging applies, as one version a month. -#}
    select
        toYYYYMM(addMonths(assumeNotNull(first_event_date), month_offset)) as month,
        sipHash64(
            arraySort(groupArray((load_id, loaded_at))),
            '{{ var("dedup_mode") }}', '{{ var("shop_timezone") }}', '{{ var("unknown_label") }}'
        ) as input_version
    from {{ loads }}
    -- a load without a single valid row reaches into no month
    array join range(ifNull(dateDiff('month', first_event_date, last_event_date) + 1, 0)) as month_offset
    group by month
{%- endmacro %}
