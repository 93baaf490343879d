{#
    The observed span: days that stand more than 90 days apart from the bulk of a log and hold less than a thousandth of its
    rows are stray, as from a device with a wrong clock.
#}
{% set stray_gap_days = 90 %}
{% set stray_share = 0.001 %}

with

load_days as (
    select * from {{ ref('stg_load_days') }}
),

days as (
    select
        contract,
        event_date,
        sum(load_days.row_count) as row_count
    from load_days
    group by contract, event_date
),

pauses as (
    select
        days.*,
        event_date - lagInFrame(event_date, 1, event_date) over (
            partition by contract order by event_date rows between 1 preceding and current row
        ) > {{ stray_gap_days }} as follows_gap
    from days
),

stretched as (
    select
        pauses.*,
        sum(follows_gap) over (
            partition by contract order by event_date rows between unbounded preceding and current row
        ) as stretch_no
    from pauses
),

stretches as (
    select
        contract,
        min(event_date) as first_date,
        max(event_date) as last_date,
        sum(stretched.row_count) as row_count
    from stretched
    group by contract, stretch_no
),

shares as (
    select
        stretches.*,
        row_count >= {{ stray_share }} * sum(row_count) over (partition by contract)
        or row_count = max(row_count) over (partition by contract) as is_observed
    from stretches
),

spans as (
    select
        contract,
        minIf(shares.first_date, is_observed) as first_date,
        maxIf(shares.last_date, is_observed) as last_date
    from shares
    group by contract
),

contents as (
    select
        contract,
        toLowCardinality(any(cast(currency as String))) as currency,
        sum(load_days.row_count) as row_count,
        groupUniqArrayArray(actions) as actions,
        sum(session_rows) > 0 as has_sessions,
        sum(order_id_rows) > 0 as has_order_id,
        sum(product_rows) > 0 as has_product,
        sum(category_rows) > 0 as has_category,
        sum(city_rows) > 0 as has_city,
        sum(gender_rows) > 0 as has_gender,
        sum(age_rows) > 0 as has_age
    from load_days
    group by contract
),

final as (
    select
        toLowCardinality(contents.contract) as contract,
        contents.currency as currency,
        spans.first_date as first_date,
        spans.last_date as last_date,
        contents.row_count as row_count,
        toBool(contents.has_sessions) as has_sessions,
        toBool(contents.has_order_id) as has_order_id,
        toBool(contents.has_product) as has_product,
        toBool(contents.has_category) as has_category,
        toBool(contents.has_city) as has_city,
        toBool(contents.has_gender) as has_gender,
        toBool(contents.has_age) as has_age,
        toBool(hasAny(contents.actions, ['category', 'search', 'product'])) as has_browsing,
        toBool(has(contents.actions, 'product')) as has_product_views,
        toBool(has(contents.actions, 'cart')) as has_cart,
        toBool(has(contents.actions, 'remove')) as has_remove,
        toBool(has(contents.actions, 'checkout')) as has_checkout,
        toBool(has(contents.actions, 'confirmation')) as has_confirmation,
        toBool(has(contents.actions, 'purchase')) as has_purchase,
        toBool(has(contents.actions, 'refund')) as has_refund
    from contents
    inner join spans on contents.contract = spans.contract
)

select * from final
