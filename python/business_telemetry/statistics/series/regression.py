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

from business_telemetry.statistics.series.noise import first_dispersion, noise, normal_score
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
BLOCK_LIMIT = 2.0


@dataclass(frozen=True)
class Design:
    """T × P regressors and their 2 × P prior standard deviations (of a total, of a segment)."""

    columns: Floats
    prior: Floats

    @cached_property
    def corner(self) -> tuple[Ints, Ints]:
        """The upper triangle of a P × P matrix."""
        first, second = np.triu_indices(self.columns.shape[1])
        return first, second

    @cached_property
    def products(self) -> Floats:
        """T × P(P + 1)/2 products of each two regressors."""
        pairs: Floats = self.columns[:, self.corner[0]] * self.columns[:, self.corner[1]]
        return pairs

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

    `phi` are the R dispersions (see `noise`), `weight` the R × T inverse variances of relative deviations.
    """

    curve: Floats
    special: Floats
    coefficients: Floats
    mean: Floats
    variance: Floats
    weight: Floats
    phi: Floats

    def put(self, place: int, other: Fit, columns: int) -> None:
        """Take over the only series of `other` (its first `columns` coefficients)."""
        self.coefficients[place] = other.coefficients[0, :columns]
        for name in ("curve", "special", "mean", "variance", "weight", "phi"):
            getattr(self, name)[place] = getattr(other, name)[0]


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
    x: Design,
    special: Special,
    use: Bools,
    depth: int,
    blocks: bool = True,
    start: Start | None = None,
) -> Fit:
    """Fit `rows` as deviations from the log curves `base`, learning from the days `use` (R × T).

    Robust in two ways: Huber weights (Huber 1964) on days, and, with `blocks`, on the four weeks around each
    day. The dispersion is Huber's "proposal 2" on Pearson residuals. From `start` a few rounds are enough.
    """
    seen, power = use.astype(float), panel.power[rows]
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
    for step in range(0 if start is None else ROUNDS[depth] - AGAIN[depth], ROUNDS[depth]):
        variance = noise(mean, phi, seen, exponent)
        score = normal_score(y, mean, variance, power)
        sparse = 1 + variance / mean**2  # large scores are the nature of a series of rare events
        score /= np.sqrt(sparse)
        trust = np.minimum(1.0, HUBER / np.maximum(np.abs(score), HUBER))
        if blocks:
            trust *= block_trust(score * seen)
        if step >= 2:
            trust *= np.abs(score) < REJECT
        weight = seen * trust * mean**2 / variance
        change = np.clip(y / mean - 1, -1, 3 * sparse)
        coefficients = solve_ridge(x, weight, curve - base + change, depth)
        curve = base + coefficients @ x.columns.T
        change = np.clip(y / np.exp(curve + spread) - 1, -1, 3 * sparse)
        effects = special.effects(change + spread, weight, SPECIAL_PRIOR[depth])
        spread = special.spread(effects, rows)
        mean = np.exp(np.clip(curve + spread, -30, 30))
        residual = np.minimum((y - mean) ** 2 / noise(mean, phi, seen, exponent), 6.25)
        phi = phi * np.maximum((seen * residual).sum(1) / np.maximum(seen.sum(1), 1) / 0.9775, 1e-6)
    return Fit(curve, effects, coefficients, mean, noise(mean, phi, seen, exponent), weight, phi)


def solve_ridge(x: Design, weight: Floats, target: Floats, depth: int) -> Floats:
    """R × P coefficients of weighted ridge regressions that share their regressors."""
    every = np.arange(x.columns.shape[1])
    if len(weight) < 3:
        gram = np.array([x.columns.T @ (one[:, None] * x.columns) for one in weight])
    else:
        gram = np.zeros((len(weight), len(every), len(every)))
        first, second = x.corner
        gram[:, first, second] = gram[:, second, first] = weight @ x.products
    gram[:, every, every] += x.prior[depth] ** -2.0
    solution = np.linalg.solve(gram, ((weight * target) @ x.columns)[:, :, None])
    return np.asarray(solution[:, :, 0], dtype=np.float64)


def block_scores(score: Floats) -> Floats:
    """R × T sums of the scores of the four weeks around each day, in their standard deviations."""
    width = min(BLOCK_DAYS, score.shape[1])
    sums = np.pad(np.cumsum(np.clip(score, -3, 3), axis=1), ((0, 0), (1, 0)))
    start = np.clip(np.arange(score.shape[1]) - width // 2, 0, score.shape[1] - width)
    block: Floats = (sums[:, start + width] - sums[:, start]) / np.sqrt(max(width, 1))
    return block


def block_trust(score: Floats) -> Floats:
    """R × T weights from the four weeks around each day: a long incident is small day by day.

    Down-weighting whole blocks turns the mean over years into something close to a median, so that one
    odd December does not bend what all Decembers are expected to be. The weight falls with the square of
    the distance (redescending, like Tukey's): Huber's would let a long incident in one of three years win.
    """
    trust: Floats = (BLOCK_LIMIT / np.maximum(np.abs(block_scores(score)), BLOCK_LIMIT)) ** 2
    return trust
