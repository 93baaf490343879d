with

source as (
    select * from {{ source('telemetry_raw', 'loads') }} final
),

final as (
    select
        load_id,
        contract,
        currency,
        files,
        rows_read,
        rows_loaded,
        rows_rejected,
        rows_ignored,
        toDate({{ in_shop_time('min_event_time') }}) as first_event_date,
        toDate({{ in_shop_time('max_event_time') }}) as last_event_date,
        assumeNotNull(finished_at) as loaded_at
    from source
    where status = 'loaded'
)

select * from final
