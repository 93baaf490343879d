-- Categories of fct_sales sum to the lines of each category, and all of them to the orders.
with

lines_by_category as (
    select
        category,
        sum(revenue) as revenue
    from {{ ref('fct_order_lines') }}
    group by category
),

sales_by_category as (
    select
        category,
        sum(revenue) as revenue
    from {{ ref('fct_sales') }}
    where is_order
    group by category
),

orders as (
    select
        'all' as category,
        sum(revenue) as revenue
    from {{ ref('fct_orders') }}
    having count() > 0
),

sales as (
    select
        'all' as category,
        sum(revenue) as revenue
    from {{ ref('fct_sales') }}
    where is_order
    having count() > 0
),

united as (
    select
        category,
        revenue
    from lines_by_category
    union all
    select
        category,
        revenue
    from sales_by_category
    union all
    select
        category,
        revenue
    from orders
    union all
    select
        category,
        revenue
    from sales
)

select
    category,
    groupArray(revenue) as found
from united
group by category
having count() != 2 or uniqExact(revenue) != 1
