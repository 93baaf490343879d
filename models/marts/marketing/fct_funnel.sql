with

months as (
    {{ months(also=missing_steps_version()) }}
),

actions as (
    select * from {{ ref('actions') }}
    where action not in ('remove', 'refund')
),

logs as (
    select * from {{ ref('int_logs') }}
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
        session_key,
        category,
        action in (
            select actions.action from actions
            where actions.funnel_level = 1
        ) as step_level,
        cast(null as Nullable(DateTime('{{ var("shop_timezone") }}'))) as confirmed_at
    from events
    where action in (
            select actions.action from actions
            where actions.funnel_level < 2
        )
        and (step_level = 1 or category != '{{ var("unknown_label") }}')
),

attempts as (
    select
        session_key,
        attempt_no,
        minIf(event_no, action = 'cart' and not is_removed) as first_cart_no,
        maxIf(event_no, is_final_checkout) as last_checkout_no
    from purchase_events
    group by session_key, attempt_no
    having last_checkout_no > 0
),

-- a checkout takes along the cart rows before it in its attempt; what is removed again was looked at
carting as (
    select
        carts.session_key as session_key,
        carts.category as category,
        multiIf(
            carts.is_removed, 1,
            coalesce(carts.event_no < attempts.last_checkout_no, false), 3,
            2
        ) as step_level,
        null as confirmed_at
    from purchase_events as carts
    left join attempts
        on carts.session_key = attempts.session_key
            and carts.attempt_no = attempts.attempt_no
    where carts.action = 'cart'
),

-- without cart rows nothing but its own category tells what a checkout is for
checking_out as (
    select
        checkouts.session_key as session_key,
        checkouts.category as category,
        3 as step_level,
        null as confirmed_at
    from purchase_events as checkouts
    inner join attempts
        on checkouts.session_key = attempts.session_key
            and checkouts.attempt_no = attempts.attempt_no
    where checkouts.action = 'checkout'
        and not checkouts.is_repeated_checkout
        and (attempts.first_cart_no = 0 or checkouts.event_no < attempts.first_cart_no)
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

-- a step that the log never tells is taken together with the next one
steps as (
    select
        session_key,
        occurred_at,
        action in ('confirmation', 'purchase') as is_ordered,
        action = 'checkout' or (is_ordered and {{ log_lacks('contract', 'has_checkout') }}) as is_checked_out,
        action = 'cart' or (is_checked_out and {{ log_lacks('contract', 'has_cart') }}) as is_carted,
        action in (
            select actions.action from actions
            where actions.funnel_level = 1
        )
        or (is_carted and {{ log_lacks('contract', 'has_browsing') }}) as is_browsed
    from events
),

-- the default mode accepts steps that share a second; 'strict_increase' would lose them
sequences as (
    select
        steps.session_key as session_key,
        windowFunnel(86400)(
            steps.occurred_at, steps.is_browsed, steps.is_carted, steps.is_checked_out, steps.is_ordered
        ) as ordered_level
    from steps
    group by steps.session_key
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
