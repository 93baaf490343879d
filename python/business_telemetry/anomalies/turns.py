"""Where a series leaves its level for weeks or for good, found before its curve is trusted.

A robust curve may settle in the wrong place when a third of a year is off: then the ordinary days around a long
incident look odd. So steps that last to the end and shifts that come back are searched for first, by orthogonal
matching pursuit (Pati, Rezaiifar & Krishnaprasad 1993): the candidate that explains most, given that weekday,
season and trend may take up their share of it, is taken; again, until none is large enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from business_telemetry.anomalies.panel import Bools, Floats, Ints

LENGTHS = (14, 21, 30, 42, 60)  # days of shifts that come back, roughly
STRIDE, NEAR = 3, 6  # days between candidate starts, and around the best one for a closer look
MIN_AFTER = 14  # days after a step before it is one
MIN_SCORE, MIN_SIZE = 5.0, 0.08  # in units of how 28-day sums scatter; log size
SHARED_SCORE = 3.0  # of a turn that another metric of the shop shows clearly
RETURN = 1.15  # a shift that comes back, two turns, must explain this many times as much as a step
MOST = 8
BLOCK = 28
TURN_PRIOR = 1.0


@dataclass(frozen=True)
class Turn:
    """Days start to end (exclusive) at another level, by a log size; `lasts` if to the end of the log."""

    start: int
    end: int
    size: float
    lasts: bool

    def column(self, days: int, settle: int = 0) -> Floats:
        """1 on the days at the other level (from the day `settle` on), 0 elsewhere."""
        day = np.arange(days)
        inside: Floats = ((day >= self.start + settle) & (day < self.end)).astype(float)
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
    precision, left = without(series)
    while len(found) < MOST:
        best = strongest(series.columns, precision, series.weight, left)
        if best is None or abs(best[1].size) < MIN_SIZE:
            break
        series = series.beside(best[1])
        precision, left = without(series)
        if best[0] < MIN_SCORE**2 * inflation(series.weight, left):
            break
        found.append(best[1])
    return found


def shared(series: Deviation, own: list[Turn], others: Sequence[Turn]) -> list[Turn]:
    """The turns of one series, those of other metrics of the shop included that it shows too, if less clearly."""
    found = list(own)
    for turn in own:
        series = series.beside(turn)
    for turn in sorted(others, key=lambda one: -abs(one.size)):
        if any(abs(turn.start - one.start) <= BLOCK // 2 for one in found):
            continue
        wider = series.beside(turn)
        precision, left = without(wider)
        size = float((precision @ (wider.columns.T @ (wider.weight * wider.residual)))[-1])
        chance = size**2 / float(precision[-1, -1])  # Wald's statistic of the last effect
        if abs(size) >= MIN_SIZE and chance >= SHARED_SCORE**2 * inflation(wider.weight, left):
            found.append(replace(turn, size=size))
            series = wider
    return found


def without(series: Deviation) -> tuple[Floats, Floats]:
    """Inverse of the penalised P × P normal matrix, and the T residuals of the weighted ridge regression."""
    x, weight = series.columns, series.weight
    precision: Floats = np.linalg.inv(x.T @ (weight[:, None] * x) + np.diag(series.prior**-2.0))
    return precision, series.residual - x @ (precision @ (x.T @ (weight * series.residual)))


def strongest(x: Floats, precision: Floats, weight: Floats, residual: Floats) -> tuple[float, Turn] | None:
    """The candidate with the largest fall of the weighted sum of squares, and that fall."""
    days = len(weight)
    parts = np.column_stack([weight * residual, weight, weight[:, None] * x])
    sums = np.vstack([np.zeros((1, parts.shape[1])), np.cumsum(parts, axis=0)])

    def gains(starts: Ints, ends: Ints) -> tuple[Floats, Floats]:
        part = sums[ends] - sums[starts]
        gross, mass, cross = part[:, 0], part[:, 1], part[:, 2:]
        net = mass - ((cross @ precision) * cross).sum(1)
        size = np.where(net > 0.05 * mass, gross / np.maximum(net, 1e-9), 0.0)
        return np.where(ends < days, gross * size / RETURN, gross * size), size

    def best_of(starts: Ints, ends: Ints) -> tuple[float, Turn]:
        gain, size = gains(starts, ends)
        at = int(np.argmax(gain))
        return float(gain[at]), Turn(int(starts[at]), int(ends[at]), float(size[at]), bool(ends[at] >= days))

    coarse = np.arange(MIN_AFTER, days - MIN_AFTER + 1, STRIDE)
    pairs = [(coarse, np.full(len(coarse), days))]
    pairs += [(inside, inside + length) for length in LENGTHS for inside in [coarse[coarse < days - length]]]
    found = [best_of(starts, ends) for starts, ends in pairs if len(starts)]
    if not found:
        return None
    best = max(found, key=lambda one: one[0])[1]
    first, last = (
        np.unique(np.clip(np.arange(day - NEAR, day + NEAR + 1), MIN_AFTER, days)) for day in (best.start, best.end)
    )
    if best.lasts:
        first, last = first[first <= days - MIN_AFTER], np.array([days])
    starts, ends = (part.ravel() for part in np.meshgrid(first, last))
    return best_of(starts[ends > starts], ends[ends > starts])


def inflation(weight: Floats, residual: Floats) -> float:
    """How much wider than independent days the four-week sums scatter (median of squares), at least 1."""
    whole = len(weight) // BLOCK * BLOCK
    if whole < 4 * BLOCK:
        return 1.0
    mass = weight[-whole:].reshape(-1, BLOCK).sum(1)
    score = (weight * residual)[-whole:].reshape(-1, BLOCK).sum(1) / np.sqrt(np.maximum(mass, 1e-9))
    known: Bools = mass > 0
    return max(1.0, float(np.median(score[known] ** 2)) / 0.455) if known.any() else 1.0
