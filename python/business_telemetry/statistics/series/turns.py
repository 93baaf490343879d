"""Where a series leaves its level for weeks, for good or every year, found before its curve is trusted.

A robust curve may settle in the wrong place when a third of a year is off: then the ordinary days around a
long incident look odd. So steps that last to the end, shifts that come back and seasons that begin in the
middle of a month are searched for first, by orthogonal matching pursuit (Pati, Rezaiifar & Krishnaprasad
1993): the candidate that explains most, given that weekday, month and trend may take up their share of it, is
taken; again, until none is large enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from business_telemetry.statistics.series.panel import Bools, Floats, Ints

LENGTHS = (14, 21, 30, 42, 60, 90)  # days of shifts that come back, roughly
STRIDE, NEAR = 3, 6  # days between candidate starts, and around the best one for a closer look
MIN_AFTER = 14  # days after a step before it is one
MIN_SCORE, MIN_SIZE = 5.0, 0.08  # in units of how 28-day sums scatter; log size
SHARED_SCORE = 3.0  # of a turn that another metric of the shop shows clearly
RETURN = 12.0  # more that a shift that comes back, two turns, must explain, times the inflation
MOST = 5
BLOCK = 28
YEAR = 365.25
SEASON_LENGTHS = (14, 20, 28, 38)  # days of seasons that do not keep to months, roughly
ALIKE = 0.4  # of a season's size that each of its years must show
LEAST_OWN = 0.02  # share of a turn that season and trend cannot explain, below which it is not told from them
CALMEST = 2.0  # least inflation of any shop
TURN_PRIOR = 1.0


@dataclass(frozen=True)
class Turn:
    """Days start to end (exclusive) at another level, by a log size; `lasts` if to the end of the log.

    `is_incident`: it came back and cannot be a season, so nothing is expected of it. `yearly`: it comes every
    year on these dates, a season that does not keep to months.
    """

    start: int
    end: int
    size: float
    lasts: bool
    is_incident: bool = False
    yearly: bool = False

    def column(self, days: int, settle: int = 0) -> Floats:
        """1 on the days at the other level (of one that lasts: from the day `settle` on), 0 elsewhere."""
        day = np.arange(days)
        if self.yearly:
            return (np.mod(day - self.start, YEAR) < self.end - self.start).astype(float)
        inside: Floats = ((day >= self.start + settle) & ((day < self.end) | self.lasts)).astype(float)
        return inside


@dataclass(frozen=True)
class Deviation:
    """What one series' turns are looked for in.

    Attributes:
        columns: T × P regressors that compete for the same deviations.
        prior: P prior standard deviations of their effects.
        weight: T inverse variances of `residual`; 0 = not seen.
        residual: T log deviations from the fitted curve.
    """

    columns: Floats
    prior: Floats
    weight: Floats
    residual: Floats

    def beside(self, turn: Turn) -> Deviation:
        """The same with the turn among the competitors."""
        columns = np.hstack([self.columns, turn.column(len(self.weight))[:, None]])
        return replace(self, columns=columns, prior=np.append(self.prior, TURN_PRIOR))


def find_turns(series: Deviation) -> list[Turn]:
    """The turns of one series, the clearest first."""
    found: list[Turn] = []
    while len(found) < MOST:
        best = next_turn(series)
        if best is None:
            break
        series = series.beside(best)
        found.append(best)
    return found


def next_turn(series: Deviation) -> Turn | None:
    """The turn that explains most, if clear: a step, or a shift that comes back if worth its price."""
    root, left = without(series)
    finalists = [
        (gain, turn, inflation(series.weight, beyond(series, root, left, turn)))
        for gain, turn in strongest(series.columns, root, series.weight, left)
    ]
    if not finalists:
        return None
    wide = min(one[2] for one in finalists)
    gain, turn, _ = max(finalists, key=lambda one: one[0] - (0.0 if one[1].lasts else RETURN * wide))
    return turn if gain >= MIN_SCORE**2 * wide and abs(turn.size) >= MIN_SIZE else None


def shared(series: Deviation, own: list[Turn], others: Sequence[Turn]) -> list[Turn]:
    """The turns of one series, with those of other metrics of the shop that it shows too, if less clearly."""
    found = list(own)
    for turn in own:
        series = series.beside(turn)
    for turn in sorted(others, key=lambda one: -abs(one.size)):
        if any(abs(turn.start - one.start) <= BLOCK // 2 for one in found):
            continue
        wider = series.beside(turn)
        root, left = without(wider)
        last = root[-1]  # of the inverse normal matrix: root @ root.T
        size = float(last @ (root.T @ (wider.columns.T @ (wider.weight * wider.residual))))
        chance = size**2 / float(last @ last)  # Wald's statistic of the last effect
        if abs(size) >= MIN_SIZE and chance >= SHARED_SCORE**2 * inflation(wider.weight, left):
            found.append(replace(turn, size=size))
            series = wider
    return found


def without(series: Deviation) -> tuple[Floats, Floats]:
    """A root of the inverse of the penalised P × P normal matrix, and the T residuals of the regression."""
    x, weight = series.columns, series.weight
    scaled = x * np.sqrt(weight)[:, None]
    normal = scaled.T @ scaled + np.diag(series.prior**-2.0)
    root = np.asarray(np.linalg.inv(np.linalg.cholesky(normal)).T, dtype=np.float64)
    return root, series.residual - x @ (root @ (root.T @ (x.T @ (weight * series.residual))))


def beyond(series: Deviation, root: Floats, left: Floats, turn: Turn) -> Floats:
    """The T residuals that `without` would leave of the series `beside` the turn.

    One more regressor changes a regression by what the others leave of it (Frisch & Waugh 1933).
    """
    column = turn.column(len(left))
    mass = series.weight * column
    shared = root @ (root.T @ (mass @ series.columns))
    own = column - series.columns @ shared
    rest: Floats = left - own * (mass @ left) / (mass @ own + TURN_PRIOR**-2.0)
    return rest


def strongest(x: Floats, root: Floats, weight: Floats, residual: Floats) -> list[tuple[float, Turn]]:
    """The best step, shift that comes back and season, with the falls of the weighted sum of squares."""
    days = len(weight)
    white = (weight[:, None] * x) @ root
    sums = np.zeros((days + 1, 2 + x.shape[1]))
    np.cumsum(np.column_stack([weight * residual, weight, white]), axis=0, out=sums[1:])

    def best_of(starts: Ints, ends: Ints) -> tuple[float, Turn]:
        gain, size = explained(sums, starts[:, None], ends[:, None])
        at = int(np.argmax(gain))
        return float(gain[at]), Turn(int(starts[at]), int(ends[at]), float(size[at]), bool(ends[at] >= days))

    coarse = np.arange(MIN_AFTER, days - MIN_AFTER + 1, STRIDE)
    if not len(coarse):
        return []
    step = best_of(coarse, np.full(len(coarse), days))[1]
    inside = [
        (part, part + length) for length in LENGTHS for part in [coarse[coarse < days - length]] if len(part)
    ]
    near = np.clip(np.arange(step.start - NEAR, step.start + NEAR + 1), MIN_AFTER, days - MIN_AFTER)
    found = [best_of(near, np.full(len(near), days))]
    pairs = [np.meshgrid(near, np.arange(max(days - BLOCK, 1), days))]  # the step, lately gone
    if inside:
        back = max((best_of(*one) for one in inside), key=lambda one: one[0])[1]
        pairs.append(np.meshgrid(around(back.start, days), around(back.end, days)))
    starts, ends = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    long = ends - starts >= MIN_AFTER
    if long.any():
        found.append(best_of(starts[long], ends[long]))
    return found + best_season(sums)


def explained(sums: Floats, first: Ints, last: Ints) -> tuple[Floats, Floats]:
    """N falls of the weighted sum of squares, and the log sizes, of turns of K parts each.

    Args:
        sums: (T + 1) × (2 + P) cumulative sums of weighted residuals, weights and weighted regressors, the
            last times a root of the inverse of the normal matrix.
        first: N × K first days of the parts.
        last: N × K days after them.
    """
    part = sums[last[:, 0]] - sums[first[:, 0]]
    for one in range(1, first.shape[1]):
        part += sums[last[:, one]] - sums[first[:, one]]
    gross, mass, cross = part[:, 0], part[:, 1], part[:, 2:]
    net = mass - np.einsum("ij,ij->i", cross, cross)
    size = np.where(net > LEAST_OWN * mass, gross / np.maximum(net, 1e-9), 0.0)
    return gross * size, size


def best_season(sums: Floats) -> list[tuple[float, Turn]]:
    """The best shift that comes every year on the same dates; none before two whole ones were seen.

    `sums` as in `explained`.
    """
    days = len(sums) - 1
    years = np.arange(0, days, YEAR)

    def best_of(starts: Ints, lengths: Ints) -> tuple[float, Turn] | None:
        first = np.minimum(np.round(starts[:, None] + years).astype(np.int64), days)
        last = np.minimum(first + lengths[:, None], days)
        gross, mass = np.moveaxis(sums[last, :2] - sums[first, :2], 2, 0)
        least = ALIKE * gross.sum(1) / np.maximum(mass.sum(1), 1e-9)
        whole = last - first == lengths[:, None]
        alike = (~whole | (gross * np.sign(least)[:, None] >= mass * np.abs(least)[:, None])).all(1)
        rows = np.flatnonzero(alike & (whole.sum(1) >= 2))
        gain, size = explained(sums, first[rows], last[rows])
        if not gain.any():
            return None
        at = int(np.argmax(gain))
        start, end = int(starts[rows[at]]), int(starts[rows[at]] + lengths[rows[at]])
        return float(gain[at]), Turn(start, end, float(size[at]), lasts=False, yearly=True)

    starts, lengths = np.meshgrid(np.arange(0, int(YEAR), STRIDE), SEASON_LENGTHS)
    coarse = best_of(starts.ravel(), lengths.ravel())
    if coarse is None:
        return []
    near = np.arange(-NEAR, NEAR + 1)
    season = coarse[1]
    starts, lengths = np.meshgrid((season.start + near) % int(YEAR), season.end - season.start + near)
    fine = best_of(starts.ravel(), lengths.ravel())
    return [fine] if fine else []


def around(day: int, days: int) -> Ints:
    """The days near one, inside the log."""
    return np.arange(max(day - NEAR, 1), min(day + NEAR, days - 1) + 1)


def inflation(weight: Floats, residual: Floats) -> float:
    """How much wider than independent days the four-week sums scatter (median of squares)."""
    whole = len(weight) // BLOCK * BLOCK
    if whole < 4 * BLOCK:
        return CALMEST
    mass = weight[-whole:].reshape(-1, BLOCK).sum(1)
    score = (weight * residual)[-whole:].reshape(-1, BLOCK).sum(1) / np.sqrt(np.maximum(mass, 1e-9))
    known: Bools = mass > 0
    return max(CALMEST, float(np.median(score[known] ** 2)) / 0.455) if known.any() else CALMEST
