with

months as (
    {{ months() }}
),

orders as (
    select * from {{ ref('int_orders') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

goods as (
    select
        order_key,
        (carted_at, cart_session_key, event_no) as place,
        category,
        product,
        price,
        quantity,
        amount
    from {{ ref('int_order_carts') }}
    where toYYYYMM(session_date) in (select months.month from months)
    union all
    select
        purchases.order_key as order_key,
        (purchases.occurred_at, purchases.session_key, purchases.event_no) as place,
        purchases.category as category,
        purchases.product as product,
        purchases.value as price,
        purchases.quantity as quantity,
        {{ amount('purchases') }} as amount
    from {{ ref('int_purchase_events') }} as purchases
    where purchases.action = 'purchase'
        and toYYYYMM(purchases.session_date) in (select months.month from months)
),

-- an order without any goods keeps its whole value on one line of unknown category
lines as (
    select
        orders.order_key as order_key,
        orders.session_key as session_key,
        orders.user_id as user_id,
        orders.session_date as session_date,
        orders.confirmed_at as confirmed_at,
        orders.order_date as order_date,
        orders.city as city,
        orders.gender as gender,
        orders.age as age,
        orders.order_value as order_value,
        orders.lines_value as lines_value,
        {{ known('goods.category') }} as category,
        {{ known('goods.product') }} as product,
        coalesce(goods.price, toDecimal64(0, 6)) as price,
        coalesce(goods.quantity, 0) as quantity,
        coalesce(goods.amount, toDecimal64(0, 6)) as amount,
        goods.place as place
    from orders
    left join goods on orders.order_key = goods.order_key
),

numbered as (
    select
        lines.*,
        row_number() over (partition by lines.order_key order by lines.place) as line_no,
        row_number() over (
            partition by lines.order_key order by lines.amount desc, lines.place asc
        ) as price_rank
    from lines
),

-- the order's value in proportion to the goods' amounts, cut to the scale of money
shared as (
    select
        numbered.*,
        multiIf(
            numbered.lines_value = numbered.order_value, numbered.amount,
            numbered.lines_value > 0, toDecimal64(
                toFloat64(numbered.order_value) * toFloat64(numbered.amount) / toFloat64(numbered.lines_value), 6
            ),
            toDecimal64(0, 6)
        ) as line_share
    from numbered
),

-- what the cut leaves over goes to the dearest line, so that lines sum to their order exactly
allocated as (
    select
        shared.*,
        shared.order_value - sum(shared.line_share) over (partition by shared.order_key) as residue
    from shared
),

final as (
    select
        allocated.order_key as order_key,
        toUInt32(allocated.line_no) as line_no,
        allocated.session_key as session_key,
        allocated.user_id as user_id,
        allocated.session_date as session_date,
        allocated.confirmed_at as confirmed_at,
        allocated.order_date as order_date,
        allocated.city as city,
        allocated.gender as gender,
        allocated.age as age,
        allocated.category as category,
        allocated.product as product,
        allocated.price as price,
        toUInt32(allocated.quantity) as quantity,
        toDecimal64(allocated.line_share + if(allocated.price_rank = 1, allocated.residue, 0), 6) as revenue,
        months.input_version as input_version
    from allocated
    inner join months on toYYYYMM(allocated.session_date) = months.month
)

select * from final
