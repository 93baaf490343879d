with

months as (
    {{ months() }}
),

sessions as (
    select * from {{ ref('int_sessions') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

carts as (
    select * from {{ ref('int_purchase_events') }}
    where action = 'cart'
        and not is_removed
        and toYYYYMM(session_date) in (select months.month from months)
),

abandoned_carts as (
    select * from {{ ref('int_abandoned_carts') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

ages as (
    select * from {{ ref('int_ages') }}
),

carted as (
    select
        session_key,
        sum({{ amount('carts') }}) as carted,
        sumIf({{ amount('carts') }}, order_key != '') as ordered
    from carts
    group by session_key
),

left_behind as (
    select
        session_key,
        sum(amount) as abandoned,
        sumIf(amount, is_recovered) as recovered,
        countIf(is_recovered) > 0 as has_recovered
    from abandoned_carts
    group by session_key
),

final as (
    select
        sessions.session_key as session_key,
        sessions.user_id as user_id,
        sessions.session_started_at as session_started_at,
        sessions.session_ended_at as session_ended_at,
        sessions.session_date as session_date,
        sessions.city as city,
        sessions.gender as gender,
        sessions.age as age,
        {{ known('ages.age_group') }} as age_group,
        sessions.entry_action as entry_action,
        sessions.exit_action as exit_action,
        sessions.deepest_action_rank as deepest_action_rank,
        sessions.event_count as n_events,
        toInt64(dateDiff('second', sessions.session_started_at, sessions.session_ended_at)) as duration,
        toBool(sessions.event_count = 1) as is_bounce,
        toBool(isNotNull(left_behind.abandoned)) as is_cart_abandoned,
        toBool(coalesce(left_behind.has_recovered, false)) as is_cart_recovered,
        toDecimal64(coalesce(carted.carted, 0), 6) as carted,
        toDecimal64(coalesce(carted.ordered, 0), 6) as ordered,
        toDecimal64(coalesce(left_behind.abandoned, 0), 6) as abandoned,
        toDecimal64(coalesce(left_behind.recovered, 0), 6) as recovered,
        months.input_version as input_version
    from sessions
    inner join months on toYYYYMM(sessions.session_date) = months.month
    left join carted on sessions.session_key = carted.session_key
    left join left_behind on sessions.session_key = left_behind.session_key
    left join ages on sessions.age = ages.age
)

select * from final
