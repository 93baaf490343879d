{#
    Arrays per user instead of a join of days with offsets: both sides of that join would be
    some hundred rows a user.
#}
with

user_days as (
    select * from {{ ref('int_user_days') }}
),

sessions as (
    select * from {{ ref('int_sessions') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

observed as (
    select
        min(event_date) as first_date,
        max(event_date) as last_date
    from user_days
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
        periods.last_offset as last_offset,
        {{ period_start('periods.period', 'entries.entry_date') }} as cohort
    from entries
    cross join periods
),

-- rows exist only for periods that the log covers to their end
observable as (
    select
        cohorts.*,
        arrayJoin(range(cohorts.last_offset + 1)) as offset,
        {{ period_shift('cohorts.period', 'cohorts.cohort', 'offset') }} as starts_on,
        {{ period_shift('cohorts.period', 'cohorts.cohort', 'offset + 1') }} as ends_before
    from cohorts
    cross join observed
    where ends_before <= observed.last_date + 1
),

final as (
    select
        observable.user_id as user_id,
        toLowCardinality(observable.period) as period,
        toLowCardinality(observable.entry) as entry,
        observable.cohort as cohort,
        observable.entry_date as entry_date,
        toUInt8(observable.offset) as offset,
        toLowCardinality(observable.attributes.1) as city,
        toLowCardinality(observable.attributes.2) as gender,
        observable.attributes.3 as age,
        {{ known('ages.age_group') }} as age_group,
        toBool(observable.is_left_censored) as is_left_censored,
        toUInt8(arrayExists(
            active_date -> active_date >= observable.starts_on and active_date < observable.ends_before,
            activity.active_dates
        )) as is_active,
        toUInt8(arrayExists(active_date -> active_date >= observable.starts_on, activity.active_dates)) as is_active_later,
        toUInt8(arrayExists(
            order_date -> order_date >= observable.starts_on and order_date < observable.ends_before,
            purchases.order_dates
        )) as is_buying,
        toUInt8(arrayExists(order_date -> order_date >= observable.starts_on, purchases.order_dates)) as is_buying_later,
        toDecimal64(arraySum(arrayMap(
            (order_date, order_value) -> if(
                order_date >= observable.entry_date and order_date < observable.ends_before,
                order_value, toDecimal64(0, 6)
            ),
            purchases.order_dates, purchases.order_values
        )), 6) as cum_revenue
    from observable
    inner join activity on observable.user_id = activity.user_id
    left join purchases on observable.user_id = purchases.user_id
    left join ages on observable.attributes.3 = ages.age
)

select * from final
