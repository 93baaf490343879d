with

users as (
    select * from {{ ref('dim_user') }}
),

user_days as (
    select * from {{ ref('int_user_days') }}
    where {{ in_observed_span('event_date') }}
),

orders as (
    select * from {{ ref('int_orders') }}
    where {{ in_observed_span('order_date') }}
),

thresholds as (
    select * from {{ ref('rfm_thresholds') }}
),

segments as (
    select * from {{ ref('rfm_segments') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

observed as (
    select * from {{ ref('int_observed_span') }}
),

-- the attributes that a user had at each month-end, carried over months without a visit
snapshots as (
    select
        users.user_id as user_id,
        greatest(users.first_seen_date, observed.first_date) as first_date,
        toLastDayOfMonth(addMonths(first_date, arrayJoin(
            range(dateDiff('month', first_date, observed.last_date) + 1)
        ))) as snapshot_date,
        toBool(snapshot_date - 364 >= observed.first_date) as is_full_window
    from users
    cross join observed
    where snapshot_date <= observed.last_date
),

month_attributes as (
    select
        user_days.user_id as user_id,
        toLastDayOfMonth(user_days.event_date) as known_from,
        argMax(tuple(user_days.city, user_days.gender, user_days.age), user_days.event_date) as attributes
    from user_days
    group by user_days.user_id, toLastDayOfMonth(user_days.event_date)
),

described as (
    select
        snapshots.user_id as user_id,
        snapshots.snapshot_date as snapshot_date,
        snapshots.is_full_window as is_full_window,
        month_attributes.attributes as attributes
    from snapshots
    asof join month_attributes
        on snapshots.user_id = month_attributes.user_id
            and snapshots.snapshot_date >= month_attributes.known_from
),

-- an order counts at the month-ends of the 365 days that begin with its own
windowed as (
    select
        orders.user_id as user_id,
        toLastDayOfMonth(addMonths(toStartOfMonth(orders.order_date), arrayJoin(range(13)))) as snapshot_date,
        orders.order_date as order_date,
        orders.order_value as order_value
    from orders
    where snapshot_date <= orders.order_date + 364
),

measured as (
    select
        windowed.user_id as user_id,
        windowed.snapshot_date as snapshot_date,
        dateDiff('day', max(windowed.order_date), windowed.snapshot_date) as r,
        uniqExact(windowed.order_date) as f,
        sum(windowed.order_value) as m
    from windowed
    group by windowed.user_id, windowed.snapshot_date
),

scored as (
    select
        described.*,
        measured.r as r,
        coalesce(measured.f, 0) as f,
        coalesce(measured.m, 0) as m,
        if(isNull(measured.f), 0, {{ rfm_score('r', 'measured.r') }}) as r_score,
        if(isNull(measured.f), 0, {{ rfm_score('f', 'measured.f') }}) as f_score,
        if(isNull(measured.f), 0, {{ rfm_score('m', 'measured.m') }}) as m_score
    from described
    left join measured
        on described.user_id = measured.user_id
            and described.snapshot_date = measured.snapshot_date
),

codes as (
    select
        segments.segment as segment,
        arrayJoin(range(segments.r_from, segments.r_to + 1)) as r_score,
        arrayJoin(range(segments.f_from, segments.f_to + 1)) as f_score,
        arrayJoin(range(segments.m_from, segments.m_to + 1)) as m_score
    from segments
),

segmented as (
    select
        scored.*,
        codes.segment as segment
    from scored
    inner join codes
        on scored.r_score = codes.r_score
            and scored.f_score = codes.f_score
            and scored.m_score = codes.m_score
),

final as (
    select
        segmented.user_id as user_id,
        segmented.snapshot_date as snapshot_date,
        segmented.is_full_window as is_full_window,
        toLowCardinality(segmented.attributes.1) as city,
        toLowCardinality(segmented.attributes.2) as gender,
        segmented.attributes.3 as age,
        {{ known('ages.age_group') }} as age_group,
        toInt32(segmented.r) as r,
        toUInt32(segmented.f) as f,
        toDecimal128(segmented.m, 6) as m,
        toUInt8(segmented.r_score) as r_score,
        toUInt8(segmented.f_score) as f_score,
        toUInt8(segmented.m_score) as m_score,
        toLowCardinality(concat(
            toString(segmented.r_score), toString(segmented.f_score), toString(segmented.m_score)
        )) as code,
        toLowCardinality(segmented.segment) as segment,
        {{ known('lagInFrame(toNullable(toString(segmented.segment))) over (
            partition by segmented.user_id order by segmented.snapshot_date
            rows between unbounded preceding and current row
        )') }} as previous_segment
    from segmented
    left join ages on segmented.attributes.3 = ages.age
)

select * from final
