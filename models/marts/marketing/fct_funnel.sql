{% set upstreams = [ref('int_sessions'), ref('int_events'), ref('int_purchase_events'), ref('int_order_lines')] %}

with

months as (
    {{ month_versions(upstreams, 'session_date') }}
),

actions as (
    select * from {{ ref('actions') }}
),

events as (
    select * from {{ ref('int_events') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

purchase_events as (
    select * from {{ ref('int_purchase_events') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

sessions as (
    select * from {{ ref('int_sessions') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

ages as (
    select * from {{ ref('int_ages') }}
),

-- the home page shows no category, so it touches none unless the log says so
browsing as (
    select
        events.session_key as session_key,
        events.category as category,
        actions.funnel_level as step_level,
        cast(null as Nullable(DateTime('{{ var("shop_timezone") }}'))) as confirmed_at
    from events
    inner join actions on events.action = actions.action
    where actions.funnel_level < 2
        and (actions.funnel_level = 1 or events.category != '{{ var("unknown_label") }}')
),

-- a checkout takes along the cart rows before it in its attempt
checkouts as (
    select
        purchase_events.*,
        maxIf(purchase_events.event_no, purchase_events.action = 'checkout') over attempt as last_checkout_no,
        countIf(purchase_events.action = 'cart') over (attempt order by purchase_events.event_no) as carts_so_far
    from purchase_events
    window attempt as (partition by purchase_events.session_key, purchase_events.attempt_no)
),

carting as (
    select
        session_key,
        category,
        if(event_no < last_checkout_no, 3, 2) as step_level,
        null as confirmed_at
    from checkouts
    where action = 'cart'
),

-- without cart rows nothing but its own category tells what a checkout is for
checking_out as (
    select
        session_key,
        category,
        3 as step_level,
        null as confirmed_at
    from checkouts
    where action = 'checkout'
        and carts_so_far = 0
),

confirming as (
    select
        session_key,
        category,
        4 as step_level,
        confirmed_at
    from order_lines
),

touches as (
    select * from browsing
    union all
    select * from carting
    union all
    select * from checking_out
    union all
    select * from confirming
),

reached as (
    select
        touches.session_key as session_key,
        touches.category as category,
        max(touches.step_level) as step_level,
        min(touches.confirmed_at) as first_confirmed_at
    from touches
    group by touches.session_key, touches.category
),

-- the default mode accepts steps that share a second; 'strict_increase' would lose them
sequences as (
    select
        events.session_key as session_key,
        windowFunnel(86400)(
            events.occurred_at,
            actions.funnel_level = 1,
            events.action = 'cart',
            events.action = 'checkout',
            events.action = 'confirmation'
        ) as ordered_level
    from events
    inner join actions on events.action = actions.action
    group by events.session_key
),

final as (
    select
        sessions.session_key as session_key,
        sessions.user_id as user_id,
        sessions.session_started_at as session_started_at,
        sessions.session_date as session_date,
        toStartOfMonth(sessions.session_date) as month,
        toStartOfWeek(sessions.session_date, 1) as week_start,
        toBool(
            toStartOfMonth(toStartOfWeek(sessions.session_date, 1))
            != toStartOfMonth(toStartOfWeek(sessions.session_date, 1) + 6)
        ) as is_partial_week,
        {{ known('reached.category') }} as category,
        sessions.city as city,
        sessions.gender as gender,
        sessions.age as age,
        {{ known('ages.age_group') }} as age_group,
        toUInt8(coalesce(reached.step_level, 0)) as step_level,
        toUInt8(sequences.ordered_level) as ordered_level,
        toInt64(dateDiff('second', sessions.session_started_at, reached.first_confirmed_at)) as seconds_to_order,
        months.input_version as input_version
    from sessions
    inner join months on toYYYYMM(sessions.session_date) = months.month
    inner join sequences on sessions.session_key = sequences.session_key
    left join reached on sessions.session_key = reached.session_key
    left join ages on sessions.age = ages.age
)

select * from final
