with

months as (
    {{ months() }}
),

events as (
    select * from {{ ref('int_events') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

sessions as (
    select
        events.user_id as user_id,
        events.session_key as session_key,
        any(events.session_started_at) as session_started_at,
        max(events.occurred_at) as session_ended_at,
        any(events.session_date) as session_date,
        toLowCardinality(anyIf(events.city, events.event_no = 1)) as city,
        toLowCardinality(anyIf(events.gender, events.event_no = 1)) as gender,
        anyIf(tuple(events.age), events.event_no = 1).1 as age,
        toLowCardinality(anyIf(events.action, events.event_no = 1)) as entry_action,
        toLowCardinality(argMax(events.action, events.event_no)) as exit_action,
        toUInt32(count()) as event_count,
        toUInt32(countIf(events.action = 'cart')) as cart_item_count,
        max(events.action_rank) as deepest_action_rank
    from events
    group by events.user_id, events.session_key
),

final as (
    select
        sessions.*,
        months.input_version as input_version
    from sessions
    inner join months on toYYYYMM(sessions.session_date) = months.month
)

select * from final
