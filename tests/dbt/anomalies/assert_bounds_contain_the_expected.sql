-- a NULL expectation has no bounds, and an ordinary deviation of floats is no fault
select
    metric,
    segment_type,
    segment,
    day
from {{ ref('mart_anomalies') }}
where expected is null != (lower is null or upper is null)
    or lower > expected * (1 + 1e-9)
    or upper < expected * (1 - 1e-9)
