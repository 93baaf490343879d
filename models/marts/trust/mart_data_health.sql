{% set everywhere = "'Все'" %}
{% set no_amount = "cast(null as Nullable(Decimal(38, 6)))" %}

with

parity as (
    select
        event_date,
        sum(raw_row_count) as raw_rows,
        sum(distinct_row_count) as distinct_rows,
        sum(event_count) as kept_rows,
        sum(key_event_count) as key_rows
    from {{ ref('mart_notebook_parity') }}
    group by event_date
),

rejected as (
    select
        event_date,
        count() as rejected_rows
    from {{ ref('stg_rejected_events') }}
    group by event_date
),

rows_by_day as (
    select
        event_date,
        toInt64(sum(counted.raw_rows)) as raw_rows,
        toInt64(sum(counted.distinct_rows)) as distinct_rows,
        toInt64(sum(counted.kept_rows)) as kept_rows,
        toInt64(sum(counted.key_rows)) as key_rows,
        toInt64(sum(counted.rejected_rows)) as rejected_rows
    from (
        select
            event_date,
            raw_rows,
            distinct_rows,
            kept_rows,
            key_rows,
            0 as rejected_rows
        from parity
        union all
        select
            event_date,
            0 as raw_rows,
            0 as distinct_rows,
            0 as kept_rows,
            0 as key_rows,
            rejected_rows
        from rejected
    ) as counted
    group by event_date
),

row_checks as (
    select
        event_date,
        arrayJoin([
            ('duplicate_rows', raw_rows - distinct_rows, raw_rows),
            ('conflicting_rows', distinct_rows - kept_rows, raw_rows),
            ('events_of_one_second', kept_rows - key_rows, kept_rows),
            ('rejected_rows', rejected_rows, raw_rows + rejected_rows)
        ]) as found
    from rows_by_day
),

orders_by_day as (
    select
        order_date as event_date,
        toInt64(count()) as order_count,
        toInt64(countIf(line_count = 0)) as lineless_count,
        toInt64(countIf(line_count > 0 and adjustment != 0)) as adjusted_count,
        sumIf(adjustment, line_count > 0) as adjusted_amount,
        sumIf(revenue, line_count = 0) as lineless_revenue
    from {{ ref('fct_orders') }}
    group by event_date
),

order_checks as (
    select
        event_date,
        arrayJoin([
            ('orders_without_lines', lineless_count, order_count, lineless_revenue),
            ('orders_unlike_their_lines', adjusted_count, order_count - lineless_count, adjusted_amount)
        ]) as found
    from orders_by_day
),

-- a confirmation that makes no order repeats the one before it, or has no checkout at all
confirmations_by_day as (
    select
        event_date,
        toInt64(count()) as confirmation_count,
        toInt64(countIf(outcome = 'unchecked')) as unchecked_count,
        sumIf(value, outcome = 'unchecked') as unchecked_value,
        toInt64(countIf(outcome = 'repeated')) as repeated_count,
        sumIf(value, outcome = 'repeated') as repeated_value
    from {{ ref('int_confirmations') }}
    group by event_date
),

confirmation_checks as (
    select
        event_date,
        arrayJoin([
            ('confirmations_without_checkout', unchecked_count, confirmation_count, unchecked_value),
            ('confirmations_reloaded', repeated_count, confirmation_count, repeated_value)
        ]) as found
    from confirmations_by_day
),

sessions as (
    select * from {{ ref('int_sessions') }}
),

places as (
    select * from {{ ref('cities') }}
),

-- only a session that lasts longer than the limit can hold a longer pause
long_sessions as (
    select session_key from sessions
    where dateDiff('second', session_started_at, session_ended_at) > {{ var('session_gap_hours') }} * 3600
),

pauses as (
    select
        session_key,
        dateDiff('second', lagInFrame(occurred_at, 1, occurred_at) over (
            partition by session_key order by event_no rows between 1 preceding and current row
        ), occurred_at) as seconds
    from {{ ref('int_events') }}
    where session_key in (select long_sessions.session_key from long_sessions)
),

paused_sessions as (
    select distinct session_key from pauses
    where seconds > {{ var('session_gap_hours') }} * 3600
),

session_checks as (
    select
        session_date as event_date,
        (
            'sessions_with_long_pause',
            toInt64(countIf(session_key in (select paused_sessions.session_key from paused_sessions))),
            toInt64(count())
        ) as found
    from sessions
    group by session_date
),

-- the clock on which the nights of all cities are quiet is the clock of the stamps
nights as (
    select
        event_date,
        city,
        toInt64(sum(sales.event_count)) as event_count,
        toInt64(sumIf(sales.event_count, toHour(event_hour) between 2 and 5)) as shop_night_count,
        toInt64(sumIf(sales.event_count, local_hour between 2 and 5)) as city_night_count
    from {{ ref('fct_sales') }} as sales
    where sales.event_count > 0
    group by event_date, city
),

night_checks as (
    select
        event_date,
        city,
        arrayJoin([
            ('night_events_on_shop_clock', shop_night_count, event_count),
            ('night_events_on_city_clock', city_night_count, event_count)
        ]) as found
    from nights
),

-- a city that the gazetteer lacks keeps its own spelling and has no place on the map
place_checks as (
    select
        event_date,
        (
            'events_of_unknown_place',
            sumIf(nights.event_count, nights.city not in (select places.city from places)),
            sum(nights.event_count)
        ) as found
    from nights
    where city != '{{ var("unknown_label") }}'
    group by event_date
),

-- days far from all others, as of a device with a wrong clock
stray_checks as (
    select
        days.event_date as event_date,
        (
            'rows_of_stray_days',
            toInt64(sumIf(
                days.row_count,
                days.event_date < logs.first_date or days.event_date > logs.last_date
            )),
            toInt64(sum(days.row_count))
        ) as found
    from {{ ref('stg_load_days') }} as days
    inner join {{ ref('int_logs') }} as logs on days.contract = logs.contract
    group by event_date
),

united as (
    select
        event_date,
        {{ everywhere }} as city,
        found.1 as check_name,
        found.2 as issue_count,
        found.3 as total_count,
        {{ no_amount }} as amount
    from row_checks
    union all
    select
        event_date,
        {{ everywhere }} as city,
        found.1 as check_name,
        found.2 as issue_count,
        found.3 as total_count,
        found.4 as amount
    from order_checks
    union all
    select
        event_date,
        {{ everywhere }} as city,
        found.1 as check_name,
        found.2 as issue_count,
        found.3 as total_count,
        found.4 as amount
    from confirmation_checks
    union all
    select
        event_date,
        {{ everywhere }} as city,
        found.1 as check_name,
        found.2 as issue_count,
        found.3 as total_count,
        {{ no_amount }} as amount
    from session_checks
    union all
    select
        event_date,
        {{ everywhere }} as city,
        found.1 as check_name,
        found.2 as issue_count,
        found.3 as total_count,
        {{ no_amount }} as amount
    from place_checks
    union all
    select
        event_date,
        {{ everywhere }} as city,
        found.1 as check_name,
        found.2 as issue_count,
        found.3 as total_count,
        {{ no_amount }} as amount
    from stray_checks
    union all
    select
        event_date,
        city,
        found.1 as check_name,
        found.2 as issue_count,
        found.3 as total_count,
        {{ no_amount }} as amount
    from night_checks
),

final as (
    select
        event_date,
        toLowCardinality(check_name) as check_name,
        toLowCardinality(cast(city as String)) as city,
        toUInt32(issue_count) as issue_count,
        toUInt32(total_count) as total_count,
        amount
    from united
)

select * from final
