with

months as (
    {{ months() }}
),

refunds as (
    select * from {{ ref('int_refunds') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

-- a refund is a line of its own day; its number is that of its event
order_lines as (
    select
        order_key,
        line_no,
        session_key,
        session_date,
        user_id,
        confirmed_at,
        order_date,
        category,
        product,
        city,
        gender,
        age,
        price,
        quantity,
        revenue,
        toDecimal64(0, 6) as refund_value,
        false as is_refund
    from {{ ref('int_order_lines') }}
    where toYYYYMM(session_date) in (select months.month from months)
    union all
    select
        order_key,
        event_no as line_no,
        session_key,
        session_date,
        user_id,
        refunded_at as confirmed_at,
        refund_date as order_date,
        category,
        product,
        city,
        gender,
        age,
        price,
        quantity,
        toDecimal64(0, 6) as revenue,
        refund_value,
        true as is_refund
    from refunds
),

norms as (
    select * from {{ ref('int_price_norms') }}
    where toYYYYMM(month) in (select months.month from months)
),

ages as (
    select * from {{ ref('int_ages') }}
),

final as (
    select
        order_lines.order_key as order_key,
        order_lines.line_no as line_no,
        order_lines.session_key as session_key,
        order_lines.session_date as session_date,
        order_lines.user_id as user_id,
        order_lines.confirmed_at as confirmed_at,
        order_lines.order_date as order_date,
        toBool(order_lines.is_refund) as is_refund,
        order_lines.category as category,
        order_lines.product as product,
        order_lines.city as city,
        order_lines.gender as gender,
        order_lines.age as age,
        {{ known('ages.age_group') }} as age_group,
        order_lines.price as price,
        order_lines.quantity as quantity,
        order_lines.revenue as revenue,
        order_lines.refund_value as refund_value,
        if(
            order_lines.price > 0 and not order_lines.is_refund,
            (log(order_lines.price) - norms.log_price_median) / nullIf(norms.log_price_deviation, 0),
            null
        ) as price_robust_z,
        if(
            order_lines.price > 0 and not order_lines.is_refund,
            (toFloat64(order_lines.price) - norms.value_mean) / nullIf(norms.value_deviation, 0),
            null
        ) as price_notebook_z,
        months.input_version as input_version
    from order_lines
    inner join months on toYYYYMM(order_lines.session_date) = months.month
    left join norms
        on order_lines.category = norms.category
            and toStartOfMonth(order_lines.session_date) = norms.month
    left join ages on order_lines.age = ages.age
)

select * from final
