with

months as (
    {{ months() }}
),

events as (
    select * from {{ ref('int_events') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

sessions as (
    select * from {{ ref('int_sessions') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

actions as (
    select * from {{ ref('actions') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

-- the first eleven actions of a session, four bits each, in one number
paths as (
    select
        events.session_key as session_key,
        sum(bitShiftLeft(toUInt64(events.action_rank), 4 * (events.event_no - 1))) as path
    from events
    where events.event_no <= 11
    group by events.session_key
),

counted_paths as (
    select
        toStartOfMonth(sessions.session_date) as month,
        sessions.gender as gender,
        sessions.age as age,
        paths.path as path,
        count() as n
    from paths
    inner join sessions on paths.session_key = sessions.session_key
    group by toStartOfMonth(sessions.session_date), sessions.gender, sessions.age, paths.path
),

-- ten edges at most; an action that is missing, 0, is the exit
edges as (
    select
        counted_paths.*,
        arrayJoin(range(1, 11)) as step,
        bitAnd(bitShiftRight(counted_paths.path, 4 * (step - 1)), 15) as from_rank,
        bitAnd(bitShiftRight(counted_paths.path, 4 * step), 15) as to_rank
    from counted_paths
    where from_rank > 0
),

counted as (
    select
        month,
        gender,
        age,
        step,
        from_rank,
        to_rank,
        sum(n) as session_count
    from edges
    group by month, gender, age, step, from_rank, to_rank
),

final as (
    select
        counted.month as month,
        counted.gender as gender,
        {{ known('ages.age_group') }} as age_group,
        toUInt8(counted.step) as step,
        toLowCardinality(origins.action) as from_action,
        toLowCardinality(coalesce(targets.action, 'exit')) as to_action,
        toUInt64(sum(counted.session_count)) as n,
        any(months.input_version) as input_version
    from counted
    inner join months on toYYYYMM(counted.month) = months.month
    inner join actions as origins on counted.from_rank = origins.action_rank
    left join actions as targets on counted.to_rank = targets.action_rank
    left join ages on counted.age = ages.age
    group by month, gender, age_group, step, from_action, to_action
)

select * from final
