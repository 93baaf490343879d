-- Users of all variants and excluded users are the users assigned by the planned end, each once.
with

counted as (
    select
        experiment,
        sum(user_count) + max(excluded_user_count) as user_count
    from {{ ref('mart_experiment_readout') }}
    where metric = 'buyer_share'
    group by experiment
),

assigned as (
    select
        cast(experiment as String) as experiment,
        count() as user_count
    from {{ ref('int_experiment_users') }}
    group by experiment
)

select
    counted.experiment as experiment,
    counted.user_count as found,
    assigned.user_count as expected
from counted
left join assigned on counted.experiment = assigned.experiment
where counted.user_count != coalesce(assigned.user_count, 0)
settings join_use_nulls = 1
