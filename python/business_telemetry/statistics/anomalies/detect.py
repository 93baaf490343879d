"""From a panel to scores, events and bounds: the steps in their order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from business_telemetry.statistics.anomalies import scan
from business_telemetry.statistics.anomalies.closed import closed_days
from business_telemetry.statistics.anomalies.events import Found, Scores, describe, level_change
from business_telemetry.statistics.anomalies.scan import Deviations, Interval
from business_telemetry.statistics.series.expected import Expected, expect
from business_telemetry.statistics.series.panel import Bools, Floats, Ints, Panel

WARM_UP_DAYS = 14  # whole days before a series is judged at all, and
MIN_HISTORY_DAYS = 28  # before anything of it is
PARAMETERS = 8  # of the curve of a short history
SHORT_DAYS = 56  # up to which a history is called short, and doubted more
MIN_BUSY = 0.4  # share of whole days with any event below which days say nothing (half an event a day)
Q_LEVEL = 0.02  # expected share of false events among the flagged ones
LEADER = 5.5  # score from which an interval is looked up in the other series, and
DAY_LEADER, TOTAL_DAY_LEADER = 5.2, 4.5  # a single day of a segment, of a total: judged less what is shared
MIN_SHIFT = 0.8  # daily noise units by which a looked-up interval must deviate


def score(panel: Panel) -> Scores:
    """Score all series and days of the panel; as of a day means `score(panel.as_of(day))`.

    Two rounds: what the first finds is left out when the second learns what to expect.
    """
    shut = closed_days(panel)
    panel = replace(panel, y=np.where(shut, np.nan, panel.y))
    tested = testable(panel)
    expected = widen(expect(panel, panel.observed), panel)
    first = find(panel, expected, tested, tested, learn_tails=False).intervals
    odd = [item for item in first if level_change(expected, item) is None]
    expected = widen(expect(panel, panel.observed & ~covered(odd, panel.y.shape), expected), panel)
    # single days stay among those that tell how wild a series' days are
    quiet = tested & ~covered([item for item in first if item.end - item.start > 1], panel.y.shape)
    return describe(
        panel,
        expected,
        tested,
        find(panel, expected, tested, quiet, learn_tails=True),
        shut,
        history_of(panel),
    )


def testable(panel: Panel) -> Bools:
    """S × T days that may be flagged: whole, past the warm-up, in series that vary and are not too thin.

    Thin means too few events, whatever their amounts: a city that sells every third day has no daily level.
    """
    observed, whole = panel.observed, np.isfinite(panel.y) & ~panel.partial
    age, count = np.cumsum(observed, axis=1), observed.sum(1)
    busy = (whole & (panel.y > 0)).sum(1) >= MIN_BUSY * whole.sum(1)
    level = np.divide(panel.y, panel.n, out=np.zeros(panel.y.shape), where=observed)
    varies = np.max(level, axis=1, where=observed, initial=-np.inf) > np.min(
        level, axis=1, where=observed, initial=np.inf
    )
    usable = (count >= MIN_HISTORY_DAYS) & varies & busy
    judged: Bools = observed & (age > WARM_UP_DAYS) & usable[:, None]
    return judged


def widen(expected: Expected, panel: Panel) -> Expected:
    """The same with the noise of series of short history enlarged by what so few days leave unknown.

    The variance of a regression's prediction is (1 + P/n) times that of its noise, which is itself estimated
    from n - P degrees of freedom: together (n + P) / (n - P), of P = 8 parameters (level and weekdays).
    """
    count = panel.observed.sum(1)
    days = np.maximum(count, 2.0 * PARAMETERS)
    factor = np.where(count < SHORT_DAYS, (days + PARAMETERS) / (days - PARAMETERS), 1.0)
    return replace(expected, variance=expected.variance * factor[:, None])


def history_of(panel: Panel) -> list[str]:
    """S words for what a series' whole days can tell: its week at most, its year not yet, or both."""
    count = panel.observed.sum(1)
    return ["short" if days < SHORT_DAYS else "full" if panel.knows_year else "first_year" for days in count]


def covered(intervals: list[Interval], shape: tuple[int, ...]) -> Bools:
    """S × T days inside any of the intervals."""
    inside = np.zeros(shape, dtype=np.bool_)
    for item in intervals:
        inside[item.series, item.start : item.end] = True
    return inside


