select
    event_key,
    metric,
    event_start,
    event_end,
    dimension,
    member,
    actual,
    expected,
    delta,
    contribution,
    total_delta
from {{ ref('int_anomaly_drivers') }}
