with

months as (
    {{ months() }}
),

events as (
    select * from {{ ref('int_events') }}
    where action in ('cart', 'remove', 'checkout', 'confirmation', 'purchase')
        and toYYYYMM(session_date) in (select months.month from months)
),

confirmations as (
    select
        session_key,
        event_no,
        cast(outcome as String) as outcome
    from {{ ref('int_confirmations') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

purchase_lines as (
    select
        *,
        event_no = max(event_no) over (partition by session_key, order_key) as is_last_of_session
    from {{ ref('int_purchase_lines') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

-- windows sort: only what they need, the rest of an event is joined to their result
closers as (
    select
        events.session_key as session_key,
        events.event_no as event_no,
        events.action as action,
        if(events.product != '{{ var("unknown_label") }}', events.product, events.category) as goods,
        coalesce(confirmations.outcome = 'order', false) as is_order_confirmation,
        coalesce(confirmations.outcome = 'repeated', false) as is_repeated,
        coalesce(purchase_lines.order_key, '') as purchase_key,
        is_order_confirmation or coalesce(purchase_lines.is_last_of_session, false) as closes_order
    from events
    left join confirmations
        on events.session_key = confirmations.session_key
            and events.event_no = confirmations.event_no
    left join purchase_lines
        on events.session_key = purchase_lines.session_key
            and events.event_no = purchase_lines.event_no
),

attempts as (
    select
        closers.*,
        toUInt16(1 + sum(closers.closes_order) over (
            partition by closers.session_key
            order by closers.event_no
            rows between unbounded preceding and 1 preceding
        )) as attempt_no
    from closers
),

-- backwards: an attempt ends with its order, and its last checkout is the first one met; those that a repeated
-- confirmation follows show the order before again
outcomes as (
    select
        attempts.*,
        max(attempts.closes_order) over attempt_from_end as is_ordered,
        first_value(attempts.purchase_key) over attempt_from_end as closing_purchase_key,
        sum(attempts.action = 'checkout') over attempt_from_end as checkouts_from_end,
        anyLastIf(attempts.is_repeated, attempts.action = 'confirmation') over attempt_from_end as precedes_repetition
    from attempts
    window
        attempt_from_end as (
            partition by attempts.session_key, attempts.attempt_no
            order by attempts.event_no desc
            rows between unbounded preceding and current row
        )
),

-- removals pair with carts as brackets do: each takes the latest cart row of its goods that is still there
balances as (
    select
        attempts.*,
        sum(if(attempts.action = 'cart', 1, -1)) over (
            partition by attempts.session_key, attempts.attempt_no, attempts.goods
            order by attempts.event_no
            rows between unbounded preceding and current row
        ) as balance
    from attempts
    where attempts.action in ('cart', 'remove')
        and attempts.session_key in (
            select events.session_key from events
            where events.action = 'remove'
        )
),

lowest_balances as (
    select
        balances.*,
        min(balances.balance) over (
            partition by balances.session_key, balances.attempt_no, balances.goods
            order by balances.event_no desc
            rows between unbounded preceding and current row
        ) as lowest_from_here
    from balances
),

removed as (
    select
        session_key,
        event_no
    from lowest_balances
    where action = 'cart'
        and lowest_from_here < balance
),

final as (
    select
        events.session_key as session_key,
        events.user_id as user_id,
        events.session_date as session_date,
        outcomes.attempt_no as attempt_no,
        multiIf(
            outcomes.purchase_key != '', outcomes.purchase_key,
            not outcomes.is_ordered, '',
            outcomes.closing_purchase_key != '', outcomes.closing_purchase_key,
            concat(toString(outcomes.session_key), '-', toString(outcomes.attempt_no))
        ) as order_key,
        events.event_no as event_no,
        events.occurred_at as occurred_at,
        events.event_date as event_date,
        events.action as action,
        events.value as value,
        events.quantity as quantity,
        events.category as category,
        events.product as product,
        events.order_id as order_id,
        events.city as city,
        events.gender as gender,
        events.age as age,
        toBool(outcomes.is_order_confirmation) as is_order_confirmation,
        toBool(outcomes.action = 'checkout' and outcomes.precedes_repetition) as is_repeated_checkout,
        toBool(
            outcomes.action = 'checkout' and not outcomes.precedes_repetition and outcomes.checkouts_from_end = 1
        ) as is_final_checkout,
        toBool((events.session_key, events.event_no) in (
            select
                removed.session_key,
                removed.event_no
            from removed
        )) as is_removed,
        months.input_version as input_version
    from events
    inner join outcomes on events.session_key = outcomes.session_key and events.event_no = outcomes.event_no
    inner join months on toYYYYMM(events.session_date) = months.month
)

select * from final
