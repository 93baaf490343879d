-- By city, carted and ordered values are those of fct_sales' cart rows; a session's own bridge is a constraint.
with

sessions as (
    select
        city,
        sum(carted) as carted_value,
        sum(ordered) as ordered_value
    from {{ ref('fct_sessions') }}
    group by city
),

sales as (
    select
        session_key,
        sum(cart_value) as carted_value,
        sumIf(cart_value, order_key != '') as ordered_value
    from {{ ref('fct_sales') }}
    group by session_key
),

expected as (
    select
        sessions.city as city,
        sum(sales.carted_value) as carted_value,
        sum(sales.ordered_value) as ordered_value
    from {{ ref('int_sessions') }} as sessions
    inner join sales on sessions.session_key = sales.session_key
    group by sessions.city
),

united as (
    select * from sessions
    union all
    select * from expected
)

select toString(city) as failure
from united
group by city
having count() != 2 or uniqExact(carted_value, ordered_value) != 1
