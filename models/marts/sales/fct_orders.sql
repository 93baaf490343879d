with

orders as (
    select * from {{ ref('int_orders') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

refunds as (
    select
        order_key,
        sum(refund_value) as refund_value
    from {{ ref('int_refunds') }}
    where order_key != ''
    group by order_key
),

numbered as (
    select
        orders.*,
        row_number() over (
            partition by orders.user_id order by orders.confirmed_at, orders.order_key
        ) as order_no,
        lagInFrame(toNullable(orders.order_date)) over (
            partition by orders.user_id order by orders.confirmed_at, orders.order_key
            rows between unbounded preceding and current row
        ) as previous_order_date
    from orders
),

final as (
    select
        numbered.order_key as order_key,
        numbered.order_id as order_id,
        numbered.session_key as session_key,
        numbered.user_id as user_id,
        toUInt32(numbered.order_no) as order_no,
        toInt32(dateDiff('day', numbered.previous_order_date, numbered.order_date)) as days_since_prev,
        numbered.checked_out_at as checked_out_at,
        numbered.confirmed_at as confirmed_at,
        numbered.order_date as order_date,
        numbered.city as city,
        numbered.gender as gender,
        numbered.age as age,
        {{ known('ages.age_group') }} as age_group,
        numbered.line_count as line_count,
        numbered.quantity as quantity,
        numbered.lines_value as lines_value,
        numbered.checkout_value as checkout_value,
        numbered.confirmation_value as confirmation_value,
        numbered.value_source as value_source,
        numbered.order_value as revenue,
        toDecimal128(coalesce(refunds.refund_value, 0), 6) as refund_value,
        toDecimal64(numbered.order_value - numbered.lines_value, 6) as adjustment
    from numbered
    left join ages on numbered.age = ages.age
    left join refunds on numbered.order_key = refunds.order_key
)

select * from final
