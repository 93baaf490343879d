with

scores as (
    select * from {{ ref('int_anomaly_scores') }}
),

event_days as (
    select
        event_key,
        metric,
        event_start,
        event_end,
        day
    from scores
    where is_anomaly and segment_type = 'all'
),

series as (
    select * from {{ ref('int_metric_series') }}
    where day in (select event_days.day from event_days)
),

expected as (
    select * from scores
    where day in (select event_days.day from event_days)
),

final as (
    select
        event_days.event_key as event_key,
        event_days.metric as metric,
        event_days.event_start as event_start,
        event_days.event_end as event_end,
        series.segment_type as segment_type,
        series.segment as segment,
        any(series.is_ratio) as is_ratio,
        sum(series.numerator) as numerator,
        sum(series.denominator) as denominator,
        coalesce(sum(expected.expected * series.denominator), 0) as usual
    from event_days
    inner join series
        on event_days.day = series.day
            and event_days.metric = series.metric
    inner join expected
        on series.day = expected.day
            and series.metric = expected.metric
            and series.segment_type = expected.segment_type
            and series.segment = expected.segment
    group by
        event_days.event_key,
        event_days.metric,
        event_days.event_start,
        event_days.event_end,
        series.segment_type,
        series.segment
)

select * from final
