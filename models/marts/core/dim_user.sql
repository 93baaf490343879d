with

user_days as (
    select * from {{ ref('int_user_days') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

users as (
    select
        user_days.user_id as user_id,
        argMax(tuple(user_days.city, user_days.gender, user_days.age), user_days.event_date) as attributes,
        min(user_days.event_date) as first_seen_date,
        max(user_days.event_date) as last_seen_date
    from user_days
    group by user_days.user_id
),

buyers as (
    select
        user_id,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        count() as order_count,
        sum(order_value) as revenue
    from orders
    group by user_id
),

final as (
    select
        users.user_id as user_id,
        toLowCardinality(users.attributes.1) as city,
        toLowCardinality(users.attributes.2) as gender,
        users.attributes.3 as age,
        {{ known('ages.age_group') }} as age_group,
        users.first_seen_date as first_seen_date,
        users.last_seen_date as last_seen_date,
        buyers.first_order_date as first_order_date,
        buyers.last_order_date as last_order_date,
        toUInt32(coalesce(buyers.order_count, 0)) as order_count,
        toDecimal128(coalesce(buyers.revenue, 0), 6) as revenue
    from users
    left join buyers on users.user_id = buyers.user_id
    left join ages on users.attributes.3 = ages.age
)

select * from final
