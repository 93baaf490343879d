-- Each pair stands in both directions;
-- n counts every order of the month and n_a the orders that fct_sales sees in the category.
with

orders as (
    select
        toStartOfMonth(order_date) as month,
        count() as order_count
    from {{ ref('fct_orders') }}
    group by month
),

category_orders as (
    select
        toStartOfMonth(sales.event_date) as month,
        {{ largest_segment('category', 'sales') }} as category,
        uniqExact(sales.order_key) as order_count
    from {{ ref('fct_sales') }} as sales
    where sales.is_order
        and sales.category != '{{ var("unknown_label") }}'
    group by month, category
),

pairs as (
    select * from {{ ref('mart_basket_pairs') }}
)

select
    pairs.month as month,
    pairs.category_a as category_a,
    pairs.category_b as category_b
from pairs
left join pairs as mirrored
    on pairs.month = mirrored.month
        and pairs.category_a = mirrored.category_b
        and pairs.category_b = mirrored.category_a
left join orders on pairs.month = orders.month
left join category_orders
    on pairs.month = category_orders.month
        and pairs.category_a = category_orders.category
where coalesce(mirrored.n_ab != pairs.n_ab or mirrored.n_a != pairs.n_b, true)
    or coalesce(orders.order_count != pairs.n, true)
    or coalesce(category_orders.order_count, 0) != pairs.n_a
settings join_use_nulls = 1
