-- Nothing is lost between the files and staging: every row read is staged, a duplicate of a staged row,
-- rejected, or of an action that the contract ignores.
{% set content = (
    ', loaded.sessionid, loaded.action, loaded.value, loaded.quantity, loaded.category, loaded.product'
    ~ ', loaded.order_id, loaded.age, loaded.gender, loaded.city'
) if var('dedup_mode') == 'exact' else '' %}

with

loads as (
    select * from {{ ref('stg_loads') }}
),

manifest as (
    select
        sum(loads.rows_read) as rows_read,
        sum(loads.rows_rejected) as rows_rejected,
        sum(loads.rows_ignored) as rows_ignored
    from loads
),

loaded as (
    select * from {{ source('telemetry_raw', 'events') }}
    where load_id in (select loads.load_id from loads)
),

-- the other rows cannot have duplicates, and need not be compared; a number for the user is quicker
crowded_seconds as (
    select
        sipHash64(userid) as user_hash,
        timestamp
    from loaded
    group by user_hash, timestamp
    having count() > 1
),

duplicated as (
    select count() - uniqExact(tuple(loaded.userid, loaded.timestamp{{ content }})) as row_count
    from loaded
    where (sipHash64(loaded.userid), loaded.timestamp) in (
            select
                crowded_seconds.user_hash,
                crowded_seconds.timestamp
            from crowded_seconds
        )
),

kept as (
    select count() as row_count from loaded
),

rejected as (
    select count() as row_count
    from {{ source('telemetry_raw', 'rejected_events') }}
    where load_id in (select loads.load_id from loads)
),

staged as (
    select
        count() as row_count,
        sum(raw_row_count) as raw_row_count
    from {{ ref('stg_events') }}
)

select
    manifest.rows_read as rows_read,
    staged.row_count as rows_staged,
    duplicated.row_count as duplicates,
    rejected.row_count as rejected,
    manifest.rows_ignored as ignored
from manifest, kept, duplicated, rejected, staged
where rows_read != rows_staged + duplicates + rejected + ignored
    or kept.row_count != staged.raw_row_count
    or rejected != manifest.rows_rejected
