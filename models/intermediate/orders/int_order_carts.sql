{#
    A cart row is first of all of its own session's order. What a session leaves behind goes to the user's next order that has
    no cart rows of its own, in a session of the same month or the next ones that the recovery window reaches.
#}
{% set months_back = recovery_months() %}

with

months as (
    {{ months(months_back=months_back) }}
),

events as (
    select * from {{ ref('int_purchase_events') }}
    where (action = 'cart' or is_order_confirmation)
        and not is_removed
        and toYYYYMM(session_date) in (
            select arrayJoin({{ months_before('months.month', months_back) }}) from months
        )
),

orders as (
    select
        order_key,
        session_key,
        user_id,
        session_date,
        toYYYYMM(session_date) as month,
        occurred_at
    from events
    where is_order_confirmation
),

own_carts as (
    select
        orders.order_key as order_key,
        orders.session_key as order_session_key,
        orders.session_date as order_session_date,
        events.session_key as session_key,
        events.event_no as event_no
    from events
    inner join orders on events.order_key = orders.order_key
    where events.action = 'cart'
        and orders.month in (select months.month from months)
),

lineless_orders as (
    select * from orders
    where order_key not in (
            select events.order_key from events
            where events.action = 'cart'
        )
),

left_behind as (
    select
        session_key,
        user_id,
        event_no,
        occurred_at,
        arrayJoin(range({{ months_back + 1 }})) as months_later,
        toYYYYMM(addMonths(session_date, months_later)) as month
    from events
    where action = 'cart'
        and order_key = ''
        and user_id in (select lineless_orders.user_id from lineless_orders)
),

taken_carts as (
    select
        lineless_orders.order_key as order_key,
        lineless_orders.session_key as order_session_key,
        lineless_orders.session_date as order_session_date,
        left_behind.session_key as session_key,
        left_behind.event_no as event_no,
        lineless_orders.month as month,
        row_number() over (
            partition by left_behind.session_key, left_behind.event_no order by left_behind.months_later
        ) as claim_no
    from left_behind
    asof join lineless_orders
        on left_behind.user_id = lineless_orders.user_id
            and left_behind.month = lineless_orders.month
            and left_behind.occurred_at <= lineless_orders.occurred_at
    where lineless_orders.occurred_at <= left_behind.occurred_at + toIntervalDay({{ var('cart_recovery_days') }})
),

united as (
    select
        *,
        false as is_recovered
    from own_carts
    union all
    select
        order_key,
        order_session_key,
        order_session_date,
        session_key,
        event_no,
        true as is_recovered
    from taken_carts
    where claim_no = 1
        and month in (select months.month from months)
),

final as (
    select
        united.order_key as order_key,
        united.order_session_date as session_date,
        events.session_key as cart_session_key,
        events.event_no as event_no,
        events.occurred_at as carted_at,
        events.category as category,
        events.product as product,
        events.value as price,
        events.quantity as quantity,
        {{ amount('events') }} as amount,
        toBool(united.is_recovered) as is_recovered,
        months.input_version as input_version
    from united
    inner join months on toYYYYMM(united.order_session_date) = months.month
    inner join events
        on united.session_key = events.session_key
            and united.event_no = events.event_no
)

select * from final