def find(panel: Panel, expected: Expected, tested: Bools, quiet: Bools, learn_tails: bool) -> Found:
    """Search each series, keep what the false-discovery rate over all series and days allows, look across."""
    found = scan.deviations(panel, expected, tested, quiet, learn_tails)
    p_value = np.minimum(1.0, scan.SEARCH[0] * scan.two_sided(found.interval.own))
    spans = [
        (row, start, end)
        for row, chain in enumerate(scan.best_intervals(found.interval))
        for start, end in chain
    ]
    rows, start, end = np.array(spans, dtype=np.int64).reshape(-1, 3).T
    index = np.searchsorted(scan.LENGTHS, end - start)
    value = found.interval[index, rows, end - 1]
    chance = np.minimum(1.0, scan.SEARCH[index] * scan.two_sided(value))
    for one in spans:
        p_value[one[0], one[1] : one[2]] = 1.0  # a day inside counts once, as its interval
    new = np.flatnonzero(~are_seasonal(panel, found, rows, start, end, value))
    q_values = scan.false_discovery(np.concatenate([chance[new], p_value[tested]]))
    q_value = np.ones(panel.y.shape)
    q_value[tested] = q_values[len(new) :]
    kept = [
        Interval(*spans[one], float(value[one]), float(chance[one]), float(q))
        for one, q in zip(new.tolist(), q_values[: len(new)], strict=True)
        if q <= Q_LEVEL
    ]
    flagged = [scan.trim(item, found.day[item.series]) for item in kept + look_up(panel, kept, found, tested)]
    return Found(merge(flagged), found.interval.own, p_value, q_value)


def are_seasonal(panel: Panel, found: Deviations, rows: Ints, start: Ints, end: Ints, score: Floats) -> Bools:
    """N flags of N intervals: they come back every year, in the series itself or in its total."""
    total = np.where(panel.parent[rows] < 0, rows, panel.parent[rows])
    return scan.recurs_yearly(found.interval, rows, start, end, score) | scan.recurs_yearly(
        found.interval, total, start, end, score
    )


def look_up(panel: Panel, kept: list[Interval], found: Deviations, tested: Bools) -> list[Interval]:
    """Look the days of each strong incident up in all other series: there a weaker deviation counts.

    One family of tests per incident and metric with its own false-discovery rate (hierarchical testing:
    Yekutieli 2008): that all segments lost sessions makes none of their conversions suspicious.
    """
    inherited: list[Interval] = []
    metric = np.unique(np.asarray(panel.metric), return_inverse=True)[1]
    for item in leaders(panel, kept):
        length = int(np.searchsorted(scan.LENGTHS, item.end - item.start))
        every = np.arange(len(found.day))
        values = found.interval[length, every, item.end - 1] if length else found.day[:, item.end - 1]
        rows = np.flatnonzero(tested[:, item.start : item.end].all(1) & np.isfinite(values))
        p_values = scan.two_sided(values[rows])
        q_values = np.ones(len(rows))
        for family in np.unique(metric[rows]):
            here = metric[rows] == family
            q_values[here] = scan.false_discovery(p_values[here])
        clear = (q_values <= Q_LEVEL) & (np.abs(values[rows]) >= MIN_SHIFT * np.sqrt(item.end - item.start))
        rows, p_values, q_values = rows[clear], p_values[clear], q_values[clear]
        start, end = np.full(len(rows), item.start), np.full(len(rows), item.end)
        new = ~are_seasonal(panel, found, rows, start, end, values[rows])
        inherited += [
            Interval(int(row), item.start, item.end, float(values[row]), float(p), float(q), True)
            for row, p, q in zip(rows[new], p_values[new], q_values[new], strict=True)
        ]
    return inherited


def leaders(panel: Panel, kept: list[Interval]) -> list[Interval]:
    """The strong intervals, less those that share half of the days (Jaccard) with a stronger one."""
    least = np.where(panel.parent < 0, TOTAL_DAY_LEADER, DAY_LEADER)
    telling = [
        one for one in kept if abs(one.score) >= (least[one.series] if one.end - one.start == 1 else LEADER)
    ]
    strong = sorted(telling, key=lambda one: -abs(one.score))
    start, end = np.array([(one.start, one.end) for one in strong]).reshape(-1, 2).T
    free, found = np.ones(len(strong), dtype=np.bool_), []
    for place, item in enumerate(strong):
        if free[place]:
            found.append(item)
            shared = np.minimum(end, item.end) - np.maximum(start, item.start)
            free &= shared < 0.5 * (np.maximum(end, item.end) - np.minimum(start, item.start))
    return found


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
