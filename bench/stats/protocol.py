"""How flags are judged: signs must agree, no point adjustment, an event in pieces counts once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from bench.stats.logs import TOUCHED, Labelled
from numpy.typing import NDArray

Signs = NDArray[np.int8]  # S × T: 1 flagged as too high, -1 as too low, 0 not flagged


@dataclass
class Tally:
    """Counts of events and of days, over any number of logs."""

    found: Counter[str] = field(default_factory=Counter)  # label events by kind
    missed: Counter[str] = field(default_factory=Counter)
    false_events: int = 0
    true_days: int = 0
    missed_days: int = 0
    false_days: int = 0
    series_years: float = 0.0
    delays: list[int] = field(default_factory=list)

    @property
    def events(self) -> tuple[float, float, float]:
        """Precision, recall and F1 of events."""
        return rates(self.found.total(), self.false_events, self.missed.total())

    @property
    def days(self) -> tuple[float, float, float]:
        """Precision, recall and F1 of days."""
        return rates(self.true_days, self.false_days, self.missed_days)

    @property
    def false_alarms(self) -> float:
        """Flagged runs that touch no incident of their sign, per series and year."""
        return self.false_events / max(self.series_years, 1e-9)


def rates(true: int, false: int, missed: int) -> tuple[float, float, float]:
    """Precision, recall, F1."""
    precision, recall = true / max(true + false, 1), true / max(true + missed, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def judge(
    log: Labelled, flags: Signs, tested: NDArray[np.bool_], rows: NDArray[np.bool_], tally: Tally
) -> None:
    """Add one log's flags in the chosen series to the tally."""
    touched = np.abs(log.shift) > TOUCHED
    truth = np.zeros(flags.shape, dtype=np.int8)
    for label in log.labels:
        if not rows[label.series]:
            continue
        truth[label.series, label.judged] = label.sign
        hits = label.days[flags[label.series, label.days] == label.sign]
        (tally.found if len(hits) else tally.missed)[label.kind] += 1
        if len(hits):
            tally.delays.append(int(max(0, hits[0] - label.judged[0])))
    for row in np.flatnonzero(rows):
        for start, end in runs(flags[row]):
            right = np.sign(log.shift[row, start:end]) * touched[row, start:end] == flags[row, start]
            tally.false_events += not right.any()
    judged = rows[:, None] & tested & ((truth != 0) | ~touched)
    tally.true_days += int((judged & (truth != 0) & (flags == truth)).sum())
    tally.missed_days += int((judged & (truth != 0) & (flags != truth)).sum())
    tally.false_days += int((judged & (flags != 0) & (flags != truth)).sum())
    tally.series_years += float((rows[:, None] & tested).sum()) / 365.25


def runs(flags: Signs) -> list[tuple[int, int]]:
    """Start and end (exclusive) of the runs of one non-zero sign."""
    edges = np.flatnonzero(np.diff(flags, prepend=0, append=0))
    return [(int(a), int(b)) for a, b in pairwise(edges) if flags[a]]
