select
    day,
    metric,
    segment_type,
    segment,
    numerator,
    denominator,
    is_money,
    is_partial
from {{ ref('int_metric_series') }}
where metric = 'revenue' and segment_type in ('all', 'category', 'city')
