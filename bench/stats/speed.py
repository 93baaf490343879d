"""How long scoring takes, and how much memory."""

from __future__ import annotations

import resource
import time

import numpy as np

from business_telemetry.statistics.anomalies import score
from business_telemetry.statistics.series import Panel


def main() -> None:
    """Print wall and processor seconds and the process's peak of memory."""
    for series, days in ((500, 1100), (3000, 1106)):
        panel = noise(series, days)
        wall, busy = time.perf_counter(), time.process_time()
        score(panel)
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"Scoring {series} series x {days} days: {wall:.1f} s wall, {busy:.1f} s busy, peak {peak:.2f} GB"
        )


def noise(series: int, days: int) -> Panel:
    """Poisson counts of any level, fifty series a metric."""
    random = np.random.default_rng(1)
    y = random.poisson(random.gamma(1.0, 100.0, (series, 1)) + 1, (series, days)).astype(float)
    rows = np.arange(series)
    return Panel(
        dates=np.datetime64("2022-01-01") + np.arange(days),
        metric=[f"metric {row // 50}" for row in range(series)],
        y=y,
        n=np.ones_like(y),
        parent=np.where(rows % 50 == 0, -1, rows // 50 * 50),
        money=np.zeros(series, dtype=bool),
        partial=np.zeros(days, dtype=bool),
    )


if __name__ == "__main__":
    main()
