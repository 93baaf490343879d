-- Months of mart_products hold the pieces, revenue and refunds of fct_sales' products, by the start of the sessions.
with

sales as (
    select
        toStartOfMonth(session_date) as month,
        product,
        sum(sales.quantity) as quantity,
        sum(sales.revenue) as revenue,
        sum(sales.refund_value) as refund_value,
        uniqExactIf(order_key, is_order) as order_count,
        uniqExactIf(user_id, is_order) as buyer_count
    from {{ ref('fct_sales') }} as sales
    where product != '{{ var("unknown_label") }}'
    group by month, product
)

select
    sales.month as month,
    sales.product as product
from sales
left join {{ ref('mart_products') }} as products
    on sales.month = products.month
        and sales.product = products.product
where (sales.quantity > 0 or sales.refund_value > 0)
    and not coalesce(
        sales.quantity = products.quantity
        and sales.revenue = products.revenue
        and sales.refund_value = products.refund_value
        and sales.order_count = products.order_count
        and sales.buyer_count = products.buyer_count,
        false
    )
settings join_use_nulls = 1
