{#
    An event stands in the group of the row that won, and copies of a row stand in its own group. So each group holds
    raw rows >= distinct rows >= events, and sums of `raw_value` are those of the original notebook.
#}
{% set upstreams = [ref('stg_events')] %}

with

months as (
    {{ month_versions(upstreams, 'event_date') }}
),

staged_events as (
    select * from {{ ref('stg_events') }}
    where toYYYYMM(event_date) in (select months.month from months)
),

loads as (
    select * from {{ ref('stg_loads') }}
),

source_events as (
    select
        toDate(timestamp) as event_date,
        {{ known('category') }} as category,
        {{ known('city') }} as city,
        gender,
        action,
        userid as user_id,
        sipHash64(userid, sessionid, timestamp, value, coalesce(age, 255)) as content,
        value,
        row_index
    from {{ source('telemetry_raw', 'events') }}
    where toYYYYMM(timestamp) in (select months.month from months)
        and load_id in (select loads.load_id from loads)
),

raw_rows as (
    select
        event_date,
        category,
        city,
        gender,
        action,
        count() as raw_row_count,
        uniqExact(content) as distinct_row_count,
        sum(value) as raw_value
    from source_events
    group by event_date, category, city, gender, action
),

events as (
    select
        event_date,
        category,
        city,
        gender,
        action,
        count() as event_count,
        sum(value) as deduplicated_value
    from staged_events
    group by event_date, category, city, gender, action
),

-- a user may stand in several groups of a day: counted in that of the first row, the groups add up
purchasers as (
    select
        event_date,
        action,
        user_id,
        argMin((category, city, gender), row_index) as first_row
    from source_events
    where action in ('checkout', 'confirmation')
    group by event_date, action, user_id
),

purchaser_counts as (
    select
        event_date,
        first_row.1 as category,
        first_row.2 as city,
        first_row.3 as gender,
        action,
        count() as user_count
    from purchasers
    group by event_date, category, city, gender, action
),

final as (
    select
        raw_rows.event_date as event_date,
        toLowCardinality(raw_rows.category) as category,
        toLowCardinality(raw_rows.city) as city,
        toLowCardinality(raw_rows.gender) as gender,
        toLowCardinality(raw_rows.action) as action,
        toUInt32(raw_rows.raw_row_count) as raw_row_count,
        toUInt32(raw_rows.distinct_row_count) as distinct_row_count,
        toUInt32(coalesce(events.event_count, 0)) as event_count,
        raw_rows.raw_value as raw_value,
        coalesce(events.deduplicated_value, toDecimal128(0, 6)) as deduplicated_value,
        toUInt32(coalesce(purchaser_counts.user_count, 0)) as purchaser_count,
        months.input_version as input_version
    from raw_rows
    inner join months on toYYYYMM(raw_rows.event_date) = months.month
    left join events
        on raw_rows.event_date = events.event_date
            and raw_rows.category = events.category
            and raw_rows.city = events.city
            and raw_rows.gender = events.gender
            and raw_rows.action = events.action
    left join purchaser_counts
        on raw_rows.event_date = purchaser_counts.event_date
            and raw_rows.category = purchaser_counts.category
            and raw_rows.city = purchaser_counts.city
            and raw_rows.gender = purchaser_counts.gender
            and raw_rows.action = purchaser_counts.action
)

select * from final
