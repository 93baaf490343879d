"""Find the intervals of days that do not fit what was expected.

Every interval of up to two months gets the score of its summed deviation; the best set of disjoint
intervals is found exactly by dynamic programming (collective and point anomalies: Fisch, Eckley &
Fearnhead, "A linear time method for the detection of collective and point anomalies", 2022).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from business_telemetry.statistics.series.expected import Expected
from business_telemetry.statistics.series.noise import NOTHING, QUARTILE, band, normal_score
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
class Deviations:
    """Scores of single days (S × T) and of the intervals that end on a day (lengths × S × T, NaN = none).

    An interval of one day is scored less what its siblings share, `day` is not.
    """

    day: Floats
    interval: Floats

    @property
    def own(self) -> Floats:
        """S × T scores of days, less what their siblings share."""
        own: Floats = np.nan_to_num(self.interval[0])
        return own


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
    clipped = np.clip(panel.y, *band(expected.mean, total, panel.power, CLIP))
    scores = interval_scores(clipped, expected, eligible, panel.power)
    scores /= length_scales(scores, quiet, np.asarray(panel.metric)).T[:, :, None]
    scores[0] = np.where(eligible, own, np.nan)
    return Deviations(day, scores)


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
    for parent in np.unique(panel.parent[panel.parent >= 0]):
        rows = np.flatnonzero(panel.parent == parent)
        middle, whole = weighted_median(ratio[rows], weight[rows]), ratio[parent]
        shared = np.exp(np.where(middle * whole > 0, np.sign(whole), 0) * np.minimum(abs(middle), abs(whole)))
        mean, variance = expected.mean[rows] * shared, expected.total_variance[rows] * shared**2
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


def interval_scores(y: Floats, expected: Expected, eligible: Bools, power: Floats) -> Floats:
    """Lengths × S × T scores; doubt about the mean does not average out over an interval, noise does."""
    scores = np.full((len(LENGTHS), *eligible.shape), np.nan)
    parts = (y, expected.mean, expected.variance, expected.doubt * expected.mean)
    for first in range(0, len(y), BLOCK_ROWS):
        rows = slice(first, first + BLOCK_ROWS)
        sums = [
            np.pad(np.cumsum(np.where(eligible[rows], part[rows], 0.0), axis=1), ((0, 0), (1, 0)))
            for part in parts
        ]
        for index, length in enumerate(LENGTHS[: np.searchsorted(LENGTHS, y.shape[1], side="right")]):
            total, mean, variance, doubt = (part[:, length:] - part[:, :-length] for part in sums)
            score = normal_score(total, mean, variance + doubt**2, power[rows])
            ends = eligible[rows, length - 1 :] & eligible[rows, : y.shape[1] - length + 1]
            scores[index, rows, length - 1 :] = np.where(ends, score, np.nan)
    return scores


def pooled(values: Floats, metric: NDArray[np.str_]) -> Floats:
    """Geometric mean of each series' value and the median over its metric's series (columns apart)."""
    medians = {name: np.median(values[metric == name], axis=0) for name in np.unique(metric)}
    mean: Floats = np.sqrt(values * np.array([medians[name] for name in metric]).reshape(values.shape))
    return mean


def length_scales(scores: Floats, quiet: Bools, metric: NDArray[np.str_]) -> Floats:
    """S × lengths: how much wider the scores of a length are than standard normal, at least 1.

    Slow wander that the expectation does not follow shows as wide long intervals. A length with fewer than
    four disjoint intervals of history cannot be judged: its scale is infinite.
    """
    scales = np.full((len(quiet), len(LENGTHS)), np.inf)
    for index, length in enumerate(LENGTHS):
        step = max(1, length // 4)  # neighbours that share most of their days tell little more
        usable = (quiet & np.isfinite(scores[index]))[:, ::step]
        sizes = np.abs(scores[index, :, ::step])
        for row in np.flatnonzero(usable.sum(1) * step >= 4 * length):
            size = sizes[row, usable[row]]
            rank = len(size) * 3 // 4
            scales[row, index] = max(1.0, np.partition(size, rank)[rank] / QUARTILE)
    return pooled(scales, metric)


def tame_tails(day: Floats, quiet: Bools, metric: NDArray[np.str_]) -> Floats:
    """Day scores made normal: a shop with wild single days needs a wilder day to raise an alarm.

    Scores are read as Student t, with the degrees of freedom whose ratio of the 98th to the 75th percentile
    of |score| is the observed one, and carried over to the normal distribution.
    """
    freedom = FREEDOM
    known = stdtrit(freedom, 0.99) / stdtrit(freedom, 0.875)
    ratio, core = np.full(len(day), known[-1]), np.full((len(day), 1), QUARTILE)
    for row in np.flatnonzero(quiet.sum(1) >= 200):
        core[row], far = np.quantile(np.abs(day[row, quiet[row]]), [0.75, 0.98])
        ratio[row] = far / max(core[row, 0], 1e-9)
    shape = np.exp(np.interp(TAIL_SLACK - pooled(ratio, metric), -known, np.log(freedom)))[:, None]
    tail = stdtr(shape, -np.abs(day) * stdtrit(shape, 0.875) / np.maximum(core, QUARTILE))
    tamed: Floats = -np.sign(day) * ndtri(np.maximum(tail, 1e-300))
    return tamed


def best_intervals(scores: Floats) -> list[list[tuple[int, int]]]:
    """For each series the disjoint intervals (start, end) with the largest sum of score² less penalties."""
    limit = np.where(LENGTHS == 1, DAY_CLIP, np.inf)[:, None]
    price = (PENALTY + DAY_PENALTY * LENGTHS)[:, None]
    rows = range(scores.shape[1])
    return [best_chain(np.minimum(np.abs(scores[:, row]), limit) ** 2 - price) for row in rows]


def best_chain(gain: Floats) -> list[tuple[int, int]]:
    """The disjoint intervals with the largest sum of gains; lengths × T, by the day an interval ends on.

    Weighted interval scheduling: of each end that improves on all before, the sum, the interval's start and
    the chain it continues.
    """
    ends, sums, starts, chains = [0], [0.0], [0], [0]
    days, lengths = np.nonzero(gain.T > 0)
    gains = gain[lengths, days]
    for end, length, earned in zip(
        (days + 1).tolist(), LENGTHS[lengths].tolist(), gains.tolist(), strict=True
    ):
        chain = bisect_right(ends, end - length) - 1
        if sums[chain] + earned > sums[-1]:
            ends.append(end)
            sums.append(sums[chain] + earned)
            starts.append(end - length)
            chains.append(chain)
    spans, last = [], len(ends) - 1
    while last:
        spans.append((starts[last], ends[last]))
        last = chains[last]
    return spans[::-1]


def trim(item: Interval, day: Floats) -> Interval:
    """The interval without days at its ends that are nearer to the expected than to the days inside.

    Only where the T `day` scores tell them apart. An incident may be shorter than the next of LENGTHS.
    """
    sides = np.sign(item.score) * day[item.start : item.end]
    middle = float(np.median(sides))
    like = np.flatnonzero(sides >= middle / 2)
    if middle < CLEAR_DAY:
        return item
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
    scores: Floats, rows: Ints, start: Ints, end: Ints, score: Floats, year: float = 365.25
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
