{#
    Each month stands alone, so that it can be rebuilt alone: its first event always counts as a change.
    dim_user_history joins the months.
#}
{% set upstreams = [ref('stg_events')] %}

with

months as (
    {{ month_versions(upstreams, 'event_date') }}
),

events as (
    select
        stg_events.*,
        tuple(stg_events.city, stg_events.gender, stg_events.age) as attributes
    from {{ ref('stg_events') }} as stg_events
    where toYYYYMM(stg_events.event_date) in (select months.month from months)
),

compared as (
    select
        events.*,
        row_number() over user_month as event_rank,
        lagInFrame(events.attributes) over user_month as previous_attributes
    from events
    window user_month as (
        partition by events.user_id, toYYYYMM(events.event_date)
        order by events.occurred_at, events.action_rank, events.row_index
        rows between unbounded preceding and current row
    )
),

final as (
    select
        compared.user_id as user_id,
        compared.event_date as event_date,
        compared.occurred_at as occurred_at,
        compared.action_rank as action_rank,
        compared.row_index as row_index,
        compared.city as city,
        compared.gender as gender,
        compared.age as age,
        months.input_version as input_version
    from compared
    inner join months on toYYYYMM(compared.event_date) = months.month
    where compared.event_rank = 1
        or not isNotDistinctFrom(compared.attributes, compared.previous_attributes)
)

select * from final
