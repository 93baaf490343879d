-- The treated cities' campaign days of the series sum to what the effect was measured on, and each city and day of a
-- campaign in all categories to fct_sales.
with

series as (
    select
        campaign,
        sum(revenue) as revenue
    from {{ ref('mart_campaign_series') }}
    where city_group = 'treated'
        and is_campaign_day
    group by campaign
),

effects as (
    select
        campaign,
        treated_total
    from {{ ref('mart_campaign_effect') }}
    where kpi = 'revenue'
        and measured_days > 0
),

days as (
    select
        int_campaign_days.city as city,
        int_campaign_days.event_date as event_date,
        max(int_campaign_days.revenue) as revenue
    from {{ ref('int_campaign_days') }} as int_campaign_days
    inner join {{ ref('int_campaigns') }} as campaigns on int_campaign_days.campaign = campaigns.campaign
    where campaigns.categories = ''
    group by city, event_date
),

sales as (
    select
        city,
        event_date,
        sum(revenue) as revenue
    from {{ ref('fct_sales') }}
    group by city, event_date
)

select
    cast(series.campaign as String) as campaign_or_city,
    toFloat64(series.revenue) as found,
    effects.treated_total as expected
from effects
left join series on effects.campaign = series.campaign
where abs(coalesce(found, 0) - expected) > 0.01
union all
select
    cast(days.city as String) as campaign_or_city,
    toFloat64(days.revenue) as found,
    toFloat64(coalesce(sales.revenue, 0)) as expected
from days
left join sales
    on days.city = sales.city
        and days.event_date = sales.event_date
where days.revenue != coalesce(sales.revenue, 0)
settings join_use_nulls = 1
