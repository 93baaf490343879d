"""`python -m bench.charts`: how quickly the SELECTs of the catalogue answer on the benchmark's warehouse.

Beside them the same questions asked of the raw events table, where raw events can answer them at all.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from clickhouse_connect import get_client

from business_telemetry.dashboard.compile import Filters, View, compile_sql
from business_telemetry.dashboard.load import load_catalogue

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

HERE = Path(__file__).parent
WAREHOUSE = HERE.parent / "data" / "bench" / "warehouse"
MARTS = "telemetry_marts"
SPAN = "select min(event_date), max(event_date) from telemetry_marts.fct_sales"
REPEATS = 7
AIM_MS = 150


def main(warehouse: Path = WAREHOUSE) -> None:
    """Print the median and the 95th percentile of each SELECT, over the last year and the whole log."""
    client = get_client(interface="chdb", path=str(warehouse))
    catalogue = load_catalogue(HERE.parent / "dashboard")
    ((first, last),) = client.query(SPAN).result_rows
    periods = Filters(last.replace(year=last.year - 1), last), Filters(first, last)
    raw_questions = dict(sections((HERE / "raw_questions.sql").read_text(encoding="utf-8")))
    print(
        f"{'chart':<24}{'last year, p50 p95 ms':>24}{'whole log, p50 p95 ms':>24}{'raw, ms':>10}{'ratio':>8}"
    )
    every = []
    for name, chart in catalogue.charts.items():
        selects = [compile_sql(View(catalogue, chart), period, MARTS) for period in periods]
        spans = [milliseconds(client, sql, bound) for sql, bound in selects]
        every.append(spans)
        cells = "".join(f"{np.median(span):>15.0f}{np.quantile(span, 0.95):>9.0f}" for span in spans)
        peer = raw_questions.pop(name, None)
        if peer:
            raw = float(np.median(milliseconds(client, peer, {"date_from": first, "date_to": last})))
            cells += f"{raw:>10.0f}{np.median(spans[1]) / raw:>8.2f}"
        print(f"{name:<24}{cells}", flush=True)
    for name, position in (("last year", 0), ("whole log", 1)):
        times = np.concatenate([spans[position] for spans in every])
        slow = sum(np.quantile(spans[position], 0.95) > AIM_MS for spans in every)
        print(
            f"all SELECTs, {name}: p50 {np.median(times):.0f} ms, p95 {np.quantile(times, 0.95):.0f} ms"
            f" (aim {AIM_MS}); {slow} of {len(every)} are slower"
        )
    client.close()


def sections(sql: str) -> list[tuple[str, str]]:
    """The file's questions, as chart and SELECT: each begins with a comment that names its chart."""
    return re.findall(r"^-- ([a-z_]+)\n(.*?)(?=^--|\Z)", sql, re.DOTALL | re.MULTILINE)


def milliseconds(client: Client, select: str, bound: Mapping[str, Any]) -> list[float]:
    """Wall times of repeated runs, the first of which (cold caches) does not count."""
    times = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        client.query(select, parameters=dict(bound))
        times.append(1000 * (time.perf_counter() - started))
    return times[1:]


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
