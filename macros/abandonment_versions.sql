{% macro abandonment_versions(purchase_events, order_lines) -%}
    {#-
        Versions of the months of session starts whose carts may be recovered by orders of the same or the next month,
        so that an order of early March also rebuilds February.
    -#}
    select
        month,
        {{ version_of('input_version') }} as input_version
    from (
        select distinct
            toYYYYMM(session_date) as month,
            input_version
        from {{ purchase_events }}
        union all
        select distinct
            toYYYYMM(addMonths(order_date, -month_lag)) as month,
            input_version
        from {{ order_lines }}
        array join [0, 1] as month_lag
    )
    where month in (select toYYYYMM(session_date) from {{ purchase_events }})
    group by month
{%- endmacro %}
