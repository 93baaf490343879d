with

observed_span as (
    select * from {{ ref('int_observed_span') }}
),

segment_days as (
    select * from {{ ref('int_segment_days') }}
    where {{ in_observed_span('day') }} -- noqa: LT02
    {%- if var('as_of') %}
        and day <= toDate('{{ var("as_of") }}') -- noqa: LT02
    {%- endif %}
),

observed as (
    select
        min(segment_days.day) as first_day,
        max(segment_days.day) as last_day
    from segment_days
    having count() > 0
),

segments as (
    select distinct
        segment_type,
        segment
    from segment_days
),

days as (
    select
        observed.first_day + arrayJoin(range(dateDiff('day', observed.first_day, observed.last_day) + 1)) as day,
        observed.first_day as first_day
    from observed
),

-- nobody can tell whether the log holds the whole of its last day; as of that very day the caller says so
spine as (
    select
        days.day as day,
        segments.segment_type as segment_type,
        segments.segment as segment,
        days.day = days.first_day
        or (
            days.day = observed_span.last_date
            {%- if var('as_of') %} and days.day != toDate('{{ var("as_of") }}'){% endif %}
        ) as is_partial
    from days
    cross join segments
    cross join observed_span
),

dense as (
    select
        spine.day as day,
        spine.segment_type as segment_type,
        spine.segment as segment,
        spine.is_partial as is_partial,
        coalesce(segment_days.revenue, 0) as revenue,
        coalesce(segment_days.cart_value, 0) as cart_value,
        coalesce(segment_days.notebook_value, 0) as notebook_value,
        coalesce(segment_days.orders, 0) as orders,
        coalesce(segment_days.buyers, 0) as buyers,
        coalesce(segment_days.users, 0) as users,
        coalesce(segment_days.heavy_users, 0) as heavy_users,
        coalesce(segment_days.events, 0) as events,
        coalesce(segment_days.sessions, 0) as sessions
    from spine
    left join segment_days
        on spine.day = segment_days.day
            and spine.segment_type = segment_days.segment_type
            and spine.segment = segment_days.segment
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
