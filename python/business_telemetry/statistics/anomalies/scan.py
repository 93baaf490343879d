"""Find the intervals of days that do not fit what was expected.

Every interval of up to two months gets the score of its summed deviation; the best set of disjoint
intervals is found exactly by dynamic programming (collective and point anomalies: Fisch, Eckley &
Fearnhead, "A linear time method for the detection of collective and point anomalies", 2022).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from business_telemetry.statistics.series.expected import Expected
from business_telemetry.statistics.series.noise import NOTHING, QUARTILE, band, normal_score, quantiles
from business_telemetry.statistics.series.panel import Bools, Floats, Ints, Panel

LENGTHS = np.array([1, 2, 3, 4, 5, 6, 7, 9, 11, 14, 17, 21, 26, 32, 40, 50, 62])
PENALTY = 14.0  # squared score an interval must earn, and
DAY_PENALTY = 0.8  # more for each of its days: slow small changes are trend, not incidents
DAY_CLIP, CLIP = 5.0, 3.5  # largest score of a day alone and inside an interval
SEARCH = np.where(LENGTHS == 1, 3.0, 12.0)  # looks at a day that the search over a length is worth
FREEDOM = np.array([10.0, 15, 30, 1e6])  # of the Student t that the tails of single days are read as
TAIL_SLACK = 0.1  # a few small incidents make tails look this much heavier
LEAST_SHARED = 0.05  # of what was expected; a day on which less is left has lost all
CLEAR_DAY = 3.0  # score of a day from which it tells by itself whether it belongs to an interval
SEASON_DAYS = 10  # an interval as long as this may be a season that was seen once before
BLOCK_ROWS = 16  # series whose sums fit a processor's cache


@dataclass(frozen=True)
class Interval:
    """Days start to end (exclusive) of one series; `inherited` if found by looking a known incident up."""

    series: int
    start: int
    end: int
    score: float
    p_value: float
    q_value: float = 1.0
    inherited: bool = False


@dataclass(frozen=True)
class Intervals:
    """Scores of the intervals of LENGTHS by length, series and last day, worked out when they are asked for.

    Attributes:
        own: S × T scores of single days, 0 where none.
        sums: sums before each day (S × (T + 1)) of values, means, variances and doubts, which do not average
            out over an interval as noise does.
        eligible: S × T days that an interval may begin and end on.
        power: S × 1 exponents (see `normal_score`).
        scale: S × lengths divisors: how much wider a length's scores are than standard normal.
    """

    own: Floats
    sums: tuple[Floats, Floats, Floats, Floats]
    eligible: Bools
    power: Floats
    scale: Floats

    @property
    def shape(self) -> tuple[int, int, int]:
        """Lengths, series and days."""
        series, days = self.own.shape
        return len(LENGTHS), series, days

    def __getitem__(self, where: tuple[Ints | int, Ints, Ints | int]) -> Floats:
        """Scores at positions in LENGTHS, series and last days (arrays that go together), NaN = none."""
        index, rows, last = np.broadcast_arrays(*where)
        first = last + 1 - LENGTHS[index]
        known = (first >= 0) & self.eligible[rows, last] & self.eligible[rows, np.maximum(first, 0)]
        result = np.full(rows.shape, np.nan)
        single = known & (index == 0)
        result[single] = self.own[rows[single], last[single]]
        long = known & (index > 0)
        index, rows, first, last = index[long], rows[long], first[long], last[long]
        parts = (part[rows, last + 1] - part[rows, first] for part in self.sums)
        result[long] = interval_score(parts, self.power[rows, 0]) / self.scale[rows, index]
        return result


@dataclass(frozen=True)
class Deviations:
    """S × T scores of single days and the scores of intervals.

    An interval of one day is scored less what its siblings share, `day` is not.
    """

    day: Floats
    interval: Intervals


def deviations(
    panel: Panel, expected: Expected, eligible: Bools, quiet: Bools, learn_tails: bool
) -> Deviations:
    """Score days and intervals, in units of how the quiet days of the same series scatter."""
    total = expected.total_variance
    day = np.where(eligible, normal_score(panel.y, expected.mean, total, panel.power), 0.0)
    own = own_scores(panel, expected, eligible, day)
    if learn_tails:
        day = tame_tails(day, quiet, np.asarray(panel.metric))
        own = np.sign(own) * np.minimum(np.abs(tame_tails(own, quiet, np.asarray(panel.metric))), np.abs(day))
    sums = running_sums(panel, expected, total, eligible)
    scale = length_scales(sums, eligible, quiet, panel.power, np.asarray(panel.metric))
    return Deviations(day, Intervals(own, sums, eligible, panel.power, scale))


def own_scores(panel: Panel, expected: Expected, eligible: Bools, day: Floats) -> Floats:
    """S × T day scores less half of what the segments of one total share: a shock of the whole shop, or not.

    One odd day of the shop is one piece of evidence, however many segments show it: the total is judged by
    it, a segment by how much farther it is off to the same side. What is shared is the weighted median of the
    segments' log ratios to what was expected, which one segment's incident does not move, or the total's
    where that is nearer to none (a segment as large as the others together is the median).
    """
    own = day.copy()
    known = np.maximum(panel.y, LEAST_SHARED * expected.mean) / np.maximum(expected.mean, NOTHING)
    ratio = np.log(np.where(eligible & (known > 0), known, 1.0))
    weight = np.where(eligible, expected.mean**2 / expected.variance, 0.0)
    total = expected.total_variance
    for parent in np.unique(panel.parent[panel.parent >= 0]):
        rows = np.flatnonzero(panel.parent == parent)
        middle, whole = weighted_median(ratio[rows], weight[rows]), ratio[parent]
        shared = np.exp(np.where(middle * whole > 0, np.sign(whole), 0) * np.minimum(abs(middle), abs(whole)))
        mean, variance = expected.mean[rows] * shared, total[rows] * shared**2
        left = normal_score(panel.y[rows], mean, variance, panel.power[rows])
        side = np.sign(day[rows])
        own[rows] = (day[rows] + side * np.clip(side * left, 0.0, np.abs(day[rows]))) / 2
    return np.where(eligible, own, 0.0)


def weighted_median(values: Floats, weight: Floats) -> Floats:
    """T medians of R × T values by their weights."""
    order = np.argsort(values, axis=0)
    reached = np.cumsum(np.take_along_axis(weight, order, 0), axis=0)
    middle = np.argmax(reached >= reached[-1] / 2, axis=0)
    place = np.take_along_axis(order, middle[None], 0)
    median: Floats = np.take_along_axis(values, place, 0)[0]
    return median


def running_sums(
    panel: Panel, expected: Expected, total: Floats, eligible: Bools
) -> tuple[Floats, Floats, Floats, Floats]:
    """Sums before each day (S × (T + 1)) of values without wild days, means, variances and doubts."""
    values = np.clip(panel.y, *band(expected.mean, total, panel.power, CLIP))
    value, mean, variance, doubt = (
        np.pad(np.cumsum(np.where(eligible, part, 0.0), axis=1), ((0, 0), (1, 0)))
        for part in (values, expected.mean, expected.variance, expected.doubt * expected.mean)
    )
    return value, mean, variance, doubt


def interval_score(sums: Iterable[Floats], power: Floats) -> Floats:
    """Normal scores of intervals' sums of values, means, variances and doubts."""
    value, mean, variance, doubt = sums
    return normal_score(value, mean, variance + doubt**2, power)


