"""Anomaly benchmark on labelled shop logs."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
from bench.stats.logs import draw, labelled, subset
from bench.stats.ours import our_flags
from bench.stats.protocol import Signs, Tally, judge
from bench.stats.simple import METHODS

from business_telemetry.statistics.series import Panel

OURS = "ours"
CALM: dict[str, object] = {"season": False}
FULL: dict[str, object] = {"season_edge_days": 3, "season_spread": 0.1, "holidays": True, "promotions": True}
VARIANTS: tuple[dict[str, object], ...] = (
    {},
    FULL,
    CALM,
    {"promotions": True},
    {"holidays": True, "season_spread": 0.1},
)
SAME_DAY_LOGS = 3
SAME_DAY = ("sessions", "orders", "revenue")  # each incident takes a run of its own


def simple(panel: Panel) -> dict[str, Signs]:
    """Flags of the simple methods."""
    values = np.divide(panel.y, panel.n, out=np.full(panel.y.shape, np.nan), where=panel.n > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return {name: run(values, 7) for name, run in METHODS.items()}


def compare(seeds: range) -> None:
    """Print the table of all methods over logs with and without season steps, holidays and promotions."""
    tallies = {(name, high): Tally() for name in (*METHODS, OURS) for high in (False, True)}
    for position, seed in enumerate(seeds):
        log = labelled(draw(seed, {**VARIANTS[position % len(VARIANTS)], "incidents": "dense"}))
        flags, scores = our_flags(log.panel)
        found = {OURS: flags}
        found |= {name: np.where(scores.is_tested, signs, 0) for name, signs in simple(log.panel).items()}
        for name, signs in found.items():
            for high in (False, True):
                judge(log, signs, scores.is_tested, log.is_high | (not high), tallies[name, high])
    print(
        f"\nAnomalies, seeds {seeds.start}-{seeds.stop - 1}; all series / series with 50 or more units a day"
    )
    print(
        f"{'method':28s} {'event precision, recall, F1':>31s}  {'day precision, recall, F1':>31s}  "
        f"{'FA':>11s}  delay"
    )
    for name in (*METHODS, OURS):
        every, large = tallies[name, False], tallies[name, True]
        cells = [
            ", ".join(f"{a:.2f}/{b:.2f}" for a, b in zip(one, two, strict=True))
            for one, two in ((every.events, large.events), (every.days, large.days))
        ]
        alarms = f"{every.false_alarms:.3f}/{large.false_alarms:.3f}"
        print(
            f"{name:28s} {cells[0]:>31s}  {cells[1]:>31s}  {alarms:>11s}  "
            f"{np.mean(every.delays or [0]):.1f} d"
        )
    ours = tallies[OURS, False]
    kinds = sorted(ours.found | ours.missed)
    parts = (f"{kind} {ours.found[kind] / (ours.found[kind] + ours.missed[kind]):.2f}" for kind in kinds)
    print("our event recall by kind:", ", ".join(parts))


def quiet(seeds: range) -> None:
    """Print what is flagged on logs without incidents."""
    events, years, days, tested, steps = 0, 0.0, 0, 0, 0
    for position, seed in enumerate(seeds):
        log = labelled(draw(seed, {**VARIANTS[position % len(VARIANTS)], "incidents": "none"}))
        flags, scores = our_flags(log.panel)
        events += len(scores.events)
        years += scores.is_tested.sum() / 365.25
        days, tested = days + int((flags != 0).sum()), tested + int(scores.is_tested.sum())
        month = log.panel.dates.astype("datetime64[M]").astype(int) % 12
        edge = np.flatnonzero(np.isin(month, (8, 11)) & (np.diff(month, prepend=month[0]) != 0))
        edge = edge[edge > 365]
        steps += sum(int((flags[:, day : day + 3] != 0).all(1).sum()) for day in edge)
    print(
        f"without incidents: {events / years:.4f} false alarms per series-year, {100 * days / tested:.3f} % "
        f"of days flagged, season steps flagged after the first year: {steps}"
    )


def same_day(seeds: range) -> None:
    """Print how many incidents are flagged on their first clear day when the data end there."""
    found, all_ = Counter[str](), 0
    for position, seed in enumerate(seeds):
        log = subset(
            labelled(draw(seed, {**VARIANTS[position % len(VARIANTS)], "incidents": "dense"})), SAME_DAY
        )
        first: dict[int, list[int]] = {}
        for number, label in enumerate(log.labels):
            if label.judged[0] >= 366:
                first.setdefault(int(label.judged[0]), []).append(number)
        for day, numbers in first.items():
            known = log.panel.as_of(log.panel.dates[day])
            for name, flags in (simple(known) | {OURS: our_flags(known)[0]}).items():
                found[name] += sum(flags[log.labels[k].series, day] == log.labels[k].sign for k in numbers)
            all_ += len(numbers)
    recalls = ", ".join(f"{name} {found[name] / max(all_, 1):.2f}" for name in (*METHODS, OURS))
    print(f"same-day recall of {all_}, data cut on the first clear day (after the first year): {recalls}")


def main(seeds: range) -> None:
    """All three parts."""
    compare(seeds)
    quiet(range(seeds.start, seeds.start + 4))
    same_day(range(seeds.start, seeds.start + SAME_DAY_LOGS))
