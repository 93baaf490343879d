with

months as (
    {{ months(also=margins_version()) }}
),

events as (
    select * from {{ ref('int_events') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

purchase_events as (
    select * from {{ ref('int_purchase_events') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

refunds as (
    select * from {{ ref('int_refunds') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

cities as (
    select * from {{ ref('dim_city') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

margins as (
    select * from {{ ref('int_category_margins') }}
),

browsing as (
    select
        session_key,
        user_id,
        session_date,
        '' as order_key,
        toStartOfHour(occurred_at) as event_hour,
        category,
        product,
        city,
        gender,
        age,
        1 as event_count,
        0 as cart_item_count,
        value as notebook_value,
        toDecimal64(0, 6) as cart_value,
        toDecimal64(0, 6) as checkout_value,
        toDecimal64(0, 6) as revenue,
        0 as quantity,
        toDecimal64(0, 6) as refund_value,
        0 as is_order
    from events
    where action not in ('cart', 'remove', 'checkout', 'confirmation', 'purchase', 'refund')
),

purchasing as (
    select
        session_key,
        user_id,
        session_date,
        order_key,
        toStartOfHour(occurred_at) as event_hour,
        category,
        product,
        city,
        gender,
        age,
        1 as event_count,
        action = 'cart' and not is_removed as cart_item_count,
        value as notebook_value,
        if(
            action = 'cart' and not is_removed, {{ amount('purchase_events') }}, toDecimal64(0, 6)
        ) as cart_value,
        if(is_final_checkout, value, toDecimal64(0, 6)) as checkout_value,
        toDecimal64(0, 6) as revenue,
        0 as quantity,
        toDecimal64(0, 6) as refund_value,
        0 as is_order
    from purchase_events
),

ordering as (
    select
        session_key,
        user_id,
        session_date,
        order_key,
        toStartOfHour(confirmed_at) as event_hour,
        category,
        product,
        city,
        gender,
        age,
        0 as event_count,
        0 as cart_item_count,
        toDecimal64(0, 6) as notebook_value,
        toDecimal64(0, 6) as cart_value,
        toDecimal64(0, 6) as checkout_value,
        revenue,
        quantity,
        toDecimal64(0, 6) as refund_value,
        1 as is_order
    from order_lines
),

refunding as (
    select
        session_key,
        user_id,
        session_date,
        order_key,
        toStartOfHour(refunded_at) as event_hour,
        category,
        product,
        city,
        gender,
        age,
        1 as event_count,
        0 as cart_item_count,
        price as notebook_value,
        toDecimal64(0, 6) as cart_value,
        toDecimal64(0, 6) as checkout_value,
        toDecimal64(0, 6) as revenue,
        0 as quantity,
        refund_value,
        0 as is_order
    from refunds
),

united as (
    select * from browsing
    union all
    select * from purchasing
    union all
    select * from ordering
    union all
    select * from refunding
),

-- a user's attributes are part of the grain: they may change within the hour
hourly as (
    select
        session_key,
        any(united.user_id) as user_id,
        any(united.session_date) as session_date,
        order_key,
        event_hour,
        category,
        product,
        city,
        gender,
        age,
        toUInt32(sum(united.event_count)) as event_count,
        toUInt32(sum(united.cart_item_count)) as cart_item_count,
        sum(united.notebook_value) as notebook_value,
        sum(united.cart_value) as cart_value,
        sum(united.checkout_value) as checkout_value,
        sum(united.revenue) as revenue,
        toUInt64(sum(united.quantity)) as quantity,
        sum(united.refund_value) as refund_value,
        toBool(max(united.is_order)) as is_order
    from united
    group by session_key, order_key, event_hour, category, product, city, gender, age
),

final as (
    select
        {{ surrogate_key([
            'hourly.session_key', 'hourly.event_hour', 'hourly.category', 'hourly.order_key',
            'hourly.product', 'hourly.city', 'hourly.gender', 'ifNull(hourly.age, 255)',
        ]) }} as sales_key,
        toDate(hourly.event_hour) as event_date,
        hourly.event_hour as event_hour,
        {{ on_city_clock('toDate', 'hourly.event_hour', 'cities.utc_offset_hours') }} as local_date,
        {{ on_city_clock('toHour', 'hourly.event_hour', 'cities.utc_offset_hours') }} as local_hour,
        hourly.session_key as session_key,
        hourly.session_date as session_date,
        hourly.user_id as user_id,
        {{ surrogate_key(['hourly.user_id']) }} as user_key,
        hourly.order_key as order_key,
        hourly.category as category,
        hourly.product as product,
        hourly.city as city,
        toLowCardinality(cities.geopoint) as geopoint,
        hourly.gender as gender,
        hourly.age as age,
        {{ known('ages.age_group') }} as age_group,
        hourly.event_count as event_count,
        hourly.cart_item_count as cart_item_count,
        toDecimal64(hourly.notebook_value, 6) as notebook_value,
        toDecimal64(hourly.cart_value, 6) as cart_value,
        toDecimal64(hourly.checkout_value, 6) as checkout_value,
        toDecimal64(hourly.revenue, 6) as revenue,
        hourly.quantity as quantity,
        toDecimal64(hourly.refund_value, 6) as refund_value,
        hourly.is_order as is_order,
        margins.margin as margin,
        months.input_version as input_version
    from hourly
    inner join months on toYYYYMM(hourly.session_date) = months.month
    left join cities on hourly.city = cities.city
    left join ages on hourly.age = ages.age
    left join margins on hourly.category = margins.category
)

select * from final
