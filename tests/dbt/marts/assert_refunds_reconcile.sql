-- Refunds of fct_sales and of the lines are those of the log, on every day; those that name an order are the orders'.
with

staged as (
    select
        event_date as refund_date,
        sum(value * quantity) as refund_value
    from {{ ref('stg_events') }}
    where action = 'refund'
    group by refund_date
),

lines as (
    select
        order_date as refund_date,
        sum(order_lines.refund_value) as refund_value
    from {{ ref('fct_order_lines') }} as order_lines
    where is_refund
    group by refund_date
),

sales as (
    select
        event_date as refund_date,
        sum(sales.refund_value) as refund_value
    from {{ ref('fct_sales') }} as sales
    group by refund_date
    having refund_value != 0
),

compared as (
    select
        refund_date,
        sum(sides.refund_value) as balance
    from (
        select * from staged
        union all
        select
            refund_date,
            refund_value * -2 as refund_value
        from lines
        union all
        select * from sales
    ) as sides
    group by refund_date
),

named_lines as (
    select sum(order_lines.refund_value) as refund_value
    from {{ ref('fct_order_lines') }} as order_lines
    where order_key != ''
),

orders as (
    select sum(orders.refund_value) as refund_value
    from {{ ref('fct_orders') }} as orders
)

select toString(refund_date) as fault
from compared
where balance != 0
union all
select 'orders' as fault
from named_lines
cross join orders
where named_lines.refund_value != orders.refund_value
