"""Anomalies of daily metrics: expected values, flagged intervals and what moved them. Pure functions."""

from business_telemetry.statistics.anomalies.detect import score
from business_telemetry.statistics.anomalies.drivers import additive_contributions, ratio_contributions
from business_telemetry.statistics.anomalies.events import Event, Scores

__all__ = [
    "Event",
    "Scores",
    "additive_contributions",
    "ratio_contributions",
    "score",
]
