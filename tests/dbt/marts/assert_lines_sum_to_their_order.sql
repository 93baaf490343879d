-- The allocation loses nothing: the lines of each order sum to its value exactly.
select
    orders.order_key as order_key,
    any(orders.revenue) as order_revenue,
    sum(order_lines.revenue) as lines_revenue
from {{ ref('fct_orders') }} as orders
left join {{ ref('fct_order_lines') }} as order_lines on orders.order_key = order_lines.order_key
group by orders.order_key
having not coalesce(order_revenue = lines_revenue, false)
