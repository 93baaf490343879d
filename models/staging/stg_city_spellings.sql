with

load_days as (
    select distinct arrayJoin(cities) as written from {{ ref('stg_load_days') }}
),

gazetteer as (
    select
        city,
        {{ city_spelling('city') }} as spelling
    from {{ ref('cities') }}
),

final as (
    select
        load_days.written as written,
        gazetteer.city as city
    from load_days
    inner join gazetteer on {{ city_spelling('load_days.written') }} = gazetteer.spelling
)

select * from final
