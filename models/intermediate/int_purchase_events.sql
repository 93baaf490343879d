{% set upstreams = [ref('int_events')] %}

with

months as (
    {{ month_versions(upstreams, 'session_date') }}
),

events as (
    select * from {{ ref('int_events') }}
    where action in ('cart', 'checkout', 'confirmation')
        and toYYYYMM(session_date) in (select months.month from months)
),

-- carts and steps in two lanes, so that a step sees the step before it and not the carts between
steps as (
    select
        events.*,
        events.action = 'confirmation'
        and lagInFrame(events.action) over (
            partition by events.session_key, events.action = 'cart'
            order by events.event_no
            rows between unbounded preceding and current row
        ) = 'checkout' as closes_order
    from events
),

attempts as (
    select
        steps.*,
        toUInt16(1 + sum(steps.closes_order) over (
            partition by steps.session_key
            order by steps.event_no
            rows between unbounded preceding and 1 preceding
        )) as attempt_no
    from steps
),

outcomes as (
    select
        attempts.*,
        max(attempts.closes_order) over (partition by attempts.session_key, attempts.attempt_no) as is_ordered,
        row_number() over (
            partition by attempts.session_key, attempts.attempt_no, attempts.action
            order by attempts.event_no desc
        ) as rank_from_end
    from attempts
),

final as (
    select
        outcomes.session_key as session_key,
        outcomes.user_id as user_id,
        outcomes.session_date as session_date,
        outcomes.attempt_no as attempt_no,
        if(
            outcomes.is_ordered,
            concat(toString(outcomes.session_key), '-', toString(outcomes.attempt_no)),
            ''
        ) as order_key,
        outcomes.event_no as event_no,
        outcomes.occurred_at as occurred_at,
        outcomes.event_date as event_date,
        outcomes.action as action,
        outcomes.value as value,
        outcomes.category as category,
        outcomes.city as city,
        outcomes.gender as gender,
        outcomes.age as age,
        toBool(outcomes.closes_order) as is_order_confirmation,
        toBool(outcomes.action = 'checkout' and outcomes.rank_from_end = 1) as is_final_checkout,
        months.input_version as input_version
    from outcomes
    inner join months on toYYYYMM(outcomes.session_date) = months.month
)

select * from final
