"""How long scoring takes: 500 series over 1,100 days, and the same when one day is new."""

from __future__ import annotations

import time

import numpy as np

from business_telemetry.anomalies import Panel, score


def main() -> None:
    """Print wall and processor seconds."""
    random = np.random.default_rng(1)
    level = random.gamma(1.0, 100.0, (500, 1)) + 1
    y = random.poisson(level, (500, 1100)).astype(float)
    parent = np.where(np.arange(500) % 50 == 0, -1, np.arange(500) // 50 * 50)
    dates = np.datetime64("2022-01-01") + np.arange(1100)
    metric = [f"metric {row // 50}" for row in range(500)]
    panel = Panel(
        dates, metric, y, np.ones_like(y), parent, np.zeros(500, dtype=bool), np.zeros(1100, dtype=bool)
    )
    wall, busy = time.perf_counter(), time.process_time()
    score(panel)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    print(
        f"\nScoring 500 series x 1,100 days (a new day costs the same): {wall:.1f} s wall, {busy:.1f} s busy"
    )
