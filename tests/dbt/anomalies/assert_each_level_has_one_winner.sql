-- and the current forecast uses it
with

levels as (
    select
        level,
        countIf(is_winner) as winners,
        anyIf(candidate, is_winner) as winner
    from {{ ref('mart_forecast_accuracy') }}
    group by level
)

select levels.level as level
from levels
left join {{ ref('mart_revenue_forecast') }} as forecasts on levels.level = forecasts.level
where levels.winners != 1 or forecasts.candidate != levels.winner
group by levels.level
