with

user_days as (
    select * from {{ ref('int_user_days') }}
    where {{ in_observed_span('event_date') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

observed as (
    select * from {{ ref('int_observed_span') }}
),

user_months as (
    select
        user_days.user_id as user_id,
        toStartOfMonth(user_days.event_date) as month,
        argMax(tuple(user_days.city, user_days.gender, user_days.age), user_days.event_date) as attributes,
        min(user_days.event_date) as first_active_date
    from user_days
    group by user_days.user_id, toStartOfMonth(user_days.event_date)
),

neighbours as (
    select
        user_months.*,
        lagInFrame(toNullable(user_months.month)) over user_life as previous_month,
        leadInFrame(toNullable(user_months.month)) over user_life as next_month
    from user_months
    window user_life as (
        partition by user_months.user_id order by user_months.month
        rows between unbounded preceding and unbounded following
    )
),

-- nobody can tell a new user from an old one while the log is young
active as (
    select
        neighbours.user_id as user_id,
        neighbours.month as month,
        neighbours.attributes as attributes,
        multiIf(
            neighbours.previous_month = addMonths(neighbours.month, -1), 'returning',
            isNotNull(neighbours.previous_month), 'resurrecting',
            neighbours.first_active_date < observed.first_date + 30, 'unknown',
            'new'
        ) as state
    from neighbours
    cross join observed
),

-- the first month without the user, once it is over
dormant as (
    select
        neighbours.user_id as user_id,
        addMonths(neighbours.month, 1) as month,
        neighbours.attributes as attributes,
        'dormant' as state
    from neighbours
    cross join observed
    where not coalesce(neighbours.next_month = addMonths(neighbours.month, 1), false)
        and toLastDayOfMonth(addMonths(neighbours.month, 1)) <= observed.last_date
),

united as (
    select * from active
    union all
    select * from dormant
),

final as (
    select
        united.user_id as user_id,
        united.month as month,
        toBool(
            united.month < observed.first_date or toLastDayOfMonth(united.month) > observed.last_date
        ) as is_partial_month,
        toLowCardinality(united.attributes.1) as city,
        toLowCardinality(united.attributes.2) as gender,
        united.attributes.3 as age,
        {{ known('ages.age_group') }} as age_group,
        toLowCardinality(united.state) as state
    from united
    cross join observed
    left join ages on united.attributes.3 = ages.age
)

select * from final
