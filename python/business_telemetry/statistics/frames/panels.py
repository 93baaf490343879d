"""From rows of int_metric_series to a panel."""

from __future__ import annotations

import numpy as np
import pandas as pd

from business_telemetry.statistics.series import CalendarDay, Panel
from business_telemetry.statistics.series.panel import Bools, Floats

KEY = ["metric", "segment_type", "segment"]
DAY = np.timedelta64(1, "D")


def by_series(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows sorted by metric, the whole shop before its segments, and day."""
    sorted_ = frame.assign(part=frame["segment_type"].astype(str) != "all").sort_values(
        ["metric", "part", "segment_type", "segment", "day"]
    )
    return sorted_.drop(columns="part").reset_index(drop=True)


def in_order(series: pd.DataFrame) -> pd.DataFrame:
    """The series' rows up to the last whole day, in the order of a panel; none if no day is whole."""
    last = series.loc[~series["is_partial"].astype(bool), "day"].max()
    return by_series(series[series["day"] <= last])


def panel_of(series: pd.DataFrame, holidays: pd.DataFrame, campaigns: pd.DataFrame | None = None) -> Panel:
    """The panel of ordered rows; the first series of each metric is the parent of the others."""
    days = series["day"].nunique()
    heads = series[KEY].iloc[::days].astype(str).reset_index(drop=True)
    rows = np.arange(len(heads))
    roots = np.asarray(
        heads.groupby("metric")["metric"].transform(lambda group: group.index[0]), dtype=np.int64
    )
    return Panel(
        dates=series["day"].iloc[:days].to_numpy("datetime64[D]"),
        metric=heads["metric"].tolist(),
        y=series["numerator"].to_numpy(float).reshape(-1, days),
        n=series["denominator"].to_numpy(float).reshape(-1, days),
        parent=np.where(roots == rows, -1, roots),
        money=series["is_money"].to_numpy(bool)[::days],
        partial=series["is_partial"].to_numpy(bool)[:days],
        calendar=[
            *holiday_days(holidays),
            *([] if campaigns is None else campaign_days(campaigns, heads)),
        ],
    )


def holiday_days(holidays: pd.DataFrame) -> list[CalendarDay]:
    """Days of one name and the same date of the year share an effect."""
    return [
        CalendarDay(day, f"{name}/{str(day)[5:]}")
        for day, name in zip(holidays["date"].to_numpy("datetime64[D]"), holidays["name"], strict=True)
    ]


def campaign_days(campaigns: pd.DataFrame, heads: pd.DataFrame) -> list[CalendarDay]:
    """The days of one campaign share an effect in its cities and categories and in all other segments."""
    entries = []
    first_days, last_days = (campaigns[name].to_numpy("datetime64[D]") for name in ("starts_on", "ends_on"))
    for campaign, first, last in zip(campaigns.to_dict("records"), first_days, last_days, strict=True):
        outside = np.zeros(len(heads), dtype=np.bool_)
        for dimension, listed in (("city", campaign["cities"]), ("category", campaign["categories"])):
            if listed:
                outside |= (heads["segment_type"] == dimension) & ~heads["segment"].isin(listed.split("|"))
        scope = tuple(np.flatnonzero(~outside).tolist())
        entries += [CalendarDay(day, campaign["campaign"], scope) for day in np.arange(first, last + DAY)]
    return entries


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise quotient, NaN where the denominator is 0."""
    known: Bools = denominator > 0
    quotient: Floats = np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=known)
    return quotient
