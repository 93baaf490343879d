{#
    Arrays per user instead of a join of days with offsets: both sides of that join would be
    some hundred rows a user.
#}
with

user_days as (
    select * from {{ ref('int_user_days') }}
    where {{ in_observed_span('event_date') }}
),

sessions as (
    select * from {{ ref('int_sessions') }}
    where {{ in_observed_span('session_date') }}
),

orders as (
    select * from {{ ref('int_orders') }}
    where {{ in_observed_span('order_date') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

observed as (
    select * from {{ ref('int_observed_span') }}
),

activity as (
    select
        user_id,
        groupArray(event_date) as active_dates
    from user_days
    group by user_id
),

purchases as (
    select
        user_id,
        groupArray(order_date) as order_dates,
        groupArray(order_value) as order_values
    from orders
    group by user_id
),

first_visits as (
    select
        sessions.user_id as user_id,
        'first_visit' as entry,
        min(sessions.session_date) as entry_date,
        argMin(
            tuple(sessions.city, sessions.gender, sessions.age),
            tuple(sessions.session_started_at, sessions.session_key)
        ) as attributes,
        true as is_left_censored
    from sessions
    group by sessions.user_id
),

first_orders as (
    select
        orders.user_id as user_id,
        'first_order' as entry,
        min(orders.order_date) as entry_date,
        argMin(
            tuple(orders.city, orders.gender, orders.age),
            tuple(orders.confirmed_at, orders.order_key)
        ) as attributes,
        min(orders.order_date) < any(observed.first_date) + 90 as is_left_censored
    from orders
    cross join observed
    group by orders.user_id
),

entries as (
    select * from first_visits
    union all
    select * from first_orders
),

periods as (
    select
        arrayJoin([('D', 90), ('W', 52), ('M', 36)]) as capped,
        capped.1 as period,
        capped.2 as last_offset
),

cohorts as (
    select
        entries.user_id as user_id,
        entries.entry as entry,
        entries.entry_date as entry_date,
        entries.attributes as attributes,
        entries.is_left_censored as is_left_censored,
        periods.period as period,
        {{ period_start('periods.period', 'entries.entry_date') }} as cohort,
        -- only periods that the log covers to their end are observable
        range(least(
            periods.last_offset + 1,
            {{ periods_between('periods.period', 'cohort', 'observed.last_date + 1') }}
        )) as offsets
    from entries
    cross join periods
    cross join observed
),

histories as (
    select
        cohorts.user_id as user_id,
        cohorts.entry as entry,
        cohorts.entry_date as entry_date,
        cohorts.attributes as attributes,
        cohorts.is_left_censored as is_left_censored,
        cohorts.period as period,
        cohorts.cohort as cohort,
        cohorts.offsets as offsets,
        activity.active_dates as active_dates,
        purchases.order_dates as order_dates,
        purchases.order_values as order_values
    from cohorts
    inner join activity on cohorts.user_id = activity.user_id
    left join purchases on cohorts.user_id = purchases.user_id
),

-- the offset of every active day and of every order
measured as (
    select
        histories.*,
        arrayMap(
            active_date -> {{ periods_between('period', 'cohort', 'active_date') }},
            arrayFilter(active_date -> active_date >= cohort, active_dates)
        ) as active_offsets,
        arrayMap(
            order_date -> {{ periods_between('period', 'cohort', 'order_date') }},
            order_dates
        ) as order_offsets
    from histories
),

-- short arrays: the next step holds a copy of them for each offset
shortened as (
    select
        measured.*,
        arrayMax(arrayPushBack(active_offsets, -1)) as last_active_offset,
        arrayMax(arrayPushBack(order_offsets, -1)) as last_order_offset,
        arrayDistinct(arrayFilter(offset -> offset < length(offsets), active_offsets)) as seen_active_offsets,
        arrayFilter(offset -> offset < length(offsets), order_offsets) as seen_order_offsets,
        arrayFilter(
            (order_value, offset) -> offset < length(offsets), order_values, order_offsets
        ) as seen_order_values
    from measured
),

followed as (
    select
        user_id,
        entry,
        entry_date,
        attributes,
        is_left_censored,
        period,
        cohort,
        arrayJoin(arrayMap(
            offset -> tuple(
                offset,
                has(seen_active_offsets, offset),
                last_active_offset >= offset,
                has(seen_order_offsets, offset),
                last_order_offset >= offset,
                arraySum(
                    (order_value, order_offset) -> if(order_offset <= offset, order_value, toDecimal64(0, 6)),
                    seen_order_values, seen_order_offsets
                )
            ),
            offsets
        )) as measures
    from shortened
),

final as (
    select
        followed.user_id as user_id,
        toLowCardinality(followed.period) as period,
        toLowCardinality(followed.entry) as entry,
        followed.cohort as cohort,
        followed.entry_date as entry_date,
        toUInt8(followed.measures.1) as offset,
        toLowCardinality(followed.attributes.1) as city,
        toLowCardinality(followed.attributes.2) as gender,
        followed.attributes.3 as age,
        {{ known('ages.age_group') }} as age_group,
        toBool(followed.is_left_censored) as is_left_censored,
        toUInt8(followed.measures.2) as is_active,
        toUInt8(followed.measures.3) as is_active_later,
        toUInt8(followed.measures.4) as is_buying,
        toUInt8(followed.measures.5) as is_buying_later,
        toDecimal64(followed.measures.6, 6) as cum_revenue
    from followed
    left join ages on followed.attributes.3 = ages.age
)

select * from final
