-- flags stand on tested days, at the promised false-discovery rate, with everything that describes their event
select
    metric,
    segment_type,
    segment,
    day
from {{ ref('mart_anomalies') }}
where is_anomaly != (kind != '')
    or is_anomaly != (direction != '')
    or is_anomaly != (severity != '')
    or is_anomaly != (event_key != '')
    or is_anomaly != (event_start is not null)
    or is_anomaly and (
        not is_tested
        or q_value > 0.02
        or first_flagged_on is null
        or day not between event_start and event_end
    )
    or not is_tested and (score != 0 or p_value != 1 or q_value != 1)
