with

gazetteer as (
    select
        *,
        {{ city_spelling('city') }} as spelling
    from {{ ref('cities') }}
),

seen as (
    select distinct city from {{ ref('stg_events') }}
),

observed as (
    select
        city,
        {{ city_spelling('city') }} as spelling
    from seen
),

-- the log's spelling wins; cities that the gazetteer lacks stay, without a place on the map
all_cities as (
    select
        city,
        spelling
    from observed
    union all
    select
        city,
        spelling
    from gazetteer
    where spelling not in (select observed.spelling from observed)
),

final as (
    select
        toLowCardinality(all_cities.city) as city,
        gazetteer.city_en as city_en,
        gazetteer.region as region,
        gazetteer.federal_district as federal_district,
        gazetteer.latitude as latitude,
        gazetteer.longitude as longitude,
        gazetteer.utc_offset_hours as utc_offset_hours,
        gazetteer.population as population,
        concat('[', toString(gazetteer.latitude), ', ', toString(gazetteer.longitude), ']') as geopoint
    from all_cities
    left join gazetteer on all_cities.spelling = gazetteer.spelling
)

select * from final
