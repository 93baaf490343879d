-- Sessionising neither drops nor repeats an event, and a session has one row and one day.
with

staged as (
    select
        count() as event_count,
        uniqExact(session_key) as session_count,
        sum(value) as value
    from {{ ref('stg_events') }}
),

events as (
    select
        count() as event_count,
        uniqExact(session_key) as session_count,
        uniqExact(session_key, session_date) as session_day_count,
        sum(value) as value
    from {{ ref('int_events') }}
),

sessions as (
    select
        sum(sessions.event_count) as event_count,
        count() as session_count
    from {{ ref('int_sessions') }} as sessions
)

select
    staged.event_count as staged_events,
    events.event_count as events,
    sessions.event_count as session_events,
    staged.session_count as staged_sessions,
    events.session_day_count as session_days,
    sessions.session_count as sessions
from staged, events, sessions
where staged_events != events
    or staged_events != session_events
    or staged_sessions != session_days
    or staged_sessions != sessions
    or staged.value != events.value
