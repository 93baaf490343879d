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

-- windows sort: only what they need, the rest of an event is joined to their result
-- a step sees the step before it and not the carts between
steps as (
    select
        session_key,
        event_no,
        action,
        action = 'confirmation'
        and coalesce(
            anyLast(nullIf(action, 'cart')) over (
                partition by session_key
                order by event_no
                rows between unbounded preceding and 1 preceding
            ) = 'checkout',
            false
        ) as closes_order
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

-- backwards: an attempt ends with its order, and its last checkout is the first one met
outcomes as (
    select
        attempts.*,
        max(attempts.closes_order) over attempt_from_end as is_ordered,
        sum(attempts.action = 'checkout') over attempt_from_end as checkouts_from_end
    from attempts
    window
        attempt_from_end as (
            partition by attempts.session_key, attempts.attempt_no
            order by attempts.event_no desc
            rows between unbounded preceding and current row
        )
),

final as (
    select
        events.session_key as session_key,
        events.user_id as user_id,
        events.session_date as session_date,
        outcomes.attempt_no as attempt_no,
        if(
            outcomes.is_ordered,
            concat(toString(outcomes.session_key), '-', toString(outcomes.attempt_no)),
            ''
        ) as order_key,
        events.event_no as event_no,
        events.occurred_at as occurred_at,
        events.event_date as event_date,
        events.action as action,
        events.value as value,
        events.category as category,
        events.city as city,
        events.gender as gender,
        events.age as age,
        toBool(outcomes.closes_order) as is_order_confirmation,
        toBool(outcomes.action = 'checkout' and outcomes.checkouts_from_end = 1) as is_final_checkout,
        months.input_version as input_version
    from events
    inner join outcomes on events.session_key = outcomes.session_key and events.event_no = outcomes.event_no
    inner join months on toYYYYMM(events.session_date) = months.month
)

select * from final
