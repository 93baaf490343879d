-- Revenue of the 30 days from a user's first order on is the same from the orders' side.
with

offsets as (
    select
        user_id,
        cum_revenue as revenue
    from {{ ref('fct_user_offsets') }}
    where period = 'D' and entry = 'first_order' and offset = 30
),

observed_orders as (
    select * from {{ ref('fct_orders') }}
    where {{ in_observed_span('order_date') }}
),

buyers as (
    select
        user_id,
        min(order_date) as first_order_date
    from observed_orders
    group by user_id
),

orders as (
    select
        orders.user_id as user_id,
        sumIf(orders.revenue, orders.order_date <= buyers.first_order_date + 30) as revenue
    from observed_orders as orders
    inner join buyers on orders.user_id = buyers.user_id
    group by orders.user_id
)

select
    offsets.user_id as user_id,
    offsets.revenue as offsets_revenue,
    orders.revenue as orders_revenue
from offsets
left join orders on offsets.user_id = orders.user_id
where not coalesce(offsets.revenue = orders.revenue, false)
