{% macro abandonment_versions(purchase_events, order_lines, order_carts) -%}
    {#-
        Versions of the months of session starts whose carts may be recovered by orders of the same month or of the next ones
        that the recovery window reaches, so that an order of early March also rebuilds February. Lines are found by the
        day of their order, carts that an order takes by the start of its session.
    -#}
    select
        month,
        {{ version_of('version') }} as input_version,
        sum(read_rows) as row_count
    from (
        {{ rows_of_months(purchase_events, 'session_date') }}
        {%- for relation, date_column in [(order_lines, 'order_date'), (order_carts, 'session_date')] %}
        union all
        select
            toYYYYMM(addMonths({{ date_column }}, -month_lag)) as month,
            input_version as version,
            count() as read_rows
        from {{ relation }}
        array join range({{ recovery_months() + 1 }}) as month_lag
        group by month, version
        {%- endfor %}
    )
    where month in (select toYYYYMM(session_date) from {{ purchase_events }})
    group by month
{%- endmacro %}
