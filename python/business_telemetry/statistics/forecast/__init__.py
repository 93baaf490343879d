"""Daily forecasts: candidates, the backtest that weighs them, the forecast with its range."""

from business_telemetry.statistics.forecast.backtest import (
    COVERAGE,
    HORIZON,
    WEIGHTED,
    Forecast,
    Predictions,
    accuracies,
    forecast,
    interval_factors,
    predict,
    reconcile,
)
from business_telemetry.statistics.forecast.candidates import NAIVE

__all__ = [
    "COVERAGE",
    "HORIZON",
    "NAIVE",
    "WEIGHTED",
    "Forecast",
    "Predictions",
    "accuracies",
    "forecast",
    "interval_factors",
    "predict",
    "reconcile",
]
