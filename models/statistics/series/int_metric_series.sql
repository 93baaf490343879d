with

sales as (
    select * from {{ ref('fct_sales') }}
    where {{ in_observed_span('event_date') }} -- noqa: LT02
    {%- if var('as_of') %}
        and event_date <= toDate('{{ var("as_of") }}') -- noqa: LT02
    {%- endif %}
),

funnel as (
    select * from {{ ref('fct_funnel') }}
    where {{ in_observed_span('session_date') }} -- noqa: LT02
    {%- if var('as_of') %}
        and session_date <= toDate('{{ var("as_of") }}') -- noqa: LT02
    {%- endif %}
),

observed as (
    select
        min(sales.event_date) as first_day,
        max(sales.event_date) as last_day
    from sales
    having count() > 0
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
        toFloat64(sum(sales.event_count)) as events
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
        toFloat64(uniqExactIf(funnel.session_key, member.1 != 'category' or funnel.step_level >= 1)) as sessions
    from funnel
    array join {{ segments_of('funnel') }} as member
    group by funnel.session_date, member.1, member.2
),

segments as (
    select
        segment_type,
        segment
    from sold
    union distinct
    select
        segment_type,
        segment
    from visited
),

days as (
    select
        observed.first_day + arrayJoin(range(dateDiff('day', observed.first_day, observed.last_day) + 1)) as day,
        observed.first_day as first_day,
        observed.last_day as last_day
    from observed
),

-- nobody can tell whether the log holds the whole of its last day; with `as_of` the caller says so
spine as (
    select
        days.day as day,
        segments.segment_type as segment_type,
        segments.segment as segment,
        days.day = days.first_day{% if not var('as_of') %} or days.day = days.last_day{% endif %} as is_partial
    from days
    cross join segments
),

dense as (
    select
        spine.day as day,
        spine.segment_type as segment_type,
        spine.segment as segment,
        spine.is_partial as is_partial,
        coalesce(sold.revenue, 0) as revenue,
        coalesce(sold.cart_value, 0) as cart_value,
        coalesce(sold.notebook_value, 0) as notebook_value,
        coalesce(sold.orders, 0) as orders,
        coalesce(sold.buyers, 0) as buyers,
        coalesce(sold.users, 0) as users,
        coalesce(sold.heavy_users, 0) as heavy_users,
        coalesce(sold.events, 0) as events,
        coalesce(visited.sessions, 0) as sessions
    from spine
    left join sold
        on spine.day = sold.day
            and spine.segment_type = sold.segment_type
            and spine.segment = sold.segment
    left join visited
        on spine.day = visited.day
            and spine.segment_type = visited.segment_type
            and spine.segment = visited.segment
),

final as (
    select
        dense.day as day,
        toLowCardinality(measure.1) as metric,
        toLowCardinality(dense.segment_type) as segment_type,
        toLowCardinality(dense.segment) as segment,
        measure.2 as numerator,
        measure.3 as denominator,
        toBool(
            measure.1 in ('conversion', 'average_order_value', 'events_per_session', 'heavy_user_share')
        ) as is_ratio,
        toBool(measure.1 in ('revenue', 'average_order_value', 'cart_value', 'notebook_value')) as is_money,
        toBool(dense.is_partial) as is_partial
    from dense
    array join [
        ('revenue', dense.revenue, 1.),
        ('orders', dense.orders, 1.),
        ('buyers', dense.buyers, 1.),
        ('users', dense.users, 1.),
        ('sessions', dense.sessions, 1.),
        ('conversion', dense.orders, dense.sessions),
        ('average_order_value', dense.revenue, dense.orders),
        ('cart_value', dense.cart_value, 1.),
        ('notebook_value', dense.notebook_value, 1.),
        ('events_per_session', dense.events, dense.sessions),
        ('heavy_user_share', dense.heavy_users, dense.users)
    ] as measure
)

select * from final
