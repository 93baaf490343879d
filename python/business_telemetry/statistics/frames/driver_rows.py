"""Rows of int_anomaly_drivers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from business_telemetry.statistics.anomalies import additive_contributions, ratio_contributions
from business_telemetry.statistics.frames.panels import KEY, ratio

OVERLAP = "Пересечение"  # the member that closes the sum where members share buyers or sessions
EXACT = 1e-9  # relative size from which a rest is an overlap and not rounding
AMOUNTS = ["numerator", "denominator", "usual"]
EVENT_COLUMNS = ["event_key", "metric", "event_start", "event_end"]
DRIVER_COLUMNS = [
    *EVENT_COLUMNS,
    *["dimension", "member", "actual", "expected", "delta", "contribution", "total_delta"],
]


def driver_frame(scores: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """One row per anomaly of a whole-shop series, dimension and member."""
    events = scores.loc[scores["is_anomaly"] & (scores["segment_type"] == "all"), [*EVENT_COLUMNS, "day"]]
    if events.empty:
        return pd.DataFrame(columns=DRIVER_COLUMNS)
    sums = event_sums(events, scores, series)
    wholes = {row["event_key"]: row for row in sums[sums["segment_type"] == "all"].to_dict("records")}
    parts = sums[sums["segment_type"] != "all"].groupby(["event_key", "segment_type"], observed=True)
    found = [row for (key, _), members in parts for row in event_drivers(wholes[key], members)]
    return pd.DataFrame(found, columns=DRIVER_COLUMNS)


def event_sums(events: pd.DataFrame, scores: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Numerator, denominator and usual numerator of each event's days: one row per event and segment."""
    expected, values = (frame[frame["day"].isin(events["day"])] for frame in (scores, series))
    days = (
        expected[["day", *KEY, "expected"]]
        .merge(events, on=["metric", "day"])
        .merge(values[["day", *KEY, "numerator", "denominator", "is_ratio"]], on=["day", *KEY])
    )
    days["usual"] = (days["expected"] * days["denominator"]).fillna(0.0)
    each = [*EVENT_COLUMNS, "is_ratio", "segment_type", "segment"]
    return days.groupby(each, observed=True)[AMOUNTS].sum().reset_index()


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
