-- Nothing is lost between the files and staging: every row read is staged, a duplicate of a staged row, or rejected.
with

manifest as (
    select
        sum(rows_read) as rows_read,
        sum(rows_rejected) as rows_rejected
    from {{ ref('stg_loads') }}
),

loaded as (
    select
        count() as row_count,
        count() - uniqExact(sipHash64({{ duplicate_key() }})) as duplicate_count
    from {{ source('telemetry_raw', 'events') }}
    where load_id in (select loads.load_id from {{ ref('stg_loads') }} as loads)
),

rejected as (
    select count() as row_count
    from {{ source('telemetry_raw', 'rejected_events') }}
    where load_id in (select loads.load_id from {{ ref('stg_loads') }} as loads)
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
    loaded.duplicate_count as duplicates,
    rejected.row_count as rejected
from manifest, loaded, rejected, staged
where rows_read != rows_staged + duplicates + rejected
    or loaded.row_count != staged.raw_row_count
    or rejected != manifest.rows_rejected
