"""`make bench SCALE=10`: what the steps cost on ten times as many rows, as ratios to the plain size."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from bench.logs import FIRST_DAY, day, make_logs
from bench.process import Cost, Project

STEPS = ("ingestion", "dbt build, nightly", "new day, ingestion", "new day, dbt run")


def main(scale: int) -> None:
    """Measure both sizes and print what grows faster than the rows."""
    (small, small_charts), (large, large_charts) = measured(1), measured(scale)
    print(f"\n{'':<24}{'plain':>20}{f'x{scale}':>20}{'ratio':>8}{'memory':>8}")
    for step in STEPS:
        one, many = small[step], large[step]
        cells = "".join(f"{cost.seconds:>8.1f} s{cost.peak_mib:>6.0f} MiB" for cost in (one, many))
        print(f"{step:<24}{cells}{many.seconds / one.seconds:>8.1f}{many.peak_mib / one.peak_mib:>8.2f}")
    for period, one_ms in small_charts.items():
        many_ms = large_charts[period]
        print(f"{f'charts, {period}, p95':<24}{one_ms:>17.0f} ms{many_ms:>17.0f} ms{many_ms / one_ms:>8.1f}")


def measured(scale: int) -> tuple[dict[str, Cost], dict[str, float]]:
    """Cost of each step, and the 95th percentile of the charts' SELECTs in milliseconds, by period."""
    project = Project(f"scale-{scale}")
    log, next_day = project.home / "log.csv", project.home / "next_day.csv"
    make_logs(project, {log: (FIRST_DAY, day(2)), next_day: (day(1), day(1))}, scale)
    warehouse = project.home / "warehouse"
    shutil.rmtree(warehouse, ignore_errors=True)
    commands = (
        ("telemetry", "ingest", str(log), "--quiet"),
        ("dbt", "build", "--quiet", "--selector", "nightly"),
        ("telemetry", "ingest", str(next_day), "--quiet"),
        ("dbt", "run", "--quiet"),
    )
    costs = {}
    for step, (program, *arguments) in zip(STEPS, commands, strict=True):
        costs[step] = project.run(warehouse, program, *arguments)
        cost = costs[step]
        print(f"x{scale:<4}{step:<24}{cost.seconds:>10.1f} s{cost.peak_mib:>8.0f} MiB", flush=True)
    asked = subprocess.run(
        [sys.executable, "-m", "bench.charts", str(warehouse)], check=True, capture_output=True, text=True
    ).stdout
    found = re.findall(r"^all SELECTs, (.*?): p50 \d+ ms, p95 (\d+) ms", asked, re.MULTILINE)
    return costs, {period: float(p95) for period, p95 in found}


if __name__ == "__main__":
    main(int(sys.argv[1]))
