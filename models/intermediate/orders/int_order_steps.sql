with

months as (
    {{ months() }}
),

events as (
    select
        session_key,
        user_id,
        contract,
        session_date,
        event_no,
        occurred_at,
        event_date,
        action,
        value,
        order_id
    from {{ ref('int_events') }}
    where action in ('checkout', 'confirmation')
        and toYYYYMM(session_date) in (select months.month from months)
),

seen as (
    select
        events.*,
        anyLast(cast(events.action as String)) over earlier as previous_step,
        anyLastIf(toNullable(events.occurred_at), events.action = 'checkout') over earlier as last_checked_out_at,
        anyLastIf(toNullable(events.value), events.action = 'checkout') over earlier as last_checkout_value,
        max(if(events.action = 'confirmation', events.event_no, 0)) over (
            partition by events.session_key
        ) as last_confirmation_no
    from events
    window
        earlier as (
            partition by events.session_key
            order by events.event_no
            rows between unbounded preceding and 1 preceding
        )
),

final as (
    select
        seen.session_key as session_key,
        seen.user_id as user_id,
        seen.contract as contract,
        seen.session_date as session_date,
        seen.event_no as event_no,
        seen.occurred_at as occurred_at,
        seen.event_date as event_date,
        seen.action as action,
        seen.value as value,
        seen.order_id as order_id,
        toLowCardinality(seen.previous_step) as previous_step,
        if(seen.previous_step = 'checkout', seen.last_checked_out_at, null) as checked_out_at,
        if(seen.previous_step = 'checkout', seen.last_checkout_value, null) as checkout_value,
        toBool(seen.action = 'checkout' and seen.event_no > seen.last_confirmation_no) as is_left_open,
        months.input_version as input_version
    from seen
    inner join months on toYYYYMM(seen.session_date) = months.month
)

select * from final
