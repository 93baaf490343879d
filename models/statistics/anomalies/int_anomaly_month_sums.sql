with

series as (
    select * from {{ ref('int_metric_series') }}
    where not is_partial and denominator > 0
),

scores as (
    select * from {{ ref('int_anomaly_scores') }}
),

final as (
    select
        toStartOfMonth(series.day) as month,
        series.metric as metric,
        series.segment_type as segment_type,
        series.segment as segment,
        any(series.is_money) as is_money,
        sum(series.numerator) as actual,
        sum(series.denominator) as denominator,
        coalesce(sum(scores.expected * series.denominator), 0) as expected,
        coalesce(sum(pow(scores.noise * series.denominator, 2)), 0) as noise_variance,
        coalesce(sum(scores.doubt * scores.expected * series.denominator), 0) as doubt,
        toUInt8(count()) as observed_days,
        toUInt8(countIf(scores.is_tested)) as tested_days
    from series
    inner join scores
        on series.day = scores.day
            and series.metric = scores.metric
            and series.segment_type = scores.segment_type
            and series.segment = scores.segment
    group by month, series.metric, series.segment_type, series.segment
)

select * from final
