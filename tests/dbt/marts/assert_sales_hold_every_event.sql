-- fct_sales counts every staged event, every session and all of its money once, in each city.
with

removed as (
    select
        city,
        sum(value * quantity) as cart_value
    from {{ ref('int_purchase_events') }}
    where is_removed
    group by city
),

staged as (
    select
        events.city as city,
        count() as event_count,
        uniqExact(events.session_key) as session_count,
        uniqExact(events.user_id) as user_count,
        sum(events.value) as notebook_value,
        sumIf(events.value * events.quantity, events.action = 'cart')
        - coalesce(any(removed.cart_value), toDecimal128(0, 6)) as cart_value
    from {{ ref('stg_events') }} as events
    left join removed on events.city = removed.city
    group by events.city
),

sales as (
    select
        city,
        sum(sales.event_count) as event_count,
        uniqExactIf(session_key, sales.event_count > 0) as session_count,
        uniqExactIf(user_id, sales.event_count > 0) as user_count,
        sum(sales.notebook_value) as notebook_value,
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
    groupArray((event_count, session_count, user_count, notebook_value, cart_value)) as found
from united
group by city
having count() != 2 or uniqExact(event_count, session_count, user_count, notebook_value, cart_value) != 1
settings join_use_nulls = 1
