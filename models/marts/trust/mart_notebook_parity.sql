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
        row_index
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

log_rows as (
    select
        event_date,
        category,
        city,
        gender,
        action,
        user_id,
        value,
        row_index
    from staged_events
    where (user_id, event_date) not in (
            select
                repeated_days.user_id,
                repeated_days.event_date
            from repeated_days
        )
    union all
    select
        event_date,
        category,
        city,
        gender,
        action,
        user_id,
        value,
        row_index
    from source_events
),

raw_rows as (
    select
        event_date,
        category,
        city,
        gender,
        action,
        count() as row_count,
        sum(value) as raw_value
    from log_rows
    group by event_date, category, city, gender, action
),

dropped as (
    select
        event_date,
        category,
        city,
        gender,
        action,
        sum(copies.copy_count) as copy_count,
        sum(copies.dropped_count) as dropped_count,
        sum(copies.dropped_value) as dropped_value
    from (
        select
            event_date,
            category,
            city,
            gender,
            action,
            toInt64(count()) - toInt64(uniqExact(content)) as copy_count,
            toInt64(count()) as dropped_count,
            sum(value) as dropped_value
        from source_events
        group by event_date, category, city, gender, action
        union all
        select
            event_date,
            category,
            city,
            gender,
            action,
            toInt64(0) as copy_count,
            -toInt64(count()) as dropped_count,
            -sum(value) as dropped_value
        from staged_events
        where (user_id, event_date) in (
                select
                    repeated_days.user_id,
                    repeated_days.event_date
                from repeated_days
            )
        group by event_date, category, city, gender, action
    ) as copies
    group by event_date, category, city, gender, action
),

-- what the notebook's rule drops of the events
not_deepest as (
    select
        event_date,
        category,
        city,
        gender,
        action,
        count() as row_count,
        sum(value) as total_value
    from staged_events
    where not is_deepest_of_second
    group by event_date, category, city, gender, action
),

-- a user may stand in several groups of a day: counted in that of the first row, the groups add up
purchasers as (
    select
        event_date,
        action,
        user_id,
        argMin((category, city, gender), row_index) as first_row
    from log_rows
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

counted as (
    select
        raw_rows.event_date as event_date,
        raw_rows.category as category,
        raw_rows.city as city,
        raw_rows.gender as gender,
        raw_rows.action as action,
        raw_rows.row_count as row_count,
        raw_rows.raw_value as raw_value,
        coalesce(purchaser_counts.user_count, 0) as user_count
    from raw_rows
    left join purchaser_counts
        on raw_rows.event_date = purchaser_counts.event_date
            and raw_rows.category = purchaser_counts.category
            and raw_rows.city = purchaser_counts.city
            and raw_rows.gender = purchaser_counts.gender
            and raw_rows.action = purchaser_counts.action
),

final as (
    select
        counted.event_date as event_date,
        counted.category as category,
        counted.city as city,
        counted.gender as gender,
        counted.action as action,
        toUInt32(counted.row_count) as raw_row_count,
        toUInt32(counted.row_count - coalesce(dropped.copy_count, 0)) as distinct_row_count,
        toUInt32(counted.row_count - coalesce(dropped.dropped_count, 0)) as event_count,
        counted.raw_value as raw_value,
        toUInt32(event_count - coalesce(not_deepest.row_count, 0)) as key_event_count,
        counted.raw_value - coalesce(dropped.dropped_value, toDecimal128(0, 6)) as deduplicated_value,
        deduplicated_value - coalesce(not_deepest.total_value, toDecimal128(0, 6)) as key_value,
        toUInt32(counted.user_count) as purchaser_count,
        months.input_version as input_version
    from counted
    inner join months on toYYYYMM(counted.event_date) = months.month
    left join dropped
        on counted.event_date = dropped.event_date
            and counted.category = dropped.category
            and counted.city = dropped.city
            and counted.gender = dropped.gender
            and counted.action = dropped.action
    left join not_deepest
        on counted.event_date = not_deepest.event_date
            and counted.category = not_deepest.category
            and counted.city = not_deepest.city
            and counted.gender = not_deepest.gender
            and counted.action = not_deepest.action
)

select * from final
