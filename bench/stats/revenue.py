"""Forecast benchmark: the last 92 days of labelled logs, predicted from what was known before."""

from __future__ import annotations

import numpy as np
from bench.stats.logs import draw, holiday_calendar
from bench.stats.shop import VARIANTS

from business_telemetry.statistics.forecast import HORIZON, forecast, predict
from business_telemetry.statistics.forecast.candidates import seasonal_naive
from business_telemetry.statistics.series import Panel
from shop_simulator import DailyLog

LEVELS = ("all", "category", "city")


def revenue_panel(log: DailyLog) -> tuple[Panel, list[str]]:
    """The total, its categories and its cities, whole days only."""
    rows = [row for level in LEVELS for row, segment in enumerate(log.segments) if segment[0] == level]
    y = log.values["revenue"][rows]
    panel = Panel(
        dates=log.days.astype("datetime64[D]"),
        metric=["revenue"] * len(rows),
        y=y,
        n=np.ones_like(y),
        parent=np.array([-1] + [0] * (len(rows) - 1)),
        money=np.ones(len(rows), dtype=bool),
        partial=log.is_partial,
        calendar=holiday_calendar(),
    )
    return panel, [log.segments[row][0] for row in rows]


def main(seeds: range) -> None:
    """Print WAPE beside the seasonal naive's, coverage, and the largest gap between sums."""
    sums = {level: np.zeros(5) for level in LEVELS}
    gap = 0
    for position, seed in enumerate(seeds):
        log = draw(seed, {**VARIANTS[position % len(VARIANTS)], "incidents": "standard"})
        panel, levels = revenue_panel(log)
        last = int(np.flatnonzero(~panel.partial)[-1])
        known = panel.as_of(panel.dates[last - HORIZON])
        result = forecast(predict(known, levels))
        p50, low, high = (part[-1] for part in (result.p50, result.low, result.high))
        actual = panel.y[:, last - HORIZON + 1 : last + 1]
        naive = seasonal_naive(known, HORIZON)
        for level in LEVELS:
            rows = np.array([name == level for name in levels])
            inside = (actual >= low / 100) & (actual <= high / 100)
            error = np.abs(actual - p50 / 100)[rows].sum()
            sums[level] += [
                error,
                np.abs(actual - naive)[rows].sum(),
                actual[rows].sum(),
                inside[rows].sum(),
                inside[rows].size,
            ]
            gap = max(gap, int(np.abs(p50[rows].sum(0) - p50[0]).max()))
    print(f"\nRevenue of the last {HORIZON} days from what was known, seeds {seeds.start}-{seeds.stop - 1}")
    print(f"{'level':10s} {'WAPE':>6s} {'naive':>6s} {'ratio':>6s} {'80 % interval':>14s}")
    for level, (error, naive_error, total, held, cells) in sums.items():
        print(
            f"{level:10s} {error / total:6.3f} {naive_error / total:6.3f} {error / naive_error:6.2f} "
            f"{100 * held / cells:12.1f} %"
        )
    print(f"largest difference between a level's sum and the total: {gap} kopecks")
