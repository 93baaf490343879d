{#
    A refund names an order of some weeks ago: of this month or one of the three before it. Only orders with an id can be named,
    so the months of other logs do not depend on each other through refunds.
#}
{% set months_back = 3 %}

with

months as (
    {{ months_of(refund_versions(ref('int_events'), ref('int_orders'), months_back)) }}
),

refunds as (
    select * from {{ ref('int_events') }}
    where action = 'refund'
        and toYYYYMM(session_date) in (select months.month from months)
),

orders as (
    select * from {{ ref('int_orders') }}
    where order_id != ''
        and toYYYYMM(session_date) in (select arrayJoin({{ months_before('months.month', months_back) }}) from months)
),

-- by months read, so that a month does not see orders further back when others are built with it
named as (
    select
        refunds.session_key as session_key,
        refunds.event_no as event_no,
        argMax(orders.order_key, (orders.confirmed_at, orders.order_key)) as order_key
    from refunds
    inner join orders
        on refunds.user_id = orders.user_id
            and refunds.order_id = orders.order_id
    where orders.confirmed_at <= refunds.occurred_at
        and dateDiff('month', orders.session_date, refunds.session_date) between 0 and {{ months_back }}
    group by refunds.session_key, refunds.event_no
),

final as (
    select
        refunds.session_key as session_key,
        refunds.event_no as event_no,
        refunds.user_id as user_id,
        refunds.session_date as session_date,
        coalesce(named.order_key, '') as order_key,
        refunds.occurred_at as refunded_at,
        refunds.event_date as refund_date,
        refunds.category as category,
        refunds.product as product,
        refunds.value as price,
        refunds.quantity as quantity,
        {{ amount('refunds') }} as refund_value,
        refunds.city as city,
        refunds.gender as gender,
        refunds.age as age,
        months.input_version as input_version
    from refunds
    inner join months on toYYYYMM(refunds.session_date) = months.month
    left join named
        on refunds.session_key = named.session_key
            and refunds.event_no = named.event_no
)

select * from final
