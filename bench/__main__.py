"""`make bench`: what ingestion and build cost on 6.5M rows, beside plain ClickHouse, in one run.

Ratios are what matters: the machine is the same for both sides. Nothing here fails when a figure is bad.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO

from bench import charts, preview
from bench.process import Cost, measure

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HOME = ROOT / "data" / "bench"
LOG = HOME / "log.csv"
SHORT_LOG = HOME / "short.csv"
NEW_DAY = HOME / "new_day.csv"
NEXT_DAY = HOME / "next_day.csv"
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
SLICE = ("+fct_sales", "+fct_orders", "+fct_order_lines", "+dim_city", "+dim_date")


def main() -> None:
    """Run every comparison and print its ratio as it becomes known."""
    make_logs()
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


def make_logs() -> None:
    """One long log, generated once and cut by day: the big log, its last tenth, and two days after both."""
    if NEXT_DAY.exists():
        return
    HOME.mkdir(parents=True, exist_ok=True)
    whole = HOME / "whole.csv"
    python("business_telemetry", "generate", str(whole), "--sessions", "1272300", "--days", "1107", "--quiet")
    first = date(2021, 12, 26)
    next_day, new_day, short = ((first + timedelta(days=1107 - n)).isoformat() for n in (1, 2, 112))
    with ExitStack() as files:
        lines = files.enter_context(whole.open(encoding="utf-8", errors="surrogateescape", newline=""))
        big, tenth, new, following = (
            files.enter_context(path.open("w", encoding="utf-8", errors="surrogateescape", newline=""))
            for path in (LOG, SHORT_LOG, NEW_DAY, NEXT_DAY)
        )
        header = next(lines)
        for file in (big, tenth, new, following):
            file.write(header)
        targets: tuple[TextIO, ...] = (big,)
        for line in lines:
            fields = line.split(",", 4)
            day = fields[3][:10] if len(fields) > 4 else ""
            if ISO_DAY.fullmatch(day):  # else a malformed line, which stays with the one before it
                targets = (following,) if day >= next_day else (new,) if day >= new_day else (big,)
                targets += (tenth,) * (short <= day < new_day)
            for target in targets:
                target.write(line)
    whole.unlink()


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


def dbt(warehouse: Path, *arguments: str) -> Cost:
    return measure([str(BIN / "dbt"), *arguments], environment(warehouse), ROOT)


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
