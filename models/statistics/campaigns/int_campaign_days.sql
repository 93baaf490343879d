{#
    Who is compared with whom, and on which days. History on both sides of a campaign is bounded, so that its cost
    does not grow with the log.
#}
{% set history_days = 400 %}

with

campaigns as (
    select
        campaign,
        starts_on,
        ends_on,
        splitByChar('|', cities) as treated_cities,
        splitByChar('|', categories) as promoted_categories,
        splitByChar('|', holdout_cities) as holdout_cities
    from {{ ref('int_campaigns') }}
),

order_lines as (
    select
        order_lines.order_date as order_date,
        order_lines.order_key as order_key,
        order_lines.category as category,
        order_lines.revenue as revenue,
        -- a city that a campaign names is never one of the others
        if(
            order_lines.city in (
                select arrayJoin(arrayConcat(campaigns.treated_cities, campaigns.holdout_cities)) from campaigns
            ),
            toString(order_lines.city),
            {{ largest_segment('city', 'order_lines') }}
        ) as city
    from {{ ref('int_order_lines') }} as order_lines
),

observed_days as (
    select date_day from {{ ref('dim_date') }}
    where is_observed
),

cities as (
    select distinct city from order_lines
    where city != '{{ var("unknown_label") }}'
),

roles as (
    select
        campaigns.campaign as campaign,
        campaigns.starts_on as starts_on,
        campaigns.ends_on as ends_on,
        campaigns.promoted_categories as promoted_categories,
        cities.city as city,
        has(campaigns.holdout_cities, cities.city) as is_held_out,
        not is_held_out
        and (has(campaigns.treated_cities, cities.city) or campaigns.treated_cities = ['']) as is_treated,
        campaigns.holdout_cities = [''] as has_no_holdout,
        campaigns.treated_cities = [''] and campaigns.holdout_cities = [''] as is_everywhere
    from campaigns
    cross join cities
),

-- where another campaign reaches a city of this one; a campaign that reaches every city alike cancels out
encounters as (
    select
        own.campaign as campaign,
        own.city as city,
        own.is_treated as is_treated,
        own.promoted_categories = [''] or other.promoted_categories = ['']
        or hasAny(own.promoted_categories, other.promoted_categories) as shares_categories,
        other.starts_on as reached_from,
        other.ends_on as reached_to
    from roles as own
    inner join roles as other on own.city = other.city
    where other.is_treated
        and not other.is_everywhere
        and other.campaign != own.campaign
        and other.starts_on <= own.ends_on
        and other.ends_on >= own.starts_on - {{ campaign_baseline_days() }}
),

-- such a city is no control, and such a day of a treated city tells nothing of what its goods usually sell
reached_days as (
    select distinct
        encounters.campaign as campaign,
        encounters.reached_from
        + arrayJoin(range(dateDiff('day', encounters.reached_from, encounters.reached_to) + 1)) as date_day
    from encounters
    where encounters.is_treated
        and encounters.shares_categories
),

participants as (
    select
        roles.campaign as campaign,
        roles.starts_on as starts_on,
        roles.ends_on as ends_on,
        roles.city as city,
        if(roles.is_treated, 'treated', 'control') as role
    from roles
    where roles.is_treated
        or (
            (roles.is_held_out or roles.has_no_holdout)
            and (roles.campaign, roles.city) not in (
                select
                    encounters.campaign,
                    encounters.city
                from encounters
            )
        )
),

sales as (
    select
        campaigns.campaign as campaign,
        order_lines.city as city,
        order_lines.order_date as event_date,
        sum(order_lines.revenue) as revenue,
        uniqExact(order_lines.order_key) as order_count
    from order_lines
    cross join campaigns
    where order_lines.order_date >= campaigns.starts_on - {{ history_days }}
        and order_lines.order_date <= campaigns.ends_on + {{ history_days }}
        and (campaigns.promoted_categories = [''] or has(campaigns.promoted_categories, order_lines.category))
    group by campaign, city, event_date
),

final as (
    select
        participants.campaign as campaign,
        participants.starts_on as starts_on,
        participants.ends_on as ends_on,
        participants.city as city,
        participants.role as role,
        observed_days.date_day as event_date,
        toBool((participants.campaign, observed_days.date_day) in (
            select
                reached_days.campaign,
                reached_days.date_day
            from reached_days
        )) as is_reached,
        coalesce(sales.revenue, toDecimal128(0, 6)) as revenue,
        toUInt32(coalesce(sales.order_count, 0)) as order_count
    from participants
    cross join observed_days
    left join sales
        on participants.campaign = sales.campaign
            and participants.city = sales.city
            and observed_days.date_day = sales.event_date
    where observed_days.date_day between participants.starts_on - {{ history_days }}
        and participants.ends_on + {{ history_days }}
)

select * from final
