"""Glue between the warehouse's tables and the arrays of `anomalies` and `forecast`: frames in, frames out.

Inputs are what the models refer to (`series` is int_metric_series, or int_revenue_series of it), outputs have
the columns that the models declare. Rows may come in any order, but every series must have every day. No rows
in, no rows out.
"""

from business_telemetry.statistics.frames.driver_rows import driver_frame
from business_telemetry.statistics.frames.forecast_rows import (
    accuracy_frame,
    forecast_frame,
    prediction_frame,
)
from business_telemetry.statistics.frames.score_rows import month_frame, score_frame

__all__ = [
    "accuracy_frame",
    "driver_frame",
    "forecast_frame",
    "month_frame",
    "prediction_frame",
    "score_frame",
]
