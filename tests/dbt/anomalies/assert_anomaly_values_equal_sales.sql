-- the whole shop's revenue of every day up to as_of, counted from the fact
with

sold as (
    select
        event_date as day,
        toFloat64(sum(revenue)) as revenue
    from {{ ref('fct_sales') }}
    group by event_date
),

scored as (
    select
        day,
        value
    from {{ ref('mart_anomalies') }}
    where metric = 'revenue' and segment_type = 'all'
)

select
    scored.day as day,
    scored.value as value,
    sold.revenue as revenue
from scored
left join sold on scored.day = sold.day
where abs(scored.value - coalesce(sold.revenue, 0)) > 1e-6 * (1 + scored.value)
    or scored.value is null
