{% set upstreams = [ref('stg_events')] %}

with

months as (
    {{ month_versions(upstreams, 'event_date') }}
),

events as (
    select * from {{ ref('stg_events') }}
    where toYYYYMM(event_date) in (select months.month from months)
),

user_days as (
    select
        events.user_id as user_id,
        events.event_date as event_date,
        argMax(
            tuple(events.city, events.gender, events.age),
            tuple(events.occurred_at, events.action_rank, events.row_index)
        ) as attributes,
        toUInt32(count()) as event_count
    from events
    group by events.user_id, events.event_date
),

final as (
    select
        user_days.user_id as user_id,
        user_days.event_date as event_date,
        toLowCardinality(user_days.attributes.1) as city,
        toLowCardinality(user_days.attributes.2) as gender,
        user_days.attributes.3 as age,
        user_days.event_count as event_count,
        months.input_version as input_version
    from user_days
    inner join months on toYYYYMM(user_days.event_date) = months.month
)

select * from final
