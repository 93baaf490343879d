{#
    What a load holds never changes, so each is looked through once. Everything that needs to know the log as a whole - its
    months, its span, what it tells - asks these few rows.
#}
with

loads as (
    select * from {{ ref('stg_loads') }}
    {% if is_incremental() %}
    where (load_id, loaded_at, contract, '{{ var("shop_timezone") }}') not in (
            select
                built.load_id,
                built.loaded_at,
                built.contract,
                built.shop_timezone
            from {{ this }} as built
        )
    {% endif %}
),

source_events as (
    select * from {{ source('telemetry_raw', 'events') }}
    where load_id in (select loads.load_id from loads)
),

counted as (
    select
        load_id,
        toDate({{ in_shop_time('timestamp') }}) as event_date,
        count() as row_count,
        arraySort(groupUniqArray(toString(action))) as actions,
        countIf(sessionid != '') as session_rows,
        countIf(order_id != '') as order_id_rows,
        countIf(product != '') as product_rows,
        countIf(category != '') as category_rows,
        arraySort(groupUniqArray(toString(city))) as cities,
        countIf(city != '') as city_rows,
        countIf(gender != '') as gender_rows,
        countIf(isNotNull(age)) as age_rows
    from source_events
    group by load_id, event_date
),

final as (
    select
        counted.*,
        loads.contract as contract,
        loads.currency as currency,
        loads.loaded_at as loaded_at,
        '{{ var("shop_timezone") }}' as shop_timezone
    from counted
    inner join loads on counted.load_id = loads.load_id
)

select * from final
