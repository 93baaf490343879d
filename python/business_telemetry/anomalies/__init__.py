"""Anomalies of daily metrics: expected values, flagged intervals and what moved them. Pure functions."""

from business_telemetry.anomalies.detect import score
from business_telemetry.anomalies.drivers import additive_contributions, ratio_contributions
from business_telemetry.anomalies.events import Event, Scores
from business_telemetry.anomalies.panel import CalendarDay, Panel

__all__ = [
    "CalendarDay",
    "Event",
    "Panel",
    "Scores",
    "additive_contributions",
    "ratio_contributions",
    "score",
]
