with

changes as (
    select * from {{ ref('int_user_attributes') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

-- of several states within one second the last one counts
states as (
    select
        changes.user_id as user_id,
        changes.occurred_at as occurred_at,
        argMax(
            tuple(changes.city, changes.gender, changes.age),
            tuple(changes.action_rank, changes.row_index)
        ) as attributes
    from changes
    group by changes.user_id, changes.occurred_at
),

compared as (
    select
        states.*,
        row_number() over user_life as state_no,
        lagInFrame(states.attributes) over user_life as previous_attributes
    from states
    window user_life as (
        partition by states.user_id order by states.occurred_at
        rows between unbounded preceding and current row
    )
),

versions as (
    select * from compared
    where state_no = 1
        or not isNotDistinctFrom(attributes, previous_attributes)
),

closed as (
    select
        versions.*,
        leadInFrame(toNullable(versions.occurred_at)) over (
            partition by versions.user_id order by versions.occurred_at
            rows between current row and unbounded following
        ) as valid_to
    from versions
),

final as (
    select
        closed.user_id as user_id,
        closed.occurred_at as valid_from,
        closed.valid_to as valid_to,
        toBool(isNull(closed.valid_to)) as is_current,
        toLowCardinality(closed.attributes.1) as city,
        toLowCardinality(closed.attributes.2) as gender,
        closed.attributes.3 as age,
        {{ known('ages.age_group') }} as age_group
    from closed
    left join ages on closed.attributes.3 = ages.age
)

select * from final
