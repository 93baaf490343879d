-- new + returning + resurrecting + unknown = active users of the month; a dormant user is not active.
with

states as (
    select
        month,
        uniqExact(user_id) as user_count
    from {{ ref('mart_lifecycle') }}
    where state in ('new', 'returning', 'resurrecting', 'unknown')
    group by month
),

active as (
    select
        toStartOfMonth(event_date) as month,
        uniqExactMerge(users) as user_count
    from {{ ref('agg_active_daily') }}
    where {{ in_observed_span('event_date') }}
    group by month
),

united as (
    select * from states
    union all
    select * from active
)

select
    month,
    groupArray(user_count) as found
from united
group by month
having count() != 2 or uniqExact(user_count) != 1
