-- fct_sales counts every staged event, every session and all of its money once, in each city.
with

staged as (
    select
        city,
        count() as event_count,
        uniqExact(session_key) as session_count,
        uniqExact(user_id) as user_count,
        sum(value) as seed_value,
        sumIf(value, action = 'cart') as cart_value
    from {{ ref('stg_events') }}
    group by city
),

sales as (
    select
        city,
        sum(sales.event_count) as event_count,
        uniqExactIf(session_key, sales.event_count > 0) as session_count,
        uniqExactIf(user_id, sales.event_count > 0) as user_count,
        sum(sales.seed_value) as seed_value,
        sum(sales.cart_value) as cart_value
    from {{ ref('fct_sales') }} as sales
    group by city
),

united as (
    select * from staged
    union all
    select * from sales
)

select
    city,
    groupArray((event_count, session_count, user_count, seed_value, cart_value)) as found
from united
group by city
having count() != 2 or uniqExact(event_count, session_count, user_count, seed_value, cart_value) != 1
