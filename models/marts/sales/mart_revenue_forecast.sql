select
    origin_date,
    is_backtest,
    level,
    segment,
    date,
    horizon,
    candidate,
    p50,
    lo80,
    hi80,
    actual
from {{ ref('int_revenue_forecast') }}
