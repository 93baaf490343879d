"""Writes a log: some weeks at a time, in the order in which its rows arrive."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shop_simulator.clock import DAY, Diary
from shop_simulator.config import LogConfig
from shop_simulator.events import Rows, concatenate, draw_events
from shop_simulator.shop import open_shop, simulate, spans
from shop_simulator.traps import plant
from shop_simulator.truth import Truth
from shop_simulator.write import LogWriter


def truth_path(out: Path) -> Path:
    """Where the ground truth of a log goes: `log.csv` and `log.csv.gz` have theirs in `log.truth.json`."""
    return out.with_name(out.name.removesuffix(".gz").removesuffix(".csv") + ".truth.json")


def write_log(
    config: LogConfig, out: Path, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Writes a log to `out` (.csv or .csv.gz) and its ground truth beside it.

    Args:
        config: The shop and the period.
        out: The log's path; an existing file is replaced when the new one is complete.
        progress: Called after each span of days with the sessions and the lines written so far.

    Returns:
        The ground truth, as written to `truth_path(out)`.

    Raises:
        OSError: a path is not writable.
    """
    shop = open_shop(config)
    truth, diary = Truth(shop), Diary(shop.panel.size)
    waiting: list[Rows] = []
    with LogWriter(out, shop.panel, config.bad_rate) as log:
        for (_, past), (sessions, baskets, rng) in zip(spans(shop), simulate(shop), strict=True):
            events = draw_events(shop, sessions, baskets, diary, rng)
            truth.add_sessions(sessions, baskets)
            truth.add_events(events)
            rows = _in_order(concatenate([*waiting, plant(events, rng)]))
            # what arrives after the span's end waits for the next span's rows
            is_last = past == shop.first_day + config.days
            ready = len(rows) if is_last else int(np.searchsorted(rows.written, past * DAY))
            waiting = [rows.take(np.arange(ready, len(rows)))]
            rows = rows.take(np.arange(ready))
            truth.add_written(rows)
            log.write(rows, rng)
            if progress is not None:
                progress(truth.sessions, log.lines)
    report = truth.report(log.lines, log.rejected)
    truth_path(out).write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return report


def _in_order(rows: Rows) -> Rows:
    """The rows by the time at which they are written."""
    return rows.take(np.argsort(rows.written, kind="stable"))
