"""Flags of the project's own method in the benchmark's form."""

from __future__ import annotations

import numpy as np
from bench.stats.protocol import Signs

from business_telemetry.statistics.anomalies import Scores, score
from business_telemetry.statistics.series import Panel


def our_flags(panel: Panel) -> tuple[Signs, Scores]:
    """Signs of the flagged days, and the scores they come from."""
    result = score(panel)
    sign = np.array([1 if event.score > 0 else -1 for event in result.events] + [0], dtype=np.int8)
    return sign[result.event], result
