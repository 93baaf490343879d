with

campaigns as (
    select * from {{ ref('int_campaigns') }}
),

effects as (
    select * from {{ ref('int_campaign_effect') }}
),

kpis as (
    select arrayJoin(['revenue', 'orders']) as kpi
),

-- a campaign without any day in the log has no effect yet, and a row all the same
planned as (
    select
        campaigns.*,
        kpis.kpi as kpi
    from campaigns
    cross join kpis
),

final as (
    select
        toLowCardinality(cast(planned.campaign as String)) as campaign,
        planned.name as name,
        planned.starts_on as starts_on,
        planned.ends_on as ends_on,
        toLowCardinality(planned.kpi) as kpi,
        toLowCardinality(coalesce(effects.method, 'before and after')) as method,
        toLowCardinality(coalesce(effects.status, 'insufficient')) as status,
        toUInt16(coalesce(effects.treated_cities, 0)) as treated_city_count,
        toUInt16(coalesce(effects.control_cities, 0)) as control_city_count,
        toUInt16(coalesce(effects.measured_days, 0)) as measured_days,
        coalesce(effects.treated_total, 0) as treated_total,
        exp(effects.effect) - 1 as lift,
        exp(effects.lower) - 1 as lift_lower,
        exp(effects.upper) - 1 as lift_upper,
        effects.treated_total * (1 - exp(-effects.effect)) as incremental,
        effects.treated_total * (1 - exp(-effects.lower)) as incremental_lower,
        effects.treated_total * (1 - exp(-effects.upper)) as incremental_upper,
        effects.p_dates as p_placebo,
        effects.p_dates_smallest as p_placebo_smallest,
        effects.p_cities as p_placebo_cities,
        effects.p_cities_smallest as p_placebo_cities_smallest,
        planned.cost as cost
    from planned
    left join effects
        on planned.campaign = effects.campaign
            and planned.kpi = effects.kpi
)

select * from final
