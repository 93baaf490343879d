{#
    Few sessions have events in several months, and nothing but all keys tells which: a log may use a number again years later.
    So a month's keys are written down once, and no build looks for them among all events.
#}
with

months as (
    {{ months() }}
),

events as (
    select * from {{ ref('stg_events') }}
    where toYYYYMM(event_date) in (select months.month from months)
),

session_months as (
    select
        session_key,
        toStartOfMonth(event_date) as month
    from events
    group by session_key, month
),

final as (
    select
        session_months.session_key as session_key,
        session_months.month as month,
        months.input_version as input_version
    from session_months
    inner join months on toYYYYMM(session_months.month) = months.month
)

select * from final
