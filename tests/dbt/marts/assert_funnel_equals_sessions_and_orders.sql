-- Without a filter the funnel's levels are those of whole sessions, as other models count them, on every day.
with

funnel as (
    select
        session_date,
        uniqExact(session_key) as visited,
        uniqExactIf(session_key, step_level >= 2) as carted,
        uniqExactIf(session_key, step_level >= 3) as checked_out,
        uniqExactIf(session_key, step_level >= 4) as ordered
    from {{ ref('fct_funnel') }}
    group by session_date
),

purchases as (
    select
        session_key,
        max(action = 'checkout') as has_checkout
    from {{ ref('int_purchase_events') }}
    where (action = 'checkout' and not is_repeated_checkout) or (action = 'cart' and not is_removed)
    group by session_key
),

ordering_sessions as (
    select
        session_key,
        session_date,
        session_key in (select orders.session_key from {{ ref('fct_orders') }} as orders) as has_order
    from {{ ref('fct_sessions') }}
),

sessions as (
    select
        sessions.session_date as session_date,
        count() as visited,
        countIf(isNotNull(purchases.has_checkout) or sessions.has_order) as carted,
        countIf(purchases.has_checkout or sessions.has_order) as checked_out,
        countIf(sessions.has_order) as ordered
    from ordering_sessions as sessions
    left join purchases on sessions.session_key = purchases.session_key
    group by sessions.session_date
),

united as (
    select
        session_date,
        visited,
        carted,
        checked_out,
        ordered
    from funnel
    union all
    select
        session_date,
        visited,
        carted,
        checked_out,
        ordered
    from sessions
)

select
    session_date,
    groupArray((visited, carted, checked_out, ordered)) as found
from united
group by session_date
having count() != 2 or uniqExact(visited, carted, checked_out, ordered) != 1
