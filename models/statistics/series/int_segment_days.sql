{#
    What daily series are made of, by month, so that a new day counts its own month anew and no other. Users and orders are
    distinct within a day and segment: their counts do not add up.
#}
{% set versions %}
    select
        month,
        sipHash64({{ version_of('version') }}, {{ largest_segments_version() }}) as input_version,
        sum(read_rows) as row_count
    from (
        {{ rows_of_months(ref('fct_sales'), 'event_date') }}
        union all
        {{ rows_of_months(ref('fct_funnel'), 'session_date') }}
    )
    group by month
{% endset %}

with

months as (
    {{ months_of(versions) }}
),

sales as (
    select * from {{ ref('fct_sales') }}
    where toYYYYMM(event_date) in (select months.month from months)
),

funnel as (
    select * from {{ ref('fct_funnel') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

-- more events a day than a shopper makes: a robot, most likely
heavy as (
    select
        event_date,
        user_key
    from sales
    group by event_date, user_key
    having sum(event_count) > {{ var('heavy_user_events') }}
),

sold as (
    select
        sales.event_date as day,
        member.1 as segment_type,
        member.2 as segment,
        toFloat64(sum(sales.revenue)) as revenue,
        toFloat64(sum(sales.cart_value)) as cart_value,
        toFloat64(sum(sales.notebook_value)) as notebook_value,
        toFloat64(uniqExactIf(sales.order_key, sales.is_order)) as orders,
        toFloat64(uniqExactIf(sales.user_key, sales.is_order)) as buyers,
        toFloat64(uniqExact(sales.user_key)) as users,
        toFloat64(uniqExactIf(
            sales.user_key,
            (sales.event_date, sales.user_key) in (
                select
                    heavy.event_date,
                    heavy.user_key
                from heavy
            )
        )) as heavy_users,
        toFloat64(sum(sales.event_count)) as events,
        0. as sessions
    from sales
    array join {{ segments_of('sales') }} as member
    group by sales.event_date, member.1, member.2
),

-- a session belongs to every category that it looked at
visited as (
    select
        funnel.session_date as day,
        member.1 as segment_type,
        member.2 as segment,
        0. as revenue,
        0. as cart_value,
        0. as notebook_value,
        0. as orders,
        0. as buyers,
        0. as users,
        0. as heavy_users,
        0. as events,
        toFloat64(uniqExactIf(funnel.session_key, member.1 != 'category' or funnel.step_level >= 1)) as sessions
    from funnel
    array join {{ segments_of('funnel') }} as member
    group by funnel.session_date, member.1, member.2
),

united as (
    select * from sold
    union all
    select * from visited
),

final as (
    select
        united.day as day,
        toLowCardinality(united.segment_type) as segment_type,
        toLowCardinality(united.segment) as segment,
        sum(united.revenue) as revenue,
        sum(united.cart_value) as cart_value,
        sum(united.notebook_value) as notebook_value,
        sum(united.orders) as orders,
        sum(united.buyers) as buyers,
        sum(united.users) as users,
        sum(united.heavy_users) as heavy_users,
        sum(united.events) as events,
        sum(united.sessions) as sessions,
        any(months.input_version) as input_version
    from united
    inner join months on toYYYYMM(united.day) = months.month
    group by united.day, united.segment_type, united.segment
)

select * from final
