"""Rows of int_anomaly_scores and int_anomaly_months."""

from __future__ import annotations

import numpy as np
import pandas as pd

from business_telemetry.statistics.anomalies import score
from business_telemetry.statistics.anomalies.months import months
from business_telemetry.statistics.frames.panels import KEY, by_series, in_order, panel_of, ratio
from business_telemetry.statistics.series.expected import Expected

LABELS = ["kind", "direction", "severity", "event_key"]
EVENT_COLUMNS = [*LABELS, "event_start", "event_end", "impact", "impact_share"]
BAND_COLUMNS = ["expected", "lower", "upper"]
NOISE_COLUMNS = ["noise", "doubt"]
TEST_COLUMNS = ["score", "p_value", "q_value", "is_tested", "history", "is_anomaly"]
SCORE_COLUMNS = ["day", *KEY, "value", *BAND_COLUMNS, *NOISE_COLUMNS, *TEST_COLUMNS, *EVENT_COLUMNS, "as_of"]
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


def month_frame(series: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """One row per series and month with an observed whole day; values are means per day."""
    series = in_order(series)
    if series.empty:
        return pd.DataFrame(columns=MONTH_COLUMNS)
    panel = panel_of(series)
    scores = by_series(scores[["day", *KEY, "expected", *NOISE_COLUMNS, "is_tested"]])
    mean, noise, doubt = (
        scores[name].fillna(0.0).to_numpy(float).reshape(panel.y.shape)
        for name in ("expected", *NOISE_COLUMNS)
    )
    known = Expected(mean * panel.n, (noise * panel.n) ** 2, doubt)
    result = months(panel, known, scores["is_tested"].to_numpy(bool).reshape(panel.y.shape))
    count = len(result.month)
    frame = series[KEY].iloc[:: len(panel.dates)]
    frame = frame.loc[frame.index.repeat(count)].reset_index(drop=True)
    odd = result.is_odd
    frame = frame.assign(
        month=np.tile(result.month.astype("datetime64[s]"), len(panel.y)),
        actual=result.actual.ravel(),
        expected=result.expected.ravel(),
        lower=result.lower.ravel(),
        upper=result.upper.ravel(),
        observed_days=result.observed_days.ravel(),
        is_odd=odd.ravel(),
        direction=np.where(odd, np.where(result.score > 0, "up", "down"), "").ravel(),
    )
    return frame.loc[frame["observed_days"] > 0, MONTH_COLUMNS].reset_index(drop=True)