def pooled(values: Floats, metric: NDArray[np.str_]) -> Floats:
    """Geometric mean of each series' value and the median over its metric's series (columns apart)."""
    medians = {name: np.median(values[metric == name], axis=0) for name in np.unique(metric)}
    mean: Floats = np.sqrt(values * np.array([medians[name] for name in metric]).reshape(values.shape))
    return mean


def blocks(series: int) -> Iterator[slice]:
    """Slices of a few series each."""
    return (slice(first, first + BLOCK_ROWS) for first in range(0, series, BLOCK_ROWS))


def length_scales(
    sums: tuple[Floats, ...], eligible: Bools, quiet: Bools, power: Floats, metric: NDArray[np.str_]
) -> Floats:
    """S × lengths: how much wider the scores of a length are than standard normal, at least 1.

    Slow wander that the expectation does not follow shows as wide long intervals. A length with fewer than
    four disjoint intervals of history cannot be judged: its scale is infinite.
    """
    series, days = eligible.shape
    scales = np.full((series, len(LENGTHS)), np.inf)
    for rows in blocks(series):
        for index, length in enumerate(LENGTHS.tolist()):
            step = max(1, length // 4)  # neighbours that share most of their days tell little more
            first = -(-(length - 1) // step) * step
            if index == 0 or first >= days:
                continue
            parts = (
                part[rows, first + 1 :: step] - part[rows, first + 1 - length : days + 1 - length : step]
                for part in sums
            )
            usable = quiet[rows, first::step] & eligible[rows, first::step]
            usable &= eligible[rows, first + 1 - length : days + 1 - length : step]
            size = np.where(usable, np.abs(interval_score(parts, power[rows])), np.nan)
            count = usable.sum(1)
            size.sort(axis=1)
            upper = size[np.arange(len(size)), np.minimum(count * 3 // 4, size.shape[1] - 1)]
            scales[rows, index] = np.where(
                count * step >= 4 * length, np.maximum(1.0, upper / QUARTILE), np.inf
            )
    return pooled(scales, metric)


def tame_tails(day: Floats, quiet: Bools, metric: NDArray[np.str_]) -> Floats:
    """Day scores made normal: a shop with wild single days needs a wilder day to raise an alarm.

    Scores are read as Student t, with the degrees of freedom whose ratio of the 98th to the 75th percentile
    of |score| is the observed one, and carried over to the normal distribution.
    """
    known = stdtrit(FREEDOM, 0.99) / stdtrit(FREEDOM, 0.875)
    size = np.abs(day)
    core, far = quantiles(np.where(quiet, size, np.nan), 0.75, 0.98)
    is_known = quiet.sum(1) >= 200
    core = np.where(is_known, core, QUARTILE)
    ratio = np.where(is_known, far / np.maximum(core, 1e-9), known[-1])
    freedom = np.exp(np.interp(TAIL_SLACK - pooled(ratio, metric), -known, np.log(FREEDOM)))
    unit = stdtrit(freedom, 0.875) / np.maximum(core, QUARTILE)
    tamed: Floats = np.sign(day) * normal_of_student(size * unit[:, None], freedom[:, None])
    return tamed


def normal_of_student(t: Floats, freedom: Floats) -> Floats:
    """Normal scores as likely as Student t of 0 or more (Hill 1970, algorithm 395 of the ACM).

    From 10 degrees of freedom on right to 1e-6 for scores up to 6.
    """
    a = freedom - 0.5
    b = 48 * a * a
    y = a * np.log1p(t * t / freedom)
    series = (((-0.4 * y - 3.3) * y - 24) * y - 85.5) / (0.8 * y * y + 100 + b) + y + 3
    normal: Floats = (series / b + 1) * np.sqrt(y)
    return normal


def best_intervals(scores: Intervals) -> list[list[tuple[int, int]]]:
    """For each series the disjoint intervals (start, end) with the largest sum of score² less penalties."""
    chains: list[list[tuple[int, int]]] = []
    for rows in blocks(len(scores.own)):
        index, row, last = candidates(scores, rows)
        size = np.abs(scores[index, row, last])
        size[index == 0] = np.minimum(size[index == 0], DAY_CLIP)
        gain = size**2 - PENALTY - DAY_PENALTY * LENGTHS[index]
        order = np.lexsort((index, last, row))
        order = order[gain[order] > 0]
        cuts = np.searchsorted(row[order], np.arange(rows.start + 1, min(rows.stop, len(scores.own))))
        chains += [best_chain(last[one] + 1, LENGTHS[index[one]], gain[one]) for one in np.split(order, cuts)]
    return chains


def candidates(scores: Intervals, rows: slice) -> tuple[Ints, Ints, Ints]:
    """Positions in LENGTHS, series and last days of intervals that may earn their price; no other does.

    As (y/mean)^k is nearer to 1 than y/mean where that is smaller, and concave, a score's size is at most
    (|y - mean| + variance / (9 mean)) / (k·sd): no roots are needed to see that an interval is ordinary.
    """
    days = scores.own.shape[1]
    eligible = scores.eligible[rows]
    found = [np.nonzero(eligible & (np.abs(scores.own[rows]) ** 2 > PENALTY + DAY_PENALTY))]
    for index, length in enumerate(LENGTHS[: np.searchsorted(LENGTHS, days, side="right")].tolist()):
        if index == 0:
            continue
        value, mean, variance, doubt = (part[rows, length:] - part[rows, :-length] for part in scores.sums)
        variance += doubt**2
        most = np.abs(value - mean) + variance / (9 * np.maximum(mean, NOTHING))
        scale = np.minimum(scores.scale[rows, index, None], 1e9)
        least = (1 - 1e-9) * (PENALTY + DAY_PENALTY * length) * (scores.power[rows] * scale) ** 2
        hit = most * most >= least * variance
        hit &= eligible[:, length - 1 :] & eligible[:, : days + 1 - length]
        series, first = np.nonzero(hit)
        found.append((series, first + length - 1))
    lengths = np.repeat(np.arange(len(found)), [len(series) for series, _ in found])
    places, last = (np.concatenate(part) for part in zip(*found, strict=True))
    return lengths, places + rows.start, last


def best_chain(ends: Ints, lengths: Ints, gains: Floats) -> list[tuple[int, int]]:
    """Of N intervals, ordered by their ends, the disjoint ones with the largest sum of gains.

    Weighted interval scheduling: of each end that improves on all before, the sum, the interval's start and
    the chain it continues.
    """
    last_days, sums, starts, chains = [0], [0.0], [0], [0]
    for end, length, earned in zip(ends.tolist(), lengths.tolist(), gains.tolist(), strict=True):
        chain = bisect_right(last_days, end - length) - 1
        if sums[chain] + earned > sums[-1]:
            last_days.append(end)
            sums.append(sums[chain] + earned)
            starts.append(end - length)
            chains.append(chain)
    spans, last = [], len(last_days) - 1
    while last:
        spans.append((starts[last], last_days[last]))
        last = chains[last]
    return spans[::-1]


def trim(item: Interval, day: Floats) -> Interval:
    """The interval without days at its ends that are nearer to the expected than to the days inside.

    Only where the T `day` scores tell them apart. An incident may be shorter than the next of LENGTHS.
    """
    days = item.end - item.start
    if days == 1:
        return item
    sides = np.sign(item.score) * day[item.start : item.end]
    ordered = np.sort(sides)
    middle = (ordered[(days - 1) // 2] + ordered[days // 2]) / 2  # np.median takes ten times as long
    if middle < CLEAR_DAY:
        return item
    like = np.flatnonzero(sides >= middle / 2)
    return replace(item, start=item.start + int(like[0]), end=item.start + int(like[-1]) + 1)


def two_sided(score: Floats | float) -> Floats:
    """Two-sided p-values of standard normal scores."""
    chance: Floats = 2 * ndtr(-np.abs(score))
    return chance


def false_discovery(p_values: Floats) -> Floats:
    """Step-up q-values (Benjamini & Hochberg 1995)."""
    order = np.argsort(p_values)
    ranked = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    q_values = np.empty(len(order))
    q_values[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return q_values


def recurs_yearly(
    scores: Intervals | Floats, rows: Ints, start: Ints, end: Ints, score: Floats, year: float = 365.25
) -> Bools:
    """N flags: two other years deviate to the same side at the same dates: a season, not an incident.

    Where there is but one other year, a long interval must come back in it with half its score at least.
    `scores` are the lengths × S × T interval scores; `rows`, `start`, `end` and `score` describe N intervals,
    `year` is the days of one.
    """
    days = scores.shape[2]
    length = np.minimum(np.searchsorted(LENGTHS, end - start), len(LENGTHS) - 1)
    most = int(days / year) + 1
    offset = np.array([one for one in range(-most, most + 1) if one])
    near = (end - 1)[:, None, None] + np.round(year * offset).astype(int)[:, None] + np.arange(-3, 4)
    within = (offset >= -np.round(end / year)[:, None]) & (offset <= np.round((days - end) / year)[:, None])
    found = scores[length[:, None, None], rows[:, None, None], np.clip(near, 0, days - 1)]
    known = np.isfinite(found) & (near >= 0) & (near < days) & within[:, :, None]
    best = np.where(known, np.sign(score)[:, None, None] * found, -np.inf).max(2)
    size = np.abs(score)[:, None]
    once = (best >= np.maximum(2.0, 0.5 * size)).any(1) & (end - start >= SEASON_DAYS)
    often: Bools = (best >= np.maximum(2.0, 0.3 * size)).sum(1) >= 2
    return np.where(np.isfinite(best).sum(1) == 1, once, often)
