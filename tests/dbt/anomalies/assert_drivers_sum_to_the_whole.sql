-- each anomaly of the whole shop is split along all four dimensions, and each split closes
with

drivers as (
    select * from {{ ref('mart_anomaly_drivers') }}
),

splits as (
    select
        drivers.event_key as event_key,
        drivers.dimension as dimension,
        sum(drivers.delta) as delta,
        sum(drivers.contribution) as contribution,
        max(drivers.total_delta) as total_delta,
        sum(abs(drivers.delta)) as moved
    from drivers
    group by drivers.event_key, drivers.dimension
),

events as (
    select distinct event_key
    from {{ ref('mart_anomalies') }}
    where segment_type = 'all' and is_anomaly
),

counted as (
    select
        events.event_key as event_key,
        countIf(splits.dimension is not null) as dimension_count
    from events
    left join splits on events.event_key = splits.event_key
    group by events.event_key
)

select event_key
from splits
where abs(delta - total_delta) > 1e-9 * moved
    or abs(contribution - 1) > 1e-9 * moved / abs(total_delta)
union all
select event_key
from counted
where dimension_count != 4
