-- Lines = orders = fct_sales on every day, to the last digit.
with

lines_by_day as (
    select
        order_date,
        sum(revenue) as revenue,
        uniqExact(order_key) as order_count
    from {{ ref('fct_order_lines') }}
    where not is_refund
    group by order_date
),

orders_by_day as (
    select
        order_date,
        sum(revenue) as revenue,
        count() as order_count
    from {{ ref('fct_orders') }}
    group by order_date
),

sales_by_day as (
    select
        event_date as order_date,
        sum(revenue) as revenue,
        uniqExactIf(order_key, is_order) as order_count
    from {{ ref('fct_sales') }}
    group by order_date
    having order_count > 0 or revenue != 0
),

united as (
    select
        *,
        'lines' as side
    from lines_by_day
    union all
    select
        *,
        'orders' as side
    from orders_by_day
    union all
    select
        *,
        'sales' as side
    from sales_by_day
)

select
    order_date,
    groupArray((side, revenue, order_count)) as found
from united
group by order_date
having count() != 3 or uniqExact(revenue, order_count) != 1
