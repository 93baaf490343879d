{% set pause_minutes = 30 %}

with

months as (
    {{ months() }}
),

purchases as (
    select
        session_key,
        user_id,
        session_date,
        event_no,
        occurred_at,
        order_id
    from {{ ref('int_events') }}
    where action = 'purchase'
        and toYYYYMM(session_date) in (select months.month from months)
),

pauses as (
    select
        purchases.*,
        dateDiff('second', lagInFrame(occurred_at, 1, occurred_at) over (
            partition by session_key, order_id order by event_no rows between 1 preceding and current row
        ), occurred_at) > {{ pause_minutes }} * 60 as follows_pause
    from purchases
),

-- rows of one order id are one order; without ids, rows of a session without a pause are
grouped as (
    select
        pauses.*,
        if(
            order_id = '',
            concat(toString(session_key), '/', toString(sum(follows_pause) over (
                partition by session_key, order_id
                order by event_no
                rows between unbounded preceding and current row
            ))),
            concat('id/', order_id)
        ) as order_group
    from pauses
),

-- an order belongs to the session of its last line
keyed as (
    select
        grouped.*,
        max((occurred_at, session_key, event_no)) over (
            partition by toYYYYMM(session_date), user_id, order_group
        ) as last_line
    from grouped
),

final as (
    select
        keyed.session_key as session_key,
        keyed.event_no as event_no,
        keyed.user_id as user_id,
        keyed.session_date as session_date,
        concat(toString(keyed.last_line.2), '-p', toString(keyed.last_line.3)) as order_key,
        months.input_version as input_version
    from keyed
    inner join months on toYYYYMM(keyed.session_date) = months.month
)

select * from final
