{#
    A session belongs to the day on which it starts, here and nowhere else. Partitions follow that day,
    so that all events of a session stand in one partition and every model downstream can be rebuilt
    month by month.
#}
{% set months = session_months(ref('stg_events')) if is_incremental() else none %}

with

events as (
    select * from {{ ref('stg_events') }}
    {%- if is_incremental() %}
    where {{ in_months('toYYYYMM(event_date)', months.read) }}
        -- sessions of other months that reach into these
        and session_key not in (
            select session_key from {{ this }}
            where {{ in_months('toYYYYMM(event_date)', months.read) }}
                and toYYYYMM(session_date) != toYYYYMM(event_date)
                and not {{ in_months('toYYYYMM(session_date)', months.stale) }}
        )
    {%- endif %}
),

sessions as (
    select
        session_key,
        min(occurred_at) as session_started_at,
        min(event_date) as session_date
    from events
    group by session_key
),

final as (
    select
        events.session_key as session_key,
        events.user_id as user_id,
        sessions.session_started_at as session_started_at,
        sessions.session_date as session_date,
        events.occurred_at as occurred_at,
        events.event_date as event_date,
        events.action as action,
        events.action_rank as action_rank,
        events.value as value,
        events.category as category,
        events.city as city,
        events.gender as gender,
        events.age as age,
        events.row_index as row_index,
        events.input_version as input_version
    from events
    inner join sessions on events.session_key = sessions.session_key
    {%- if is_incremental() %}
    where {{ in_months('toYYYYMM(sessions.session_date)', months.stale) }}
    {%- endif %}
)

select * from final
