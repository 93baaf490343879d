with

loads as (
    select * from {{ ref('stg_loads') }}
),

rejected as (
    select
        load_id,
        source_file,
        source_line,
        raw_line,
        reasons,
        -- the row's own day where it can be read
        toDateOrNull(extract(raw_line, '[0-9]{4}-[0-9]{2}-[0-9]{2}')) as written_date
    from {{ source('telemetry_raw', 'rejected_events') }}
),

final as (
    select
        rejected.load_id as load_id,
        rejected.source_file as source_file,
        rejected.source_line as source_line,
        rejected.raw_line as raw_line,
        rejected.reasons as reasons,
        assumeNotNull(if(
            coalesce(rejected.written_date between loads.first_event_date and loads.last_event_date, false),
            rejected.written_date,
            coalesce(loads.last_event_date, toDate(loads.loaded_at))
        )) as event_date
    from rejected
    inner join loads on rejected.load_id = loads.load_id
)

select * from final
