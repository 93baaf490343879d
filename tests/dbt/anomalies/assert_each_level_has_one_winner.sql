-- of the single methods, beside the weighted mean of all, which the forecast is
with

levels as (
    select
        level,
        countIf(is_winner and candidate != 'weighted') as winners,
        countIf(candidate = 'weighted' and not is_winner) as means
    from {{ ref('mart_forecast_accuracy') }}
    group by level
)

select levels.level as level
from levels
left join {{ ref('mart_revenue_forecast') }} as forecasts on levels.level = forecasts.level
where levels.winners != 1 or levels.means != 1 or forecasts.candidate != 'weighted'
group by levels.level
