"""The curve of a series: a robust log-linear quasi-likelihood regression.

McCullagh & Nelder, Generalized Linear Models, 1989, ch. 9, by iteratively reweighted least squares, on
weekday, month, yearly wave, a straight line and stiff bends. Effects are shrunk towards none (ridge, Hoerl &
Kennard 1970).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from business_telemetry.statistics.series.noise import first_dispersion, noise, normal_score, unit_noise
from business_telemetry.statistics.series.panel import Bools, Floats, Ints, Panel
from business_telemetry.statistics.series.special import Special
from business_telemetry.statistics.series.turns import Turn

# rounds of reweighting, of a total and of a segment: long incidents are slow to be seen through, totals few
ROUNDS = (20, 8)
AGAIN = (8, 3)  # from an earlier fit
KNOT_DAYS = 90
# Prior standard deviations of log effects: of a total, and of a segment relative to its total.
PRIOR = {
    "level": (1.0, 1.0),
    "weekday": (0.5, 0.05),
    "month": (0.5, 0.08),
    "wave": (0.3, 0.03),
    "line": (2.0, 0.5),  # a year: steady growth is no surprise
    "bend": (0.03, 0.02),  # in KNOT_DAYS: a trend that bends easily follows a long incident
    "turn": (1.0, 1.0),
}
MONTHS = slice(8, 20)  # the columns of the month effects, where the year is known
SPECIAL_PRIOR = (0.5, 0.10)
HUBER = 1.8
REJECT = 5.0
BLOCK_DAYS = 28
FEW = 6  # series of one design for which products of its regressors are not worth keeping
BLOCK_LIMIT = 2.0


@dataclass(frozen=True)
class Design:
    """T × P regressors and their 2 × P prior standard deviations (of a total, of a segment)."""

    columns: Floats
    prior: Floats

    @cached_property
    def rows(self) -> Floats:
        """P × T: the regressors, each in one piece."""
        return np.ascontiguousarray(self.columns.T)

    @cached_property
    def flags(self) -> list[tuple[int, Ints]]:
        """The regressors that are 1 on some days and 0 on most, and these days."""
        rare = ((self.rows == 0) | (self.rows == 1)).all(1) & (self.rows.mean(1) < 0.5)
        return [(one, np.flatnonzero(self.rows[one])) for one in np.flatnonzero(rare).tolist()]

    @cached_property
    def products(self) -> tuple[Ints, Ints, Floats]:
        """Each two of the other regressors, and the T × pairs products of them."""
        others = np.setdiff1d(np.arange(len(self.rows)), [one for one, _ in self.flags])
        first, second = (others[part] for part in np.triu_indices(len(others)))
        return first, second, (self.rows[first] * self.rows[second]).T

    def gram(self, weight: Floats) -> Floats:
        """R × P × P sums over days of the products of each two regressors, by R × T weights."""
        count = len(self.rows)
        result = np.empty((len(weight), count, count))
        if len(weight) < FEW:
            for place, root in enumerate(np.sqrt(weight)):
                scaled = self.rows * root
                result[place] = scaled @ scaled.T
            return result
        first, second, products = self.products
        result[:, first, second] = result[:, second, first] = weight @ products
        for one, days in self.flags:  # nothing to multiply by, and on few days
            result[:, one] = result[:, :, one] = weight[:, days] @ self.columns[days]
        return result

    def with_turns(self, turns: Sequence[Turn]) -> Design:
        """The same with one more regressor for each turn."""
        if not turns:
            return self
        extra = np.column_stack([one.column(len(self.columns)) for one in turns])
        prior = np.repeat(np.array(PRIOR["turn"])[:, None], len(turns), axis=1)
        return Design(np.hstack([self.columns, extra]), np.hstack([self.prior, prior]))


@dataclass(frozen=True)
class Fit:
    """R fitted series: R × T log curve without special days, R × G log effects of these, R × P coefficients.

    Coefficients of a design with fewer columns than another's end with zeros. `phi` are the R dispersions
    (see `noise`), `weight` the R × T inverse variances of relative deviations.
    """

    curve: Floats
    special: Floats
    coefficients: Floats
    mean: Floats
    variance: Floats
    weight: Floats
    phi: Floats

    @classmethod
    def of(cls, series: int, days: int, groups: int, columns: int) -> Fit:
        """Room for the fits of some series."""
        curve, mean, variance, weight = (np.zeros((series, days)) for _ in range(4))
        special, coefficients = np.zeros((series, groups)), np.zeros((series, columns))
        return cls(curve, special, coefficients, mean, variance, weight, np.ones(series))

    def put(self, places: list[int], other: Fit) -> None:
        """Take over all series of `other`, with as many of their coefficients as there is room for."""
        columns = min(self.coefficients.shape[1], other.coefficients.shape[1])
        self.coefficients[places, :columns] = other.coefficients[:, :columns]
        for name in ("curve", "special", "mean", "variance", "weight", "phi"):
            getattr(self, name)[places] = getattr(other, name)


@dataclass(frozen=True)
class Start:
    """Where a fit may begin: R × T log curves, R × G log effects and R dispersions of an earlier one."""

    curve: Floats
    special: Floats
    phi: Floats

    def of(self, rows: Ints) -> Start:
        """Those rows only."""
        return Start(self.curve[rows], self.special[rows], self.phi[rows])


def design(panel: Panel, months: Ints) -> Design:
    """Regressors of the panel's days, which behave like the given months."""
    length, day = len(panel.dates), panel.dates.astype(np.int64)
    blocks = {"level": np.ones((length, 1)), "weekday": np.eye(7)[day % 7]}
    if panel.knows_year:
        angle = 2 * np.pi * np.outer(day / 365.25, [1, 2])
        blocks["month"] = np.eye(12)[months]
        blocks["wave"] = np.hstack([np.sin(angle), np.cos(angle)])
    days = np.arange(length)[:, None]
    knots = np.arange(0, max(length - KNOT_DAYS // 2, 1), KNOT_DAYS)
    blocks["line"] = (days - length) / 365.25
    blocks["bend"] = np.clip((days - knots) / KNOT_DAYS, 0, 1)
    priors = [np.repeat(np.array(PRIOR[name])[:, None], part.shape[1], 1) for name, part in blocks.items()]
    return Design(np.hstack(list(blocks.values())), np.hstack(priors))


def fit_rows(
    panel: Panel,
    rows: Ints,
    base: Floats,
    designs: Sequence[Design],
    special: Special,
    use: Bools,
    depth: int,
    blocks: bool = True,
    start: Start | None = None,
) -> Fit:
    """Fit `rows` as deviations from the log curves `base`, learning from the days `use` (R × T).

    Robust in two ways: Huber weights (Huber 1964) on days, and, with `blocks`, on the four weeks around each
    day. The dispersion is Huber's "proposal 2" on Pearson residuals. From `start` a few rounds are enough.
    `designs` are the R rows' regressors; rows of one and the same are solved together.
    """
    seen, power = use.astype(float), panel.power[rows]
    days = np.maximum(seen.sum(1), 1)
    y = np.where(use, panel.y[rows], 0.0)
    exponent = np.where(panel.is_ratio[rows], 1.0, 1.5)[:, None]
    level = np.log(np.maximum(y.sum(1), 1e-9) / np.maximum((seen * np.exp(base)).sum(1), 1e-9))
    base = base + level[:, None]
    if start is None:
        curve, spread, mean = base, np.zeros_like(y), np.exp(base)
        phi = first_dispersion(y, mean, seen, exponent, 7)
    else:
        curve, spread, phi = start.curve, special.spread(start.special, rows), start.phi
        mean = np.exp(np.clip(curve + spread, -30, 30))
    unit, on = unit_noise(mean, seen, exponent), special.on
    for step in range(0 if start is None else ROUNDS[depth] - AGAIN[depth], ROUNDS[depth]):
        variance = noise(mean, phi, unit)
        square = mean * mean
        sparse = 1 + variance / square  # large scores are the nature of a series of rare events
        score = normal_score(y, mean, variance, power)
        score /= np.sqrt(sparse)
        size = np.abs(score)
        weight = seen * square / variance
        weight *= HUBER / np.maximum(size, HUBER)
        if blocks:
            weight *= block_trust(score * seen)
        if step >= 2:
            weight *= size < REJECT
        change = np.clip(y / mean - 1, -1, 3 * sparse)
        coefficients, effect = solve_ridge(designs, weight, curve - base + change, depth)
        curve = base + effect
        known = spread[:, on]
        change = np.clip(y[:, on] / np.exp(curve[:, on] + known) - 1, -1, 3 * sparse[:, on])
        effects = special.effects(change + known, weight[:, on], SPECIAL_PRIOR[depth])
        spread = special.spread(effects, rows)
        mean = np.exp(np.clip(curve + spread, -30, 30))
        unit = unit_noise(mean, seen, exponent)
        residual = np.minimum((y - mean) ** 2 / noise(mean, phi, unit), 6.25)
        phi = phi * np.maximum((seen * residual).sum(1) / days / 0.9775, 1e-6)
    return Fit(curve, effects, coefficients, mean, noise(mean, phi, unit), weight, phi)


def solve_ridge(
    designs: Sequence[Design], weight: Floats, target: Floats, depth: int
) -> tuple[Floats, Floats]:
    """R × P coefficients of weighted ridge regressions, and the R × T effects that they add up to."""
    coefficients = np.zeros((len(weight), max(one.columns.shape[1] for one in designs)))
    effect = np.empty(weight.shape)
    weighted = weight * target
    for x, places in by_design(designs):
        every = np.arange(x.columns.shape[1])
        gram = x.gram(weight[places])
        gram[:, every, every] += x.prior[depth] ** -2.0
        solution = np.linalg.solve(gram, (weighted[places] @ x.columns)[:, :, None])[:, :, 0]
        coefficients[places, : len(every)] = solution
        effect[places] = solution @ x.columns.T
    return coefficients, effect


def by_design(designs: Sequence[Design]) -> list[tuple[Design, list[int]]]:
    """Each design and the places where it stands."""
    places: dict[int, list[int]] = {}
    for place, one in enumerate(designs):
        places.setdefault(id(one), []).append(place)
    return [(designs[here[0]], here) for here in places.values()]


def block_scores(score: Floats) -> Floats:
    """R × T sums of the scores of the four weeks around each day, in their standard deviations."""
    days = score.shape[1]
    width = min(BLOCK_DAYS, days)
    sums = np.zeros((len(score), days + 1))
    np.cumsum(np.clip(score, -3, 3), axis=1, out=sums[:, 1:])
    inside = (sums[:, width:] - sums[:, : days + 1 - width]) / np.sqrt(max(width, 1))
    block: Floats = np.pad(inside, ((0, 0), (width // 2, max(width - 1 - width // 2, 0))), mode="edge")
    return block[:, :days]


def block_trust(score: Floats) -> Floats:
    """R × T weights from the four weeks around each day: a long incident is small day by day.

    Down-weighting whole blocks turns the mean over years into something close to a median, so that one
    odd December does not bend what all Decembers are expected to be. The weight falls with the square of
    the distance (redescending, like Tukey's): Huber's would let a long incident in one of three years win.
    """
    trust: Floats = (BLOCK_LIMIT / np.maximum(np.abs(block_scores(score)), BLOCK_LIMIT)) ** 2
    return trust
