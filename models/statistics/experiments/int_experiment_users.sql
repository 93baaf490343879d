with

-- a shop with many users reads its splitter's own table here
assignments as (
    select * from {{ ref('int_experiment_assignments') }}
),

variants as (
    select * from {{ ref('int_experiments') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

experiments as (
    select
        experiment,
        any(starts_on) as starts_on,
        any(ends_on) as ends_on,
        groupArray(variant) as planned_variants
    from variants
    group by experiment
),

-- intent to treat: everyone assigned by the planned end, from the first contact on
users as (
    select
        experiments.experiment as experiment,
        assignments.user_id as user_id,
        min(assignments.variant) as variant,
        uniqExact(assignments.variant) > 1 or not has(any(experiments.planned_variants), variant) as is_excluded,
        greatest(min(assignments.assigned_on), any(experiments.starts_on)) as counted_from,
        any(experiments.ends_on) as counted_to
    from assignments
    inner join experiments on assignments.experiment = experiments.experiment
    where assignments.assigned_on <= experiments.ends_on
    group by experiment, user_id
),

-- before: as many days as the experiment is planned to last for the user
outcomes as (
    select
        users.experiment as experiment,
        users.user_id as user_id,
        sumIf(orders.order_value, orders.order_date between users.counted_from and users.counted_to) as revenue,
        countIf(orders.order_date between users.counted_from and users.counted_to) as order_count,
        sumIf(
            orders.order_value,
            orders.order_date < users.counted_from
            and orders.order_date >= users.counted_from - (users.counted_to - users.counted_from) - 1
        ) as revenue_before
    from users
    inner join orders on users.user_id = orders.user_id
    group by experiment, user_id
),

final as (
    select
        cast(users.experiment as String) as experiment,
        users.user_id as user_id,
        cast(users.variant as String) as variant,
        toBool(users.is_excluded) as is_excluded,
        users.counted_from as counted_from,
        users.counted_to as counted_to,
        coalesce(outcomes.revenue, toDecimal128(0, 6)) as revenue,
        toUInt32(coalesce(outcomes.order_count, 0)) as order_count,
        coalesce(outcomes.revenue_before, toDecimal128(0, 6)) as revenue_before
    from users
    left join outcomes
        on users.experiment = outcomes.experiment
            and users.user_id = outcomes.user_id
)

select * from final
