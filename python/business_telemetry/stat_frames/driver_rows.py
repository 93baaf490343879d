"""Rows of int_anomaly_drivers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from business_telemetry.anomalies import additive_contributions, ratio_contributions
from business_telemetry.stat_frames.panels import KEY, ratio

OVERLAP = "Пересечение"  # the member that closes the sum where members share buyers or sessions
EXACT = 1e-9  # relative size from which a rest is an overlap and not rounding
EVENT_COLUMNS = ["event_key", "metric", "event_start", "event_end"]
DRIVER_COLUMNS = [
    *EVENT_COLUMNS,
    *["dimension", "member", "actual", "expected", "delta", "contribution", "total_delta"],
]


def driver_frame(scores: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """One row per anomaly of a whole-shop series, dimension and member."""
    if scores.empty:
        return pd.DataFrame(columns=DRIVER_COLUMNS)
    flagged = scores[scores["is_anomaly"] & (scores["segment_type"] == "all")]
    concerned = flagged[["metric", "day"]].drop_duplicates()
    values = series[series["day"].isin(concerned["day"]) & series["metric"].isin(concerned["metric"])]
    days = (
        scores[scores["day"].isin(concerned["day"])]
        .merge(concerned, on=["metric", "day"])
        .merge(values[["day", *KEY, "numerator", "denominator", "is_ratio"]], on=["day", *KEY], how="left")
    )
    days["usual"] = (days["expected"] * days["denominator"]).fillna(0.0)
    whole = days[days["is_anomaly"] & (days["segment_type"] == "all")]
    parts = dict(list(days[days["segment_type"] != "all"].groupby("metric", observed=True)))
    found = [
        row
        for _, event in whole.groupby("event_key", sort=True)
        for row in event_drivers(event, parts[event["metric"].iloc[0]])
    ]
    return pd.DataFrame(found, columns=DRIVER_COLUMNS)


def event_drivers(event: pd.DataFrame, parts: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of one anomaly: `event` holds its flagged days, `parts` all days of the metric's segments."""
    head, amounts = event.iloc[0], ["numerator", "denominator", "usual"]
    total = event[amounts].sum()
    members = parts[parts["day"].isin(event["day"])]
    rows: list[dict[str, object]] = []
    for dimension, group in members.groupby("segment_type", observed=True, sort=True):
        sums = group.groupby("segment", observed=True, sort=True)[amounts].sum()
        actual, size, usual = (sums[name].to_numpy(float) for name in amounts)
        if head["is_ratio"]:
            usual_ratio = total["usual"] / total["denominator"]
            delta, rest = ratio_contributions(
                actual, size, total["numerator"], total["denominator"], usual_ratio
            )
            whole = total["numerator"] / total["denominator"] - usual_ratio
            shown, normal = ratio(actual, size), ratio(usual, size)
            overlap = np.nan, np.nan
        else:
            delta, rest = additive_contributions(actual, usual, total["numerator"], total["usual"])
            whole = total["numerator"] - total["usual"]
            shown, normal = actual, actual - delta
            overlap = total["numerator"] - actual.sum(), total["numerator"] - actual.sum() - rest
        names = [str(name) for name in sums.index]
        values = list(zip(names, shown, normal, delta, strict=True))
        if abs(rest) > EXACT * abs(whole):
            values.append((OVERLAP, *overlap, rest))
        rows += [
            {
                "event_key": head["event_key"],
                "metric": head["metric"],
                "event_start": head["event_start"],
                "event_end": head["event_end"],
                "dimension": dimension,
                "member": name,
                "actual": value,
                "expected": expected,
                "delta": part,
                "contribution": part / whole if whole else np.nan,
                "total_delta": whole,
            }
            for name, value, expected, part in values
        ]
    return rows
