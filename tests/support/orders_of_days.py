"""A shop's daily orders made by hand, for tests of the anomaly scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from business_telemetry.statistics.series import Panel

START = np.datetime64("2022-01-01")
DAY = np.timedelta64(1, "D")
WEEKDAYS = np.array([1.0, 0.95, 0.95, 1.0, 1.1, 1.2, 0.9])
SHARES = np.array([0.5, 0.3, 0.2])


def shop(days: int = 1000, seed: int = 7, step: float = 1.0) -> Panel:
    """Orders in all and in three cities that add up; every September is `step` times as busy."""
    random = np.random.default_rng(seed)
    dates = START + np.arange(days)
    months = dates.astype("datetime64[M]").astype(int) % 12
    rate = 400 * WEEKDAYS[np.arange(days) % 7] * np.where(months == 8, step, 1.0)
    cities = random.poisson(SHARES[:, None] * rate * random.normal(1, 0.03, days)).astype(float)
    y = np.vstack([cities.sum(0), cities])
    return Panel(
        dates=dates,
        metric=["orders"] * 4,
        y=y,
        n=np.ones_like(y),
        parent=np.array([-1, 0, 0, 0]),
        money=np.zeros(4, dtype=bool),
        partial=np.zeros(days, dtype=bool),
    )


def change(panel: Panel, rows: slice | list[int], days: slice, factor: float) -> Panel:
    y = panel.y.copy()
    y[rows, days] = np.round(y[rows, days] * factor)
    return replace(panel, y=y)
