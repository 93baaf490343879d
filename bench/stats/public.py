"""Anomaly benchmark on labelled public daily series, which lie outside the repository."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
from bench.stats.ours import our_flags
from bench.stats.protocol import rates, runs
from bench.stats.simple import METHODS
from numpy.typing import NDArray

from business_telemetry.statistics.series import Panel

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "anomalies"
GROUPS = {
    "taxi rides": "nab_*",
    "page views": "wiki_*",
}


def read(path: Path) -> tuple[Panel, NDArray[np.int64]]:
    """One file as a panel of one series, with labels (1 anomaly, 0 normal, -1 not judged) on every step."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    stamps = np.array([row["ts"].replace(" ", "T") for row in rows], dtype="datetime64[s]").astype(
        "datetime64[D]"
    )
    dates = np.arange(stamps[0], stamps[-1] + 1)
    place = (stamps - stamps[0]).astype(np.int64)
    y, labels = np.full((1, len(dates)), np.nan), np.full(len(dates), -1)
    y[0, place] = [float(row["value"] or "nan") for row in rows]
    labels[place] = [int(row["label"]) for row in rows]
    labels[~np.isfinite(y[0])] = -1
    money, ratio = np.zeros(1, dtype=bool), np.ones_like(y)
    return Panel(dates, ["series"], y, ratio, np.array([-1]), money, np.zeros(len(dates), dtype=bool)), labels


def event_counts(flags: NDArray[np.int8], labels: NDArray[np.int64]) -> tuple[int, int, int]:
    """Label events hit, flagged runs without any label, label events missed."""
    events = [bool(np.any(flags[start:end])) for start, end in runs((labels == 1).astype(np.int8))]
    marked = np.where(labels == -1, 0, np.abs(flags)).astype(np.int8)
    false = sum(not bool(np.any(labels[start:end] == 1)) for start, end in runs(marked))
    return sum(events), false, len(events) - sum(events)


def main() -> None:
    """Print the event F1 of each group of files (their counts pooled) and the mean over groups."""
    if not FOLDER.is_dir():
        print("\nPublic labelled series: absent (shared/data/anomalies beside the repository); part skipped.")
        return
    print("\nPublic labelled series, event F1 (sign not judged)")
    print(f"{'method':28s} " + " ".join(f"{name:>16s}" for name in GROUPS) + f" {'mean':>6s}")
    counts: dict[str, dict[str, tuple[int, int, int]]] = {}
    for group, pattern in GROUPS.items():
        for path in sorted(FOLDER.glob(pattern + ".csv")):
            panel, labels = read(path)
            found = {"ours": our_flags(panel)[0][0]}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                found |= {name: run(panel.y, 7)[0] for name, run in METHODS.items()}
            for name, flags in found.items():
                before = counts.setdefault(name, {}).get(group, (0, 0, 0))
                now = event_counts(flags, labels)
                counts[name][group] = (before[0] + now[0], before[1] + now[1], before[2] + now[2])
    for name in (*METHODS, "ours"):
        scores = [rates(*counts[name][group])[2] for group in GROUPS if group in counts[name]]
        print(f"{name:28s} " + " ".join(f"{value:16.2f}" for value in scores) + f" {np.mean(scores):6.2f}")
