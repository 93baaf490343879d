"""Rows of int_anomaly_scores and int_anomaly_months."""

from __future__ import annotations

import numpy as np
import pandas as pd

from business_telemetry.statistics.anomalies import score
from business_telemetry.statistics.anomalies.months import MonthSums, months
from business_telemetry.statistics.frames.panels import KEY, in_order, panel_of, ratio

LABELS = ["kind", "direction", "severity", "event_key"]
EVENT_COLUMNS = [*LABELS, "event_start", "event_end", "impact", "impact_share"]
BAND_COLUMNS = ["expected", "lower", "upper"]
NOISE_COLUMNS = ["noise", "doubt"]
TEST_COLUMNS = ["score", "p_value", "q_value", "is_tested", "history", "is_anomaly"]
SCORE_COLUMNS = ["day", *KEY, "value", *BAND_COLUMNS, *NOISE_COLUMNS, *TEST_COLUMNS, *EVENT_COLUMNS, "as_of"]
SUMS = ["actual", "denominator", "expected", "noise_variance", "doubt", "tested_days"]
MONTH_COLUMNS = ["month", *KEY, "actual", *BAND_COLUMNS, "observed_days", "is_odd", "direction"]


def score_frame(series: pd.DataFrame, holidays: pd.DataFrame, campaigns: pd.DataFrame) -> pd.DataFrame:
    """One row per series and day up to the last whole day, which is the column `as_of`."""
    series = in_order(series)
    if series.empty:
        return pd.DataFrame(columns=SCORE_COLUMNS)
    panel = panel_of(series, holidays, campaigns)
    result = score(panel)
    keys = series[KEY].iloc[:: len(panel.dates)].astype(str).agg("/".join, axis=1).to_numpy()
    events = pd.DataFrame(
        [
            {
                "kind": event.kind.replace(" ", "_"),
                "direction": event.direction,
                "severity": event.severity,
                "event_key": f"{keys[event.series]}/{panel.dates[event.start]}",
                "event_start": panel.dates[event.start],
                "event_end": panel.dates[event.end - 1],
                "impact": event.impact,
                "impact_share": event.impact_share,
            }
            for event in result.events
        ],
        columns=EVENT_COLUMNS,
    )
    described = events.reindex(result.event.ravel()).reset_index(drop=True)
    described[LABELS] = described[LABELS].astype(object).fillna("")
    tested = result.is_tested
    frame = series[["day", *KEY]].assign(
        value=ratio(panel.y, panel.n).ravel(),
        expected=result.expected.ravel(),
        lower=result.lower.ravel(),
        upper=result.upper.ravel(),
        noise=result.noise.ravel(),
        doubt=result.doubt.ravel(),
        score=np.where(tested, result.score, 0.0).ravel(),
        p_value=result.p_value.ravel(),
        q_value=result.q_value.ravel(),
        is_tested=tested.ravel(),
        history=np.repeat(result.history, len(panel.dates)),
        is_anomaly=(result.event >= 0).ravel(),
        as_of=panel.dates[-1],
    )
    return pd.concat([frame, described], axis=1)[SCORE_COLUMNS]


def month_frame(sums: pd.DataFrame) -> pd.DataFrame:
    """One row per series and month of the sums; values are means per day."""
    if sums.empty:
        return pd.DataFrame(columns=MONTH_COLUMNS)
    ordered = sums.sort_values([*KEY, "month"], ignore_index=True)
    result = months(
        MonthSums(
            series=ordered.groupby(KEY, observed=True, sort=False).ngroup().to_numpy().astype(np.int64),
            metric=ordered["metric"].to_numpy(str),
            money=ordered["is_money"].to_numpy(bool),
            **{name: ordered[name].to_numpy(float) for name in SUMS},
        )
    )
    return ordered[["month", *KEY, "observed_days"]].assign(
        actual=result.actual,
        expected=result.expected,
        lower=result.lower,
        upper=result.upper,
        is_odd=result.is_odd,
        direction=np.where(result.is_odd, np.where(result.score > 0, "up", "down"), ""),
    )[MONTH_COLUMNS]
