{#
    The sessions that int_events cannot find in one month of staging. A month is rebuilt when its events change or when it has
    other crossing sessions than before, because one came to have events in another month, or lost them.
#}
with

months as (
    {{ months_of(crossing_month_versions(ref('int_session_months'))) }}
),

crossing_sessions as (
    {{ crossing_sessions(ref('int_session_months')) }}
),

events as (
    select * from {{ ref('stg_events') }}
    where toYYYYMM(event_date) in (select months.month from months)
        and session_key in (select crossing_sessions.session_key from crossing_sessions)
),

-- the columns of staging in its order: int_events puts one on top of the other
final as (
    select
        events.session_key as session_key,
        events.user_id as user_id,
        events.session_id as session_id,
        events.contract as contract,
        events.occurred_at as occurred_at,
        events.event_date as event_date,
        events.action as action,
        events.action_rank as action_rank,
        events.value as value,
        events.quantity as quantity,
        events.category as category,
        events.product as product,
        events.order_id as order_id,
        events.city as city,
        events.gender as gender,
        events.age as age,
        events.place_in_second as place_in_second,
        events.raw_row_count as raw_row_count,
        events.is_deepest_of_second as is_deepest_of_second,
        months.input_version as input_version
    from events
    inner join months on toYYYYMM(events.event_date) = months.month
)

select * from final
