"""`make bench`: what ingestion and build cost on 6.5M rows, beside plain ClickHouse, in one run.

Ratios are what matters: the machine is the same for both sides. Nothing here fails when a figure is bad.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from bench.process import Cost, measure

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HOME = ROOT / "data" / "bench"
LOG = HOME / "log.csv"
NEW_DAY = HOME / "new_day.csv"
SLICE = ("+fct_sales", "+fct_orders", "+fct_order_lines", "+dim_city", "+dim_date")


def main() -> None:
    """Run every comparison and print its ratio as it becomes known."""
    make_logs()
    hand, ours = HOME / "plain", HOME / "warehouse"
    for warehouse in (hand, ours):
        shutil.rmtree(warehouse, ignore_errors=True)

    plain_insert = python("bench.plain_insert", str(hand), str(LOG))
    ingest = telemetry(ours, "ingest", str(LOG), "--quiet")
    compare("ingestion", ingest, "plain INSERT ... SELECT FROM file()", plain_insert, 2.5)

    start_up = dbt(ours, "list", "--quiet", "--no-partial-parse")
    slice_build = dbt(ours, "run", "--quiet", "-s", *SLICE, seeds=True)
    by_hand = python("bench.run_sql", str(hand), str(ROOT / "bench" / "handwritten.sql"))
    net = Cost(slice_build.seconds - start_up.seconds, slice_build.peak_mib)
    compare("dbt run of the slice, without start-up", net, "hand-written SQL", by_hand, 1.5)

    whole = dbt(ours, "build", "--quiet")
    show("dbt build of everything, with all tests", whole)

    new_ingest = telemetry(ours, "ingest", str(NEW_DAY), "--quiet")
    new_build = dbt(ours, "run", "--quiet", "-s", *SLICE)
    full = Cost(ingest.seconds + slice_build.seconds, max(ingest.peak_mib, slice_build.peak_mib))
    new = Cost(new_ingest.seconds + new_build.seconds, max(new_ingest.peak_mib, new_build.peak_mib))
    compare("one new day, ingest and slice", new, "full load", full, 0.15)
    show("one new day, dbt run of everything", dbt(ours, "run", "--quiet"))


def make_logs() -> None:
    """The big log and the day after it, generated once."""
    HOME.mkdir(parents=True, exist_ok=True)
    if not LOG.exists():
        python("business_telemetry", "generate", str(LOG), "--sessions", "1270000", "--quiet")
    if not NEW_DAY.exists():
        day = ("--sessions", "1150", "--users", "2000", "--days", "1", "--start", "2025-01-04")
        python("business_telemetry", "generate", str(NEW_DAY), *day, "--quiet")


def environment(warehouse: Path) -> dict[str, str]:
    return os.environ | {
        "TELEMETRY_WAREHOUSE": str(warehouse),
        "DBT_TARGET_PATH": str(HOME / "target"),
        "DBT_LOG_PATH": str(HOME / "logs"),
    }


def python(module: str, *arguments: str) -> Cost:
    return measure([sys.executable, "-m", module, *arguments], environment(HOME / "warehouse"), ROOT)


def telemetry(warehouse: Path, *arguments: str) -> Cost:
    return measure([str(BIN / "telemetry"), *arguments], environment(warehouse), ROOT)


def dbt(warehouse: Path, *arguments: str, seeds: bool = False) -> Cost:
    if seeds:
        dbt(warehouse, "seed", "--quiet")
    return measure([str(BIN / "dbt"), *arguments], environment(warehouse), ROOT)


def compare(name: str, ours: Cost, peer_name: str, peer: Cost, aim: float) -> None:
    show(name, ours)
    show(f"  {peer_name}", peer)
    time, memory = ours.seconds / peer.seconds, ours.peak_mib / peer.peak_mib
    print(f"  ratio {time:.2f} (aim {aim}), memory {memory:.2f}\n", flush=True)


def show(name: str, cost: Cost) -> None:
    print(f"{name:<45} {cost.seconds:8.1f} s {cost.peak_mib:8.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
