{% set upstreams = [ref('int_purchase_events')] %}

with

months as (
    {{ month_versions(upstreams, 'session_date') }}
),

events as (
    select * from {{ ref('int_purchase_events') }}
    where order_key != ''
        and toYYYYMM(session_date) in (select months.month from months)
),

orders as (
    select
        events.order_key as order_key,
        events.session_key as session_key,
        events.user_id as user_id,
        events.session_date as session_date,
        anyIf(events.occurred_at, events.is_final_checkout) as checked_out_at,
        anyIf(events.occurred_at, events.is_order_confirmation) as confirmed_at,
        anyIf(events.event_date, events.is_order_confirmation) as order_date,
        toLowCardinality(anyIf(events.city, events.is_order_confirmation)) as city,
        toLowCardinality(anyIf(events.gender, events.is_order_confirmation)) as gender,
        anyIf(tuple(events.age), events.is_order_confirmation).1 as age,
        toUInt32(countIf(events.action = 'cart')) as line_count,
        sumIf(events.value, events.action = 'cart') as lines_value,
        anyIf(events.value, events.is_final_checkout) as checkout_value,
        anyIf(events.value, events.is_order_confirmation) as confirmation_value
    from events
    group by events.order_key, events.session_key, events.user_id, events.session_date
),

valued as (
    select
        orders.*,
        multiIf(
            orders.confirmation_value > 0, 'confirmation',
            orders.checkout_value > 0, 'checkout',
            'lines'
        ) as value_source
    from orders
),

final as (
    select
        valued.order_key as order_key,
        valued.session_key as session_key,
        valued.user_id as user_id,
        valued.session_date as session_date,
        valued.checked_out_at as checked_out_at,
        valued.confirmed_at as confirmed_at,
        valued.order_date as order_date,
        valued.city as city,
        valued.gender as gender,
        valued.age as age,
        valued.line_count as line_count,
        toDecimal64(valued.lines_value, 6) as lines_value,
        valued.checkout_value as checkout_value,
        valued.confirmation_value as confirmation_value,
        toLowCardinality(valued.value_source) as value_source,
        toDecimal64(multiIf(
            valued.value_source = 'confirmation', valued.confirmation_value,
            valued.value_source = 'checkout', valued.checkout_value,
            valued.lines_value
        ), 6) as order_value,
        months.input_version as input_version
    from valued
    inner join months on toYYYYMM(valued.session_date) = months.month
)

select * from final
