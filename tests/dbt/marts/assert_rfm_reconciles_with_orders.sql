-- Each snapshot holds the revenue of its 365 days and every user known by then, stray days apart.
with

snapshots as (
    select
        snapshot_date,
        sum(m) as revenue,
        countIf(f > 0) as buyer_count,
        count() as user_count
    from {{ ref('mart_rfm_snapshot') }}
    group by snapshot_date
),

dates as (
    select distinct snapshot_date from snapshots
),

orders as (
    select
        dates.snapshot_date as snapshot_date,
        sum(orders.revenue) as revenue,
        uniqExact(orders.user_id) as buyer_count
    from dates
    cross join {{ ref('fct_orders') }} as orders
    where orders.order_date between dates.snapshot_date - 364 and dates.snapshot_date
        and {{ in_observed_span('orders.order_date') }}
    group by dates.snapshot_date
),

first_days as (
    select
        user_id,
        min(event_date) as first_seen_date
    from {{ ref('int_user_days') }}
    where {{ in_observed_span('event_date') }}
    group by user_id
),

users as (
    select
        dates.snapshot_date as snapshot_date,
        count() as user_count
    from dates
    cross join first_days as users
    where users.first_seen_date <= dates.snapshot_date
    group by dates.snapshot_date
)

select
    snapshots.*,
    orders.revenue as orders_revenue,
    orders.buyer_count as orders_buyer_count,
    users.user_count as known_user_count
from snapshots
left join orders on snapshots.snapshot_date = orders.snapshot_date
left join users on snapshots.snapshot_date = users.snapshot_date
where snapshots.revenue != coalesce(orders.revenue, 0)
    or snapshots.buyer_count != coalesce(orders.buyer_count, 0)
    or snapshots.user_count != coalesce(users.user_count, 0)
