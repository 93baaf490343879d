{% macro staged_month_versions(load_days) -%}
    {#- The loads that have rows in each month, as one version a month. -#}
    select
        toYYYYMM(event_date) as month,
        sipHash64(arraySort(groupUniqArray((load_id, loaded_at, contract)))) as input_version,
        sum(load_rows.row_count) as row_count
    from {{ load_days }} as load_rows
    group by month
{%- endmacro %}
