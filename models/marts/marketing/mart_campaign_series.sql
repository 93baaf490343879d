with

campaign_days as (
    select * from {{ ref('int_campaign_days') }}
),

daily as (
    select
        days.campaign as campaign,
        days.role as city_group,
        days.event_date as event_date,
        days.starts_on as starts_on,
        days.ends_on as ends_on,
        days.is_reached as is_reached,
        sum(days.revenue) as revenue,
        sum(days.order_count) as order_count
    from campaign_days as days
    where days.event_date between days.starts_on - {{ campaign_baseline_days() }} and days.ends_on + 28
    group by campaign, city_group, event_date, starts_on, ends_on, is_reached
),

baselines as (
    select
        campaign,
        city_group,
        toDayOfWeek(event_date) as weekday,
        avg(revenue) as baseline_revenue
    from daily
    where event_date < starts_on
        and not is_reached
    group by campaign, city_group, weekday
),

final as (
    select
        toLowCardinality(cast(daily.campaign as String)) as campaign,
        toLowCardinality(daily.city_group) as city_group,
        daily.event_date as event_date,
        toInt32(daily.event_date - daily.starts_on) as rel_day,
        toBool(daily.event_date between daily.starts_on and daily.ends_on) as is_campaign_day,
        daily.revenue as revenue,
        daily.order_count as order_count,
        coalesce(baselines.baseline_revenue, 0) as baseline_revenue
    from daily
    left join baselines
        on daily.campaign = baselines.campaign
            and daily.city_group = baselines.city_group
            and toDayOfWeek(daily.event_date) = baselines.weekday
)

select * from final
