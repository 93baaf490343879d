with

months as (
    {{ months() }}
),

events as (
    select * from {{ ref('stg_events') }}
    where toYYYYMM(event_date) in (select months.month from months)
),

attributes as (
    select * from {{ ref('int_user_attributes') }}
    where toYYYYMM(event_date) in (select months.month from months)
),

user_days as (
    select
        user_id,
        event_date,
        max(occurred_at) as last_occurred_at,
        toUInt32(count()) as event_count
    from events
    group by user_id, event_date
),

described as (
    select
        user_days.user_id as user_id,
        user_days.event_date as event_date,
        attributes.city as city,
        attributes.gender as gender,
        attributes.age as age,
        user_days.event_count as event_count
    from user_days
    asof join attributes
        on user_days.user_id = attributes.user_id
            and user_days.last_occurred_at >= attributes.occurred_at
),

final as (
    select
        described.user_id as user_id,
        described.event_date as event_date,
        described.city as city,
        described.gender as gender,
        described.age as age,
        described.event_count as event_count,
        months.input_version as input_version
    from described
    inner join months on toYYYYMM(described.event_date) = months.month
)

select * from final
