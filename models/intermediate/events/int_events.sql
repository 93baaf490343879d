{#
    A session belongs to the day on which it starts, here and nowhere else. Partitions follow that day,
    so that all events of a session stand in one partition and every model downstream can be rebuilt
    month by month.
#}
with

months as (
    {{ months_of(event_month_versions(whole_table(ref('stg_events')), ref('int_crossing_events'))) }}
),

crossing_events as (
    select * from {{ ref('int_crossing_events') }}
),

crossing_sessions as (
    select session_key from crossing_events
    where toYYYYMM(event_date) in (select months.month from months)
),

-- whole sessions, wherever else they reach
events as (
    select * except (input_version) from {{ ref('stg_events') }}
    where toYYYYMM(event_date) in (select months.month from months)
    union all
    select * except (input_version) from crossing_events
    where toYYYYMM(event_date) not in (select months.month from months)
        and session_key in (select crossing_sessions.session_key from crossing_sessions)
),

-- in the order of staging: sorting by session_key would take four times as long
numbered as (
    select
        events.*,
        row_number() over session_events as event_no,
        first_value(events.occurred_at) over session_events as session_started_at
    from events
    window session_events as (
        partition by events.user_id, events.session_id, events.contract
        order by events.occurred_at, events.place_in_second
        rows between unbounded preceding and current row
    )
),

final as (
    select
        numbered.session_key as session_key,
        numbered.user_id as user_id,
        numbered.contract as contract,
        numbered.session_started_at as session_started_at,
        toDate(numbered.session_started_at) as session_date,
        toUInt32(numbered.event_no) as event_no,
        numbered.occurred_at as occurred_at,
        numbered.event_date as event_date,
        numbered.action as action,
        numbered.action_rank as action_rank,
        numbered.value as value,
        numbered.quantity as quantity,
        numbered.category as category,
        numbered.product as product,
        numbered.order_id as order_id,
        numbered.city as city,
        numbered.gender as gender,
        numbered.age as age,
        months.input_version as input_version
    from numbered
    inner join months on toYYYYMM(toDate(numbered.session_started_at)) = months.month
)

select * from final
