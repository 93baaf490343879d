select
    level,
    candidate,
    origins,
    wape,
    mase,
    coverage,
    wape_vs_naive,
    is_winner
from {{ ref('int_forecast_accuracy') }}
