"""Rows of int_anomaly_drivers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from business_telemetry.statistics.anomalies import additive_contributions, ratio_contributions
from business_telemetry.statistics.frames.panels import ratio

OVERLAP = "Пересечение"  # the member that closes the sum where members share buyers or sessions
EXACT = 1e-9  # relative size from which a rest is an overlap and not rounding
AMOUNTS = ["numerator", "denominator", "usual"]
EVENT_COLUMNS = ["event_key", "metric", "event_start", "event_end"]
DRIVER_COLUMNS = [
    *EVENT_COLUMNS,
    *["dimension", "member", "actual", "expected", "delta", "contribution", "total_delta"],
]


def driver_frame(sums: pd.DataFrame) -> pd.DataFrame:
    """One row per anomaly of a whole-shop series, dimension and member."""
    ordered = sums.sort_values(["event_key", "segment_type", "segment"])
    is_whole = ordered["segment_type"] == "all"
    wholes = {row["event_key"]: row for row in ordered[is_whole].to_dict("records")}
    parts = ordered[~is_whole].groupby(["event_key", "segment_type"], observed=True)
    found = [row for (key, _), members in parts for row in event_drivers(wholes[key], members)]
    return pd.DataFrame(found, columns=DRIVER_COLUMNS)


def event_drivers(whole: Mapping[Hashable, Any], members: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of one anomaly and dimension."""
    actual, size, usual = (members[name].to_numpy(float) for name in AMOUNTS)
    if whole["is_ratio"]:
        usual_ratio = whole["usual"] / whole["denominator"]
        delta, rest = ratio_contributions(actual, size, whole["numerator"], whole["denominator"], usual_ratio)
        moved = whole["numerator"] / whole["denominator"] - usual_ratio
        shown, normal = ratio(actual, size), ratio(usual, size)
        overlap = np.nan, np.nan
    else:
        delta, rest = additive_contributions(actual, usual, whole["numerator"], whole["usual"])
        moved = whole["numerator"] - whole["usual"]
        shown, normal = actual, actual - delta
        overlap = whole["numerator"] - actual.sum(), whole["numerator"] - actual.sum() - rest
    values = list(zip(members["segment"].astype(str), shown, normal, delta, strict=True))
    if abs(rest) > EXACT * abs(moved):
        values.append((OVERLAP, *overlap, rest))
    return [
        {
            "event_key": whole["event_key"],
            "metric": whole["metric"],
            "event_start": whole["event_start"],
            "event_end": whole["event_end"],
            "dimension": members["segment_type"].iloc[0],
            "member": name,
            "actual": value,
            "expected": expected,
            "delta": part,
            "contribution": part / moved if moved else np.nan,
            "total_delta": moved,
        }
        for name, value, expected, part in values
    ]
