{% set upstreams = [ref('int_order_lines'), ref('int_price_norms')] %}

with

months as (
    {{ month_versions(upstreams, 'session_date') }}
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

norms as (
    select * from {{ ref('int_price_norms') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

ages as (
    select * from {{ ref('int_ages') }}
),

final as (
    select
        order_lines.order_key as order_key,
        order_lines.line_no as line_no,
        order_lines.session_key as session_key,
        order_lines.session_date as session_date,
        order_lines.user_id as user_id,
        order_lines.confirmed_at as confirmed_at,
        order_lines.order_date as order_date,
        order_lines.category as category,
        order_lines.city as city,
        order_lines.gender as gender,
        order_lines.age as age,
        {{ known('ages.age_group') }} as age_group,
        order_lines.price as price,
        order_lines.revenue as revenue,
        -- 0.6745 makes the median absolute deviation a standard deviation for normal data
        if(
            order_lines.price > 0,
            0.6745 * (log(order_lines.price) - norms.log_price_median) / nullIf(norms.log_price_mad, 0),
            null
        ) as price_robust_z,
        if(
            order_lines.price > 0,
            (toFloat64(order_lines.price) - norms.value_mean) / nullIf(norms.value_deviation, 0),
            null
        ) as price_seed_z,
        months.input_version as input_version
    from order_lines
    inner join months on toYYYYMM(order_lines.session_date) = months.month
    left join norms
        on order_lines.category = norms.category
            and toStartOfMonth(order_lines.session_date) = norms.session_date
    left join ages on order_lines.age = ages.age
)

select * from final
