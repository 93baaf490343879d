{% set months_reached = months_after('months.month', recovery_months()) %}

with

months as (
    {{ months_of(abandonment_versions(ref('int_purchase_events'), ref('int_order_lines'), ref('int_order_carts'))) }}
),

carts as (
    select
        *,
        {{ recovered_by('purchase_events') }} as goods
    from {{ ref('int_purchase_events') }} as purchase_events
    where action = 'cart'
        and order_key = ''
        and not is_removed
        and toYYYYMM(session_date) in (select months.month from months)
),

order_lines as (
    select
        *,
        {{ recovered_by('lines') }} as goods
    from {{ ref('int_order_lines') }} as lines
    where toYYYYMM(order_date) in (select arrayJoin({{ months_reached }}) from months)
        and goods != '{{ var("unknown_label") }}'
),

-- what a later session's order holds is recovered, whatever the log names of it
taken as (
    select
        cart_session_key,
        event_no
    from {{ ref('int_order_carts') }}
    where is_recovered
        and toYYYYMM(session_date) in (select arrayJoin({{ months_reached }}) from months)
),

-- the user's next order of the goods
followed as (
    select
        carts.session_key as session_key,
        carts.event_no as event_no,
        carts.session_date as session_date,
        carts.user_id as user_id,
        carts.occurred_at as carted_at,
        carts.category as category,
        {{ amount('carts') }} as amount,
        order_lines.confirmed_at as next_ordered_at,
        order_lines.order_date as next_order_date
    from carts
    asof left join order_lines
        on carts.user_id = order_lines.user_id
            and carts.goods = order_lines.goods
            and carts.occurred_at <= order_lines.confirmed_at
),

final as (
    select
        followed.session_key as session_key,
        followed.event_no as event_no,
        followed.session_date as session_date,
        followed.user_id as user_id,
        followed.carted_at as carted_at,
        followed.category as category,
        followed.amount as amount,
        toBool(coalesce(
            followed.next_ordered_at <= followed.carted_at + toIntervalDay({{ var('cart_recovery_days') }})
            and toStartOfMonth(followed.next_order_date)
            <= addMonths(toStartOfMonth(followed.session_date), {{ recovery_months() }}),
            false
        ) or (followed.session_key, followed.event_no) in (
            select
                taken.cart_session_key,
                taken.event_no
            from taken
        )) as is_recovered,
        months.input_version as input_version
    from followed
    inner join months on toYYYYMM(followed.session_date) = months.month
)

select * from final
