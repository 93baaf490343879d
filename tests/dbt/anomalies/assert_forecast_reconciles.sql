-- exact in kopecks: categories and cities sum to the whole shop, and every segment has all 92 days
with

levels as (
    select
        origin_date,
        date,
        level,
        sum(p50) as p50
    from {{ ref('mart_revenue_forecast') }}
    group by origin_date, date, level
),

days as (
    select
        origin_date,
        date,
        uniqExact(p50) as sum_count,
        count() as level_count
    from levels
    group by origin_date, date
    having sum_count != 1 or level_count != 3
),

segments as (
    select
        origin_date,
        level,
        segment,
        uniqExact(horizon) as day_count
    from {{ ref('mart_revenue_forecast') }}
    group by origin_date, level, segment
    having day_count != 92
)

select toString(date) as fault from days
union all
select segment as fault from segments
