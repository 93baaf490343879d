"""Rows of int_revenue_forecast and int_forecast_accuracy."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from business_telemetry.anomalies import Panel
from business_telemetry.forecast import NAIVE, forecast
from business_telemetry.stat_frames.panels import in_order, panel_of

FORECAST_MIN_DAYS = 56
PLACE_COLUMNS = ["origin_date", "is_backtest", "level", "segment", "date", "horizon", "candidate"]
FORECAST_COLUMNS = [*PLACE_COLUMNS, "p50", "lo80", "hi80", "actual"]
ACCURACY_COLUMNS = ["level", "candidate", "origins", "wape", "mase", "coverage", "wape_vs_naive", "is_winner"]


def forecast_frame(series: pd.DataFrame, holidays: pd.DataFrame) -> pd.DataFrame:
    """Daily revenue 92 days ahead of every backtest origin and of the last whole day."""
    revenue = revenue_of(series)
    if revenue.empty:
        return pd.DataFrame(columns=FORECAST_COLUMNS)
    panel = panel_of(revenue, holidays, None)
    runs, _ = forecast(panel, levels_of(revenue, panel))
    names = revenue[["segment_type", "segment"]].iloc[:: len(panel.dates)].to_numpy()
    known = dict(zip(panel.dates.tolist(), np.where(panel.observed, panel.y, np.nan).T, strict=True))
    unknown = np.full(len(panel.y), np.nan)
    rows = []
    for run in runs:
        actual = [known.get(day, unknown) for day in run.dates.tolist()]
        for row, (level, segment) in enumerate(names):
            for ahead, day in enumerate(run.dates):
                rows.append(
                    (
                        run.origin,
                        run.origin != panel.dates[-1],
                        level,
                        segment,
                        day,
                        ahead + 1,
                        run.candidate[row],
                        *(roubles(values[row, ahead]) for values in (run.p50, run.low, run.high)),
                        None if np.isnan(actual[ahead][row]) else roubles(round(actual[ahead][row] * 100)),
                    )
                )
    return pd.DataFrame(rows, columns=FORECAST_COLUMNS)


def accuracy_frame(series: pd.DataFrame, holidays: pd.DataFrame) -> pd.DataFrame:
    """One row per level and candidate; none before the history allows a backtest."""
    revenue = revenue_of(series)
    if revenue.empty:
        return pd.DataFrame(columns=ACCURACY_COLUMNS)
    panel = panel_of(revenue, holidays, None)
    _, accuracy = forecast(panel, levels_of(revenue, panel))
    frame = pd.DataFrame([vars(row) for row in accuracy], columns=ACCURACY_COLUMNS)
    naive = frame[frame["candidate"] == NAIVE].set_index("level")["wape"]
    return frame.assign(wape_vs_naive=frame["wape"] / frame["level"].map(naive.where(naive > 0)))


def revenue_of(series: pd.DataFrame) -> pd.DataFrame:
    """Revenue of the whole shop, its categories and its cities, in order; none where history is too short."""
    wanted = series["segment_type"].isin(["all", "category", "city"]) & (series["metric"] == "revenue")
    revenue = in_order(series[wanted])
    return revenue if revenue["day"].nunique() >= FORECAST_MIN_DAYS else revenue.iloc[:0]


def levels_of(revenue: pd.DataFrame, panel: Panel) -> list[str]:
    """The level of each of the panel's series."""
    levels: list[str] = revenue["segment_type"].iloc[:: len(panel.dates)].astype(str).tolist()
    return levels


def roubles(kopecks: int) -> Decimal:
    """An amount with its two decimals."""
    return Decimal(int(kopecks)).scaleb(-2)
