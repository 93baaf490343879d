-- Every event carries the attributes of the version that was valid at its moment.
-- Events of one second (dedup_mode exact) may differ; the version holds the last of them.
with

compared as (
    select
        events.user_id as user_id,
        events.occurred_at as occurred_at,
        events.place_in_second as place_in_second,
        not coalesce(
            events.city = history.city
            and events.gender = history.gender
            and coalesce(events.age, 255) = coalesce(history.age, 255),
            false
        ) as differs
    from {{ ref('stg_events') }} as events
    asof left join {{ ref('dim_user_history') }} as history
        on events.user_id = history.user_id
            and events.occurred_at >= history.valid_from
)

select
    user_id,
    occurred_at
from compared
where (user_id, occurred_at) in (
        select
            suspects.user_id,
            suspects.occurred_at
        from compared as suspects
        where suspects.differs
    )
group by user_id, occurred_at
having argMax(compared.differs, compared.place_in_second)
