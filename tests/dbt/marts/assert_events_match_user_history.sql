-- Every event carries the attributes of the version that was valid at its moment.
-- Events of one second (dedup_mode exact) may differ; the version holds the last of them.
with

movers as (
    select user_id
    from {{ ref('dim_user_history') }}
    group by user_id
    having count() > 1
),

events as (
    select
        user_id,
        occurred_at,
        argMax(tuple(city, gender, age), tuple(action_rank, row_index)) as attributes
    from {{ ref('stg_events') }}
    where user_id in (select movers.user_id from movers)
    group by user_id, occurred_at
)

select
    events.user_id as user_id,
    events.occurred_at as occurred_at
from events
asof left join {{ ref('dim_user_history') }} as history
    on events.user_id = history.user_id
        and events.occurred_at >= history.valid_from
where not coalesce(
        events.attributes.1 = history.city and events.attributes.2 = history.gender,
        false
    )
    or not isNotDistinctFrom(events.attributes.3, history.age)
