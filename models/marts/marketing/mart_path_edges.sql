{% set versions = upstream_versions([ref('int_events'), ref('int_sessions')], 'session_date') %}

with

months as (
    {{ versions }}
    {%- if is_incremental() %}
    having {{ in_months('month', stale_months(versions, 'month')) }}
    {%- endif %}
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

-- the first eleven actions, of which ten edges start or ten and the exit
paths as (
    select
        events.session_key as session_key,
        arraySort(groupArray((events.event_no, events.action_rank))) as path
    from events
    where events.event_no <= 11
    group by events.session_key
),

edges as (
    select
        paths.session_key as session_key,
        arrayJoin(range(1, least(length(paths.path), 10) + 1)) as step,
        paths.path[step].2 as from_rank,
        paths.path[step + 1].2 as to_rank
    from paths
),

counted as (
    select
        sessions.session_date as session_date,
        sessions.gender as gender,
        sessions.age as age,
        edges.step as step,
        edges.from_rank as from_rank,
        edges.to_rank as to_rank,
        count() as n
    from edges
    inner join sessions on edges.session_key = sessions.session_key
    group by
        sessions.session_date,
        sessions.gender,
        sessions.age,
        edges.step,
        edges.from_rank,
        edges.to_rank
),

final as (
    select
        toStartOfMonth(counted.session_date) as month,
        counted.gender as gender,
        {{ known('ages.age_group') }} as age_group,
        toUInt8(counted.step) as step,
        toLowCardinality(origins.action) as from_action,
        toLowCardinality(coalesce(targets.action, 'exit')) as to_action,
        toUInt64(sum(counted.n)) as n,
        any(months.input_version) as input_version
    from counted
    inner join months on toYYYYMM(counted.session_date) = months.month
    inner join actions as origins on counted.from_rank = origins.action_rank
    left join actions as targets on counted.to_rank = targets.action_rank
    left join ages on counted.age = ages.age
    group by month, gender, age_group, step, from_action, to_action
)

select * from final
