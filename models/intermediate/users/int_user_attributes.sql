{#
    Each month stands alone, so that it can be rebuilt alone: its first event always counts as a change.
    dim_user_history joins the months. Most users keep their attributes, so only the months of those
    who do not are read event by event.
#}
with

months as (
    {{ months() }}
),

events as (
    select
        stg_events.*,
        toStartOfMonth(stg_events.event_date) as month
    from {{ ref('stg_events') }} as stg_events
    where toYYYYMM(stg_events.event_date) in (select months.month from months)
),

combinations as (
    select
        user_id,
        month,
        city,
        gender,
        age,
        min(occurred_at) as first_occurred_at
    from events
    group by user_id, month, city, gender, age
),

user_months as (
    select
        user_id,
        month,
        any(combinations.first_occurred_at) as first_occurred_at,
        any(tuple(city, gender, age)) as attributes,
        count() > 1 as is_changing
    from combinations
    group by user_id, month
),

-- of several states within one second the last one counts
states as (
    select
        events.user_id as user_id,
        events.month as month,
        events.occurred_at as occurred_at,
        argMax(tuple(events.city, events.gender, events.age), events.place_in_second) as attributes
    from events
    where (events.user_id, events.month) in (
            select
                user_months.user_id,
                user_months.month
            from user_months
            where user_months.is_changing
        )
    group by events.user_id, events.month, events.occurred_at
),

compared as (
    select
        states.*,
        row_number() over user_month as state_no,
        -- a NULL is unlike every other
        tuple(states.attributes.1, states.attributes.2, coalesce(states.attributes.3, 255)) as known_attributes,
        lagInFrame(known_attributes) over user_month as previous_attributes
    from states
    window user_month as (
        partition by states.user_id, states.month order by states.occurred_at
        rows between unbounded preceding and current row
    )
),

united as (
    select
        user_id,
        first_occurred_at as occurred_at,
        attributes
    from user_months
    where not is_changing
    union all
    select
        user_id,
        occurred_at,
        attributes
    from compared
    where state_no = 1
        or known_attributes != previous_attributes
),

final as (
    select
        united.user_id as user_id,
        united.occurred_at as occurred_at,
        toDate(united.occurred_at) as event_date,
        toLowCardinality(united.attributes.1) as city,
        toLowCardinality(united.attributes.2) as gender,
        united.attributes.3 as age,
        months.input_version as input_version
    from united
    inner join months on toYYYYMM(toDate(united.occurred_at)) = months.month
)

select * from final
