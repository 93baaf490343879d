with

months as (
    select * from {{ ref('int_anomaly_months') }}
),

flags as (
    select
        toStartOfMonth(day) as month,
        metric,
        segment_type,
        segment,
        countIf(is_anomaly) as anomaly_days
    from {{ ref('mart_anomalies') }}
    group by month, metric, segment_type, segment
),

final as (
    select
        months.month as month,
        months.metric as metric,
        months.segment_type as segment_type,
        months.segment as segment,
        months.actual as actual,
        months.expected as expected,
        months.lower as lower,
        months.upper as upper,
        months.observed_days as observed_days,
        toUInt8(coalesce(flags.anomaly_days, 0)) as anomaly_days,
        months.is_odd as is_odd,
        months.direction as direction
    from months
    left join flags
        on months.month = flags.month
            and months.metric = flags.metric
            and months.segment_type = flags.segment_type
            and months.segment = flags.segment
)

select * from final
