"""From a panel to scores, events and bounds: the steps in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from business_telemetry.anomalies import scan
from business_telemetry.anomalies.expected import Expected, band, expect
from business_telemetry.anomalies.panel import Bools, Floats, Ints, Panel
from business_telemetry.anomalies.scan import Deviations, Interval

WARM_UP_DAYS = 28  # whole days before a series is judged at all, and
MIN_HISTORY_DAYS = 56  # before anything of it is
MIN_MEAN = 0.5  # units a day below which counts say nothing
Q_LEVEL = 0.02  # expected share of false events among the flagged ones
LEADER = 5.5  # score from which an interval is looked up in the other series
MIN_SHIFT = 0.8  # daily noise units by which a looked-up interval must deviate
BAND = 2.5758  # bounds hold the central 99 %


@dataclass(frozen=True)
class Event:
    """One flagged interval, days start to end (exclusive); impact = sum of actual - expected."""

    event_id: int
    series: int
    start: int
    end: int
    kind: str
    direction: str
    severity: str
    score: float
    p_value: float
    q_value: float
    impact: float
    impact_share: float


@dataclass(frozen=True)
class Scores:
    """S × T results (ratios as ratios); `event` holds positions in `events`, -1 = not flagged."""

    expected: Floats
    lower: Floats
    upper: Floats
    score: Floats
    p_value: Floats
    q_value: Floats
    is_tested: Bools
    event: Ints
    events: list[Event]


@dataclass(frozen=True)
class Found:
    """Kept intervals, and the p- and q-values of the days outside of them (S × T)."""

    intervals: list[Interval]
    day: Floats
    p_value: Floats
    q_value: Floats


def score(panel: Panel) -> Scores:
    """Score all series and days of the panel; as of a day means `score(panel.as_of(day))`.

    Two rounds: what the first finds is left out when the second learns what to expect.
    """
    tested = testable(panel)
    expected = expect(panel, panel.observed)
    first = find(panel, expected, tested, tested, learn_tails=False).intervals
    expected = expect(panel, panel.observed & ~covered(first, panel.y.shape))
    # single days stay among those that tell how wild a series' days are
    quiet = tested & ~covered([item for item in first if item.end - item.start > 1], panel.y.shape)
    return describe(panel, expected, tested, find(panel, expected, tested, quiet, learn_tails=True))


def testable(panel: Panel) -> Bools:
    """S × T days that may be flagged: whole, past the warm-up, in series that vary and are not too thin."""
    observed = panel.observed
    age, count = np.cumsum(observed, axis=1), observed.sum(1)
    mean = np.where(observed, panel.y, 0.0).sum(1) / np.maximum(count, 1)
    level = np.divide(panel.y, panel.n, out=np.zeros(panel.y.shape), where=observed)
    varies = np.max(level, axis=1, where=observed, initial=-np.inf) > np.min(
        level, axis=1, where=observed, initial=np.inf
    )
    usable = (count >= MIN_HISTORY_DAYS) & varies & (panel.money | (mean >= MIN_MEAN))
    judged: Bools = observed & (age > WARM_UP_DAYS) & usable[:, None]
    return judged


def covered(intervals: list[Interval], shape: tuple[int, ...]) -> Bools:
    """S × T days inside any of the intervals."""
    inside = np.zeros(shape, dtype=np.bool_)
    for item in intervals:
        inside[item.series, item.start : item.end] = True
    return inside


def find(panel: Panel, expected: Expected, tested: Bools, quiet: Bools, learn_tails: bool) -> Found:
    """Search each series, keep what the false-discovery rate over all series and days allows, look across."""
    found = scan.deviations(panel, expected, tested, quiet, learn_tails)
    p_value = np.minimum(1.0, scan.SEARCH[0] * scan.two_sided(found.day))
    candidates = []
    for row, spans in enumerate(scan.best_intervals(found.interval)):
        for start, end in spans:
            index = int(np.searchsorted(scan.LENGTHS, end - start))
            value = float(found.interval[row, end - 1, index])
            p_value[row, start:end] = 1.0  # a day inside counts once, as its interval
            if not is_seasonal(panel, found, row, start, end, value):
                chance = min(1.0, float(scan.SEARCH[index] * scan.two_sided(value)))
                candidates.append(Interval(row, start, end, value, chance))
    chances = np.array([item.p_value for item in candidates] + p_value[tested].tolist())
    q_values = scan.false_discovery(chances)
    q_value = np.ones(panel.y.shape)
    q_value[tested] = q_values[len(candidates) :]
    judged = [replace(item, q_value=float(q)) for item, q in zip(candidates, q_values, strict=False)]
    kept = [item for item in judged if item.q_value <= Q_LEVEL]
    return Found(merge(kept + look_up(panel, kept, found, tested)), found.day, p_value, q_value)


def is_seasonal(panel: Panel, found: Deviations, row: int, start: int, end: int, value: float) -> bool:
    """True if the deviation comes back every year, in the series itself or in its total."""
    return any(
        scan.recurs_yearly(found.interval[one], start, end, value, 365.25 * panel.per_day)
        for one in {row, int(panel.parent[row])}
        if one >= 0
    )


def look_up(panel: Panel, kept: list[Interval], found: Deviations, tested: Bools) -> list[Interval]:
    """Look the days of each strong incident up in all other series: there a weaker deviation counts.

    One family of tests per incident with its own false-discovery rate (hierarchical testing: Yekutieli 2008).
    """
    leaders: list[Interval] = []
    inherited: list[Interval] = []
    for item in sorted(kept, key=lambda one: -abs(one.score)):
        if abs(item.score) < LEADER or any(item.overlap(leader) >= 0.5 for leader in leaders):
            continue
        leaders.append(item)
        values = found.interval[:, item.end - 1, np.searchsorted(scan.LENGTHS, item.end - item.start)]
        rows = np.flatnonzero(tested[:, item.start : item.end].all(1) & np.isfinite(values))
        p_values = scan.two_sided(values[rows])
        for row, p, q in zip(rows.tolist(), p_values, scan.false_discovery(p_values), strict=True):
            clear = q <= Q_LEVEL and abs(values[row]) >= MIN_SHIFT * np.sqrt(item.end - item.start)
            if clear and not is_seasonal(panel, found, row, item.start, item.end, float(values[row])):
                inherited.append(
                    Interval(row, item.start, item.end, float(values[row]), float(p), float(q), True)
                )
    return inherited


def merge(intervals: list[Interval]) -> list[Interval]:
    """Join touching intervals of one series and direction; the strongest gives the score."""
    joined: list[Interval] = []
    for item in sorted(intervals, key=lambda one: (one.series, one.start)):
        last = joined[-1] if joined else None
        if last and last.series == item.series and item.start <= last.end and item.score * last.score > 0:
            strongest = max(last, item, key=lambda one: abs(one.score))
            joined[-1] = replace(
                strongest,
                start=last.start,
                end=max(last.end, item.end),
                p_value=min(last.p_value, item.p_value),
                q_value=min(last.q_value, item.q_value),
                inherited=last.inherited and item.inherited,
            )
        else:
            joined.append(item)
    return joined


def describe(panel: Panel, expected: Expected, tested: Bools, found: Found) -> Scores:
    """Put the flagged intervals over the day results and turn ratios back into ratios."""
    total = expected.variance + (expected.doubt * expected.mean) ** 2
    lower, upper = band(expected.mean, total, panel.power, BAND)
    day, p_value, q_value = found.day.copy(), found.p_value.copy(), found.q_value.copy()
    event = np.full(panel.y.shape, -1)
    events: list[Event] = []
    for item in found.intervals:
        span = item.series, slice(item.start, item.end)
        whole = np.where(tested[span], panel.y[span] / panel.n[span], np.nan)
        usual = expected.mean[span] / panel.n[span]
        impact = float(np.nansum(whole - usual))
        share = impact / max(float(usual[np.isfinite(whole)].sum()), 1e-9)
        events.append(
            Event(
                event_id=len(events),
                series=item.series,
                start=item.start,
                end=item.end,
                kind=kind_of(whole / np.maximum(usual, 1e-12), item.score),
                direction="up" if item.score > 0 else "down",
                severity=severity_of(item, share),
                score=item.score,
                p_value=item.p_value,
                q_value=item.q_value,
                impact=impact,
                impact_share=share,
            )
        )
        event[span] = events[-1].event_id
        day[span], p_value[span], q_value[span] = item.score, item.p_value, item.q_value
    event[~tested] = -1
    n = np.where(panel.n > 0, panel.n, np.nan)
    p_value[~tested] = q_value[~tested] = 1.0
    return Scores(expected.mean / n, lower / n, upper / n, day, p_value, q_value, tested, event, events)


def kind_of(ratio: Floats, score: float) -> str:
    """Up to a week spike, dip or outage; longer: drift if the end moved twice the start, or level shift."""
    ratio = ratio[np.isfinite(ratio)]
    if len(ratio) > 7:
        third = len(ratio) // 3
        first, last = ratio[:third].mean() - 1, ratio[-third:].mean() - 1
        return "drift" if abs(last) > 2 * abs(first) else "level shift"
    if score > 0:
        return "spike"
    return "outage" if np.median(ratio) < 0.4 else "dip"


def severity_of(item: Interval, share: float) -> str:
    """Info: looked up, or under 10 % of the expected; critical: beyond doubt; warning: the rest."""
    if item.inherited or abs(share) < 0.1:
        return "info"
    return "critical" if item.q_value < 1e-4 else "warning"
