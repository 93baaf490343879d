with

months as (
    {{ months() }}
),

events as (
    select * from {{ ref('int_purchase_events') }}
    where order_key != ''
        and toYYYYMM(session_date) in (select months.month from months)
),

confirmations as (
    select * from {{ ref('int_confirmations') }}
    where outcome = 'order'
        and toYYYYMM(session_date) in (select months.month from months)
),

carts as (
    select
        order_key,
        count() as line_count,
        sum(quantity) as quantity,
        sum(amount) as lines_value
    from {{ ref('int_order_carts') }}
    where toYYYYMM(session_date) in (select months.month from months)
    group by order_key
),

confirmed as (
    select
        events.order_key as order_key,
        events.order_id as order_id,
        events.session_key as session_key,
        events.user_id as user_id,
        events.session_date as session_date,
        confirmations.checked_out_at as checked_out_at,
        events.occurred_at as confirmed_at,
        events.event_date as order_date,
        events.city as city,
        events.gender as gender,
        events.age as age,
        coalesce(carts.line_count, 0) as line_count,
        coalesce(carts.quantity, 0) as quantity,
        coalesce(carts.lines_value, 0) as lines_value,
        confirmations.checkout_value as checkout_value,
        events.value as confirmation_value
    from events
    inner join confirmations
        on events.session_key = confirmations.session_key
            and events.event_no = confirmations.event_no
    left join carts on events.order_key = carts.order_key
    where events.is_order_confirmation
),

-- lines that the log itself calls a purchase; the order stands where its last line does
purchases as (
    select
        events.*,
        {{ amount('events') }} as amount,
        (occurred_at, session_key, event_no) as place
    from events
    where action = 'purchase'
),

checkouts as (
    select
        order_key,
        max(occurred_at) as checked_out_at,
        argMax(value, occurred_at) as checkout_value
    from events
    where is_final_checkout
    group by order_key
),

purchased as (
    select
        purchases.order_key as order_key,
        any(purchases.order_id) as order_id,
        argMax(purchases.session_key, purchases.place) as session_key,
        any(purchases.user_id) as user_id,
        argMax(purchases.session_date, purchases.place) as session_date,
        any(checkouts.checked_out_at) as checked_out_at,
        max(purchases.occurred_at) as confirmed_at,
        argMax(purchases.event_date, purchases.place) as order_date,
        argMax(purchases.city, purchases.place) as city,
        argMax(purchases.gender, purchases.place) as gender,
        argMax(tuple(purchases.age), purchases.place).1 as age,
        count() as line_count,
        sum(purchases.quantity) as quantity,
        sum(purchases.amount) as lines_value,
        any(checkouts.checkout_value) as checkout_value,
        toDecimal64(0, 6) as confirmation_value
    from purchases
    left join checkouts on purchases.order_key = checkouts.order_key
    group by purchases.order_key
),

-- a checkout of 0 is a coupon and no gap; without a checkout nothing but the lines is left
valued as (
    select
        confirmed.*,
        multiIf(
            confirmed.confirmation_value > 0, 'confirmation',
            isNotNull(confirmed.checkout_value), 'checkout',
            'lines'
        ) as value_source
    from confirmed
    union all
    select
        purchased.*,
        'lines' as value_source
    from purchased
),

final as (
    select
        valued.order_key as order_key,
        valued.order_id as order_id,
        valued.session_key as session_key,
        valued.user_id as user_id,
        valued.session_date as session_date,
        valued.checked_out_at as checked_out_at,
        valued.confirmed_at as confirmed_at,
        valued.order_date as order_date,
        toLowCardinality(valued.city) as city,
        toLowCardinality(valued.gender) as gender,
        valued.age as age,
        toUInt32(valued.line_count) as line_count,
        toUInt64(valued.quantity) as quantity,
        toDecimal64(valued.lines_value, 6) as lines_value,
        valued.checkout_value as checkout_value,
        valued.confirmation_value as confirmation_value,
        toLowCardinality(valued.value_source) as value_source,
        toDecimal64(multiIf(
            valued.value_source = 'confirmation', valued.confirmation_value,
            valued.value_source = 'checkout', coalesce(valued.checkout_value, 0),
            valued.lines_value
        ), 6) as order_value,
        months.input_version as input_version
    from valued
    inner join months on toYYYYMM(valued.session_date) = months.month
)

select * from final
