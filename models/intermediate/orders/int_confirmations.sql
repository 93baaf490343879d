{#
    A month is judged by itself and by what its first minutes need of the month before: that month's last day, and every row
    that names an order. Earlier rows are read once for each month that reads them, so that a month comes out the same
    whether it is built alone or with all others.
#}
{% set open_checkout_hours = 24 %}
{% set reload_minutes = 30 %}
{% set reached %}
    arrayFilter(
        checkout -> step.2 between checkout.1 and checkout.1 + {{ open_checkout_hours }} * 3600, state.1
    )
{%- endset %}

with

months as (
    {{ months(months_back=1, also=missing_steps_version()) }}
),

logs as (
    select * from {{ ref('int_logs') }}
),

steps as (
    select
        *,
        toYYYYMM(session_date) as month,
        arrayJoin([month, toYYYYMM(addMonths(session_date, 1))]) as read_for
    from {{ ref('int_order_steps') }}
    where toYYYYMM(session_date) in (select arrayJoin({{ months_before('months.month', 1) }}) from months)
        and read_for in (select months.month from months)
        and (read_for = month or event_date >= toLastDayOfMonth(session_date) or order_id != '')
),

-- a first confirmation without a checkout closes the latest one that another session of the user has left open; what
-- one confirmation has closed is open to no other, so this goes step by step
strays as (
    select
        read_for,
        user_id,
        session_key,
        event_no
    from steps
    where action = 'confirmation'
        and previous_step = ''
        and not {{ log_lacks('contract', 'has_checkout') }}
),

user_steps as (
    select
        read_for,
        user_id,
        arraySort(groupArray(
            (month, toUnixTimestamp(occurred_at), action = 'confirmation', session_key, event_no)
        )) as shown
    from steps
    where (read_for, user_id) in (
            select
                strays.read_for,
                strays.user_id
            from strays
        )
        and (
            is_left_open
            or (session_key, event_no) in (
                select
                    strays.session_key,
                    strays.event_no
                from strays
            )
        )
    group by read_for, user_id
),

-- the state: open checkouts as (moment, session, event), one a session, and the pairs found so far
pairs as (
    select
        read_for,
        arrayJoin(arrayFold(
            (state, step) -> multiIf(
                not step.3, (
                    arraySort(arrayPushBack(
                        arrayFilter(
                            checkout -> checkout.2 != step.4
                            and checkout.1 + {{ open_checkout_hours }} * 3600 >= step.2,
                            state.1
                        ),
                        (step.2, step.4, step.5)
                    )),
                    state.2
                ),
                empty({{ reached }}), state,
                (
                    arrayFilter(checkout -> checkout.2 != {{ reached }}[-1].2, state.1),
                    arrayPushBack(state.2, (step.4, step.5, {{ reached }}[-1].2, {{ reached }}[-1].3))
                )
            ),
            shown,
            (
                cast([], 'Array(Tuple(UInt32, UInt64, UInt32))'),
                cast([], 'Array(Tuple(UInt64, UInt32, UInt64, UInt32))')
            )
        ).2) as pair
    from user_steps
),

-- what may be an order: it closes a checkout, or its log has none at all
closings as (
    select
        read_for,
        month,
        session_key,
        user_id,
        event_no,
        occurred_at,
        order_id,
        value,
        checked_out_at,
        checkout_value
    from steps
    where action = 'confirmation'
        and (previous_step = 'checkout' or {{ log_lacks('contract', 'has_checkout') }})
    union all
    select
        steps.read_for as read_for,
        steps.month as month,
        steps.session_key as session_key,
        steps.user_id as user_id,
        steps.event_no as event_no,
        steps.occurred_at as occurred_at,
        steps.order_id as order_id,
        steps.value as value,
        checkouts.occurred_at as checked_out_at,
        checkouts.value as checkout_value
    from pairs
    inner join steps
        on pairs.read_for = steps.read_for
            and pairs.pair.1 = steps.session_key
            and pairs.pair.2 = steps.event_no
    inner join steps as checkouts
        on pairs.read_for = checkouts.read_for
            and pairs.pair.3 = checkouts.session_key
            and pairs.pair.4 = checkouts.event_no
),

-- an order id is shown for the first time once
numbered as (
    select
        closings.*,
        if(value > 0, value, coalesce(checkout_value, value)) as shown_value,
        order_id != '' and row_number() over (
            partition by read_for, user_id, order_id order by occurred_at, session_key, event_no
        ) > 1 as is_known_order
    from closings
),

showings as (
    select
        numbered.*,
        lagInFrame(toNullable(occurred_at)) over earlier as previous_at,
        coalesce(
            occurred_at <= previous_at + toIntervalMinute({{ reload_minutes }})
            and shown_value = lagInFrame(shown_value) over earlier,
            false
        ) as is_alike
    from numbered
    where not is_known_order
    window
        earlier as (
            partition by read_for, user_id
            order by occurred_at, session_key, event_no
            rows between 1 preceding and current row
        )
),

carts as (
    select
        user_id,
        occurred_at,
        arrayJoin([toYYYYMM(session_date), toYYYYMM(addMonths(session_date, 1))]) as read_for
    from {{ ref('int_events') }}
    where action = 'cart'
        and toYYYYMM(session_date) in (select arrayJoin({{ months_before('months.month', 1) }}) from months)
        and (read_for, user_id) in (
            select
                showings.read_for,
                showings.user_id
            from showings
            where showings.is_alike
        )
),

cart_moments as (
    select
        read_for,
        user_id,
        groupArray(occurred_at) as carted_at
    from carts
    group by read_for, user_id
),

carted as (
    select
        showings.*,
        cart_moments.carted_at as carted_at
    from showings
    left join cart_moments
        on showings.read_for = cart_moments.read_for
            and showings.user_id = cart_moments.user_id
),

continued as (
    select
        * except (carted_at),
        is_alike
        and not arrayExists(moment -> moment > previous_at and moment <= occurred_at, carted_at) as is_continued
    from carted
),

stretched as (
    select
        continued.*,
        sum(not is_continued) over (
            partition by read_for, user_id
            order by occurred_at, session_key, event_no
            rows between unbounded preceding and current row
        ) as stretch_no
    from continued
),

-- of showings that follow each other alike, the first makes an order, and so does the next too late to be its reload
stretches as (
    select
        read_for,
        user_id,
        stretch_no,
        arraySort(
            showing -> (showing.1, showing.2, showing.3),
            groupArray((
                toUnixTimestamp(occurred_at), session_key, event_no, order_id, month, checked_out_at, checkout_value
            ))
        ) as shown,
        arrayFold(
            (orders, showing) -> if(
                length(orders.3) > 0
                and showing.1 <= orders.1 + {{ reload_minutes }} * 60
                and (showing.4 = '' or orders.2 = '' or showing.4 = orders.2),
                (orders.1, orders.2, arrayPushBack(orders.3, toUInt8(0))),
                (showing.1, showing.4, arrayPushBack(orders.3, toUInt8(1)))
            ),
            shown,
            (toUInt32(0), '', emptyArrayUInt8())
        ).3 as verdicts
    from stretched
    group by read_for, user_id, stretch_no
),

orders as (
    select
        judged.1.2 as session_key,
        judged.1.3 as event_no,
        judged.1.6 as checked_out_at,
        judged.1.7 as checkout_value
    from stretches
    array join arrayZip(shown, verdicts) as judged
    where judged.2 = 1
        and judged.1.5 = read_for
),

final as (
    select
        steps.session_key as session_key,
        steps.event_no as event_no,
        steps.user_id as user_id,
        steps.session_date as session_date,
        steps.event_date as event_date,
        steps.value as value,
        toLowCardinality(multiIf(
            isNotNull(orders.session_key), 'order',
            steps.previous_step = '' and not {{ log_lacks('steps.contract', 'has_checkout') }}, 'unchecked',
            'repeated'
        )) as outcome,
        orders.checked_out_at as checked_out_at,
        orders.checkout_value as checkout_value,
        months.input_version as input_version
    from steps
    inner join months on steps.month = months.month
    left join orders
        on steps.session_key = orders.session_key
            and steps.event_no = orders.event_no
    where steps.action = 'confirmation'
        and steps.read_for = steps.month
)

select * from final
