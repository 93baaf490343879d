"""`make bench`: what ingestion and build cost on 6.5M rows, beside plain ClickHouse, in one run.

Ratios are what matters: the machine is the same for both sides. Nothing here fails when a figure is bad.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bench import charts, preview
from bench.logs import FIRST_DAY, day, make_logs
from bench.process import ROOT, Cost, Project, measure

PROJECT = Project()
HOME = PROJECT.home
LOG = HOME / "log.csv"
SHORT_LOG = HOME / "short.csv"
NEW_DAY = HOME / "new_day.csv"
NEXT_DAY = HOME / "next_day.csv"
#: The big log, its last tenth, and two days after both.
LOGS = {
    LOG: (FIRST_DAY, day(3)),
    SHORT_LOG: (day(112), day(3)),
    NEW_DAY: (day(2), day(2)),
    NEXT_DAY: (day(1), day(1)),
}
SLICE = ("+fct_sales", "+fct_orders", "+fct_order_lines", "+dim_city", "+dim_date")


def main() -> None:
    """Run every comparison and print its ratio as it becomes known."""
    make_logs(PROJECT, LOGS)
    hand, ours, short = HOME / "plain", HOME / "warehouse", HOME / "short"
    for warehouse in (hand, ours, short):
        shutil.rmtree(warehouse, ignore_errors=True)

    plain_insert = python("bench.plain_insert", str(hand), str(LOG))
    ingest = telemetry(ours, "ingest", str(LOG), "--quiet")
    compare("ingestion", ingest, "plain INSERT ... SELECT FROM file()", plain_insert, 2.0)

    start_up = dbt(ours, "list", "--quiet", "--no-partial-parse")
    dbt(ours, "seed", "--quiet")
    slice_build = dbt(ours, "run", "--quiet", "-s", *SLICE)
    by_hand = python("bench.run_sql", str(hand), str(ROOT / "bench" / "handwritten.sql"))
    net = Cost(slice_build.seconds - start_up.seconds, slice_build.peak_mib)
    compare("dbt run of the slice, without start-up", net, "hand-written SQL", by_hand, 1.5)

    show("dbt build of everything, with all tests", dbt(ours, "build", "--quiet", "--full-refresh"), 90)

    new_ingest = telemetry(ours, "ingest", str(NEW_DAY), "--quiet")
    show("one new day, ingestion", new_ingest, 8)
    new_slice = dbt(ours, "run", "--quiet", "-s", *SLICE)
    full = Cost(ingest.seconds + slice_build.seconds, max(ingest.peak_mib, slice_build.peak_mib))
    new = Cost(new_ingest.seconds + new_slice.seconds, max(new_ingest.peak_mib, new_slice.peak_mib))
    compare("one new day, ingest and slice", new, "full load", full, 0.15)

    dbt(ours, "run", "--quiet")
    telemetry(short, "ingest", str(SHORT_LOG), str(NEW_DAY), "--quiet")
    dbt(short, "build", "--quiet", "--exclude-resource-type", "unit_test", "test")
    for warehouse in (ours, short):
        telemetry(warehouse, "ingest", str(NEXT_DAY), "--quiet")
    new_day, of_short = (dbt(warehouse, "run", "--quiet") for warehouse in (ours, short))
    show("one new day, dbt run of everything", new_day, 20)
    compare("one new day on the whole history", new_day, "on a tenth of it", of_short, 1.2)

    charts.main(ours)
    preview.main(ours)


def python(module: str, *arguments: str) -> Cost:
    return measure([sys.executable, "-m", module, *arguments], PROJECT.environment(HOME / "warehouse"), ROOT)


def telemetry(warehouse: Path, *arguments: str) -> Cost:
    return PROJECT.run(warehouse, "telemetry", *arguments)


def dbt(warehouse: Path, *arguments: str) -> Cost:
    return PROJECT.run(warehouse, "dbt", *arguments)


def compare(name: str, ours: Cost, peer_name: str, peer: Cost, aim: float) -> None:
    show(name, ours)
    show(f"  {peer_name}", peer)
    time, memory = ours.seconds / peer.seconds, ours.peak_mib / peer.peak_mib
    print(f"  ratio {time:.2f} (aim {aim}), memory {memory:.2f}\n", flush=True)


def show(name: str, cost: Cost, aim: float | None = None) -> None:
    wanted = "" if aim is None else f"  (aim {aim:.0f} s)"
    print(f"{name:<45} {cost.seconds:8.1f} s {cost.peak_mib:8.0f} MiB{wanted}", flush=True)


if __name__ == "__main__":
    main()
