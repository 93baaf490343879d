{% macro abandonment_versions(purchase_events, order_lines) -%}
    {#-
        Versions of the months of session starts whose carts may be recovered by orders of the same month or of the next ones
        that the recovery window reaches, so that an order of early March also rebuilds February.
    -#}
    select
        month,
        {{ version_of('version') }} as input_version,
        sum(read_rows) as row_count
    from (
        {{ rows_of_months(purchase_events, 'session_date') }}
        union all
        select
            toYYYYMM(addMonths(order_date, -month_lag)) as month,
            input_version as version,
            count() as read_rows
        from {{ order_lines }}
        array join range({{ recovery_months() + 1 }}) as month_lag
        group by month, version
    )
    where month in (select toYYYYMM(session_date) from {{ purchase_events }})
    group by month
{%- endmacro %}
