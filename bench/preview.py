"""`python -m bench.preview`: how quickly the preview answers each chart on the benchmark's warehouse.

Every request asks for another period, so that no answer comes from the preview's memory.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
from bench.charts import WAREHOUSE
from bench.process import ROOT

REPEATS = 6
AIM_MS = 150


def main(warehouse: Path = WAREHOUSE) -> None:
    """Print the slowest charts and the percentiles of all, with a year chosen and the whole log."""
    command = [str(Path(sys.executable).parent / "telemetry"), "preview", "--port", "0"]
    environment = os.environ | {"TELEMETRY_WAREHOUSE": str(warehouse), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())
        if not found:
            raise RuntimeError("telemetry preview does not start; run it by hand to see why")
        report(found[0])
    finally:
        server.terminate()
        server.wait(20)


def report(address: str) -> None:
    """Ask a running preview for every chart."""
    page = json.loads(ask(f"{address}api/dashboard"))
    first, last = (date.fromisoformat(page["bounds"][name]) for name in ("from", "to"))
    for name, start in (("a year", last - timedelta(days=364)), ("the whole log", first)):
        times: dict[str, list[float]] = {}
        for shift in range(REPEATS):
            period = urlencode({"from": start + timedelta(days=shift), "to": last})
            for chart in page["charts"]:
                began = time.perf_counter()
                answer = json.loads(ask(f"{address}api/charts/{chart}.json?{period}"))
                times.setdefault(chart, []).append(1000 * (time.perf_counter() - began))
                if answer.get("state") == "error":
                    raise RuntimeError(f"{chart}: {answer['message']}")
        every = np.concatenate(list(times.values()))
        slowest = sorted(times, key=lambda chart: -np.median(times[chart]))[:5]
        print(
            f"preview, {name}: {len(times)} charts, p50 {np.median(every):.0f} ms,"
            f" p95 {np.quantile(every, 0.95):.0f} ms (aim {AIM_MS}); slowest: "
            + ", ".join(f"{chart} {np.median(times[chart]):.0f}" for chart in slowest),
            flush=True,
        )


def ask(address: str) -> bytes:
    """The answer to one request."""
    with urlopen(address, timeout=120) as response:
        return bytes(response.read())


if __name__ == "__main__":
    main()
