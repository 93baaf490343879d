"""What the flagged intervals are: their kind, size and severity, put over the days' results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from business_telemetry.statistics.anomalies.scan import Interval
from business_telemetry.statistics.series.expected import Expected
from business_telemetry.statistics.series.noise import band
from business_telemetry.statistics.series.panel import Bools, Floats, Ints, Panel
from business_telemetry.statistics.series.turns import Turn

BAND = 2.5758  # bounds hold the central 99 %
LEVEL_CHANGE = "level change"
NEAR_DAYS = 7  # between a change of level and the first flagged day


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
    """S × T results (ratios as ratios); `event` holds positions in `events`, -1 = not flagged.

    `noise` is the standard deviation of a day, `doubt` the relative one of `expected` itself; `history` says
    of each series what its days can tell.
    """

    expected: Floats
    noise: Floats
    doubt: Floats
    lower: Floats
    upper: Floats
    score: Floats
    p_value: Floats
    q_value: Floats
    is_tested: Bools
    event: Ints
    events: list[Event]
    history: list[str]


@dataclass(frozen=True)
class Found:
    """Kept intervals, and the p- and q-values of the days outside of them (S × T)."""

    intervals: list[Interval]
    day: Floats
    p_value: Floats
    q_value: Floats


def level_change(expected: Expected, item: Interval) -> Turn | None:
    """The change of level that an interval is the beginning of."""
    for one in expected.turns.get(item.series, []):
        near = abs(item.start - one.start) <= NEAR_DAYS and item.start < one.end
        comes_back = one.is_incident or one.yearly
        if near and not comes_back and one.size * item.score > 0 and item.end - item.start > NEAR_DAYS:
            return one
    return None


def describe(
    panel: Panel, expected: Expected, tested: Bools, found: Found, closed: Bools, history: list[str]
) -> Scores:
    """Put the flagged intervals over the day results and turn ratios back into ratios.

    Closed days expect 0.
    """
    lower, upper = band(expected.mean, expected.total_variance, panel.power, BAND)
    day, p_value, q_value = found.day.copy(), found.p_value.copy(), found.q_value.copy()
    event = np.full(panel.y.shape, -1)
    events: list[Event] = []
    for item in found.intervals:
        span = item.series, slice(item.start, item.end)
        n = np.where(tested[span], panel.n[span], np.nan)
        whole, usual = panel.y[span] / n, expected.mean[span] / n
        impact = float(np.nansum(whole - usual))
        share = impact / max(float(usual[np.isfinite(whole)].sum()), 1e-9)
        events.append(
            Event(
                event_id=len(events),
                series=item.series,
                start=item.start,
                end=item.end,
                kind=LEVEL_CHANGE
                if level_change(expected, item)
                else kind_of(whole / np.maximum(usual, 1e-12), item.score),
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
    return Scores(
        expected=np.where(closed, 0.0, expected.mean / n),
        noise=np.sqrt(expected.variance) / n,
        doubt=expected.doubt,
        lower=np.where(closed, 0.0, lower / n),
        upper=np.where(closed, 0.0, upper / n),
        score=day,
        p_value=p_value,
        q_value=q_value,
        is_tested=tested,
        event=event,
        events=events,
        history=history,
    )


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
