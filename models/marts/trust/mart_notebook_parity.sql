{#
    Sums of `raw_value` are those of the original notebook, which never removes duplicates, and `key_value` those of the rule
    that it describes: one row per user and second. Events stand in the group of the row that won, copies of a row in its
    own, so each group holds raw rows >= distinct rows >= events >= key events.
#}
with

months as (
    {{ months() }}
),

staged_events as (
    select * from {{ ref('stg_events') }}
    where toYYYYMM(event_date) in (select months.month from months)
),

loads as (
    select * from {{ ref('stg_loads') }}
),

-- where a user's day has no such event, its rows are its events; of the few other days the log itself is asked
repeated_days as (
    select
        user_id,
        event_date
    from staged_events
    where raw_row_count > 1
    group by user_id, event_date
),

source_events as (
    select
        toDate({{ in_shop_time('timestamp') }}) as event_date,
        {{ known_text('category') }} as category,
        {{ known_city('city') }} as city,
        {{ known_text('gender') }} as gender,
        action,
        userid as user_id,
        {{ row_content() }} as content,
        value,
        {{ in_shop_time('timestamp') }} as occurred_at
    from {{ source('telemetry_raw', 'events') }}
    where {{ is_of_shop_months('timestamp', 'months') }}
        and load_id in (select loads.load_id from loads)
        and (user_id, event_date) in (
            select
                repeated_days.user_id,
                repeated_days.event_date
            from repeated_days
        )
),

united as (
    select
        event_date,
        category,
        city,
        gender,
        action,
        user_id,
        value,
        occurred_at,
        (user_id, event_date) not in (
            select
                repeated_days.user_id,
                repeated_days.event_date
            from repeated_days
        ) as is_row,
        is_row as is_distinct_row,
        true as is_event,
        is_deepest_of_second as is_key_event
    from staged_events
    union all
    select
        source_events.event_date as event_date,
        source_events.category as category,
        source_events.city as city,
        source_events.gender as gender,
        source_events.action as action,
        source_events.user_id as user_id,
        source_events.value as value,
        source_events.occurred_at as occurred_at,
        true as is_row,
        row_number() over (partition by source_events.content) = 1 as is_distinct_row,
        false as is_event,
        false as is_key_event
    from source_events
),

counted as (
    select
        event_date,
        category,
        city,
        gender,
        action,
        countIf(is_row) as raw_row_count,
        countIf(is_distinct_row) as distinct_row_count,
        countIf(is_event) as event_count,
        countIf(is_key_event) as key_event_count,
        sumIf(value, is_row) as raw_value,
        sumIf(value, is_event) as deduplicated_value,
        sumIf(value, is_key_event) as key_value
    from united
    group by event_date, category, city, gender, action
),

-- a user may stand in several groups of a day: counted in that of the first row (in one second, by names), they add up
purchasers as (
    select
        event_date,
        action,
        user_id,
        min((occurred_at, category, city, gender)) as first_row
    from united
    where is_row
        and action in ('checkout', 'confirmation')
    group by event_date, action, user_id
),

purchaser_counts as (
    select
        event_date,
        first_row.2 as category,
        first_row.3 as city,
        first_row.4 as gender,
        action,
        count() as user_count
    from purchasers
    group by event_date, category, city, gender, action
),

final as (
    select
        counted.event_date as event_date,
        counted.category as category,
        counted.city as city,
        counted.gender as gender,
        counted.action as action,
        toUInt32(counted.raw_row_count) as raw_row_count,
        toUInt32(counted.distinct_row_count) as distinct_row_count,
        toUInt32(counted.event_count) as event_count,
        counted.raw_value as raw_value,
        toUInt32(counted.key_event_count) as key_event_count,
        counted.deduplicated_value as deduplicated_value,
        counted.key_value as key_value,
        toUInt32(coalesce(purchaser_counts.user_count, 0)) as purchaser_count,
        months.input_version as input_version
    from counted
    inner join months on toYYYYMM(counted.event_date) = months.month
    left join purchaser_counts
        on counted.event_date = purchaser_counts.event_date
            and counted.category = purchaser_counts.category
            and counted.city = purchaser_counts.city
            and counted.gender = purchaser_counts.gender
            and counted.action = purchaser_counts.action
)

select * from final
