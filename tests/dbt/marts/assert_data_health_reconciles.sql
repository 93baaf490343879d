-- What was read and not ignored equals events + copies + conflicting rows + rejected rows; orders and
-- confirmations are all looked at.
with

health as (
    select
        sumIf(issue_count, check_name in ('duplicate_rows', 'conflicting_rows', 'rejected_rows')) as dropped_rows,
        sumIf(total_count, check_name = 'rejected_rows') as row_count,
        sumIf(total_count, check_name = 'orders_without_lines') as order_count,
        sumIf(total_count - issue_count, check_name = 'confirmations_without_checkout')
        - sumIf(issue_count, check_name = 'confirmations_reloaded') as confirmed_orders,
        sumIf(total_count, check_name = 'night_events_on_city_clock') as event_count
    from {{ ref('mart_data_health') }}
),

loads as (
    select sum(rows_read - rows_ignored) as row_count from {{ ref('stg_loads') }}
),

-- a purchase that the log itself calls one needs no confirmation
orders as (
    select
        count() as order_count,
        countIf(order_key not in (
            select purchases.order_key from {{ ref('int_purchase_lines') }} as purchases
        )) as confirmed_count
    from {{ ref('fct_orders') }}
),

staged as (
    select count() as event_count from {{ ref('stg_events') }}
)

select health.*
from health
cross join loads
cross join orders
cross join staged
where health.row_count != loads.row_count
    or health.row_count != staged.event_count + health.dropped_rows
    or health.order_count != orders.order_count
    or health.confirmed_orders != orders.confirmed_count
    or health.event_count != staged.event_count
