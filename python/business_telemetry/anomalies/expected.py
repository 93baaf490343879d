"""What a series is expected to be on each day, and how noisy it is.

A log-linear quasi-likelihood regression (McCullagh & Nelder, Generalized Linear Models, 1989, ch. 9) on
weekday, month, yearly wave and a bending trend. A segment is its metric's total times a deviation that is
shrunk towards none (ridge, Hoerl & Kennard 1970), so that small segments borrow the shop's season.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from business_telemetry.anomalies.noise import first_dispersion, noise, normal_score
from business_telemetry.anomalies.panel import Bools, Floats, Ints, Panel
from business_telemetry.anomalies.special import Special, special_days

ROUNDS = 8
KNOT_DAYS = 90
# Prior standard deviations of log effects: of a total, and of a segment relative to its total.
PRIOR = {
    "weekday": (0.5, 0.05),
    "hour": (1.0, 0.05),
    "month": (0.5, 0.08),
    "wave": (0.3, 0.03),
    "trend": (0.06, 0.04),
}
SPECIAL_PRIOR = (0.5, 0.10)
SPECIAL_DOUBT = 0.12  # a holiday or promotion differs from one time to the next by this share
SEASON_DOUBT = 0.10  # a season's step differs from year to year by this share of the step
WEEKEND = (2, 3)  # days since the epoch modulo 7: Saturday, Sunday
EDGE_DAYS = 3  # a season may start this many days off the first of the month
EDGE_STEP = 0.04
HUBER = 1.8
REJECT = 5.0
BLOCK_DAYS = 28
BLOCK_LIMIT = 2.0


@dataclass(frozen=True)
class Expected:
    """S × T arrays: mean of y, variance of its noise, and relative doubt about the mean itself."""

    mean: Floats
    variance: Floats
    doubt: Floats

    @property
    def total_variance(self) -> Floats:
        """S × T variances of a single day: its noise and the doubt about its mean."""
        total: Floats = self.variance + (self.doubt * self.mean) ** 2
        return total


@dataclass(frozen=True)
class Design:
    """T × P regressors, their 2 × P prior standard deviations (total, segment), products of each two."""

    columns: Floats
    prior: Floats
    corner: tuple[Ints, Ints]
    products: Floats


@dataclass(frozen=True)
class Fit:
    """R fitted series: R × T log curve without special days, R × G log effects of these, mean, variance."""

    curve: Floats
    special: Floats
    mean: Floats
    variance: Floats
    month: Floats


def expect(panel: Panel, use: Bools) -> Expected:
    """Expected values of all series, learned from the days marked in `use` (S × T)."""
    mean, variance, doubt = np.zeros(panel.y.shape), np.ones(panel.y.shape), np.zeros(panel.y.shape)
    log_n = np.log(np.maximum(panel.n, 1e-9))
    special = special_days(panel)
    for root in np.flatnonzero(panel.parent < 0).tolist():
        rows, months = np.array([root]), panel.dates.astype("datetime64[M]").astype(np.int64) % 12
        x = design(panel, months)
        fit = fit_rows(panel, rows, log_n[rows], x, special, use, depth=0)
        aligned = align_season_edges(panel, root, fit, months)
        if np.any(aligned != months):
            months, x = aligned, design(panel, aligned)
            fit = fit_rows(panel, rows, log_n[rows], x, special, use, depth=0)
        mean[root], variance[root] = fit.mean[0], fit.variance[0]
        family = np.flatnonzero(panel.parent == root)
        step = np.abs(fit.month[0] - np.median(fit.month[0]))
        doubt[np.append(family, root)] = SEASON_DOUBT * step[months]
        if len(family):
            base = fit.curve - log_n[rows] + special.spread(fit.special, family) + log_n[family]
            fit = fit_rows(panel, family, base, x, special, use, depth=1)
            mean[family], variance[family] = fit.mean, fit.variance
    doubt = np.maximum(doubt, SPECIAL_DOUBT * (special.scope @ special.days > 0))
    return Expected(mean, variance, doubt)


def design(panel: Panel, months: Ints) -> Design:
    """Regressors of the panel's days, which behave like the given months."""
    length, day = len(panel.dates), panel.dates.astype("datetime64[D]").astype(np.int64)
    blocks = {"weekday": np.eye(7)[day % 7]}
    if panel.knows_year:
        angle = 2 * np.pi * np.outer(day / 365.25, [1, 2])
        blocks["month"] = np.eye(12)[months]
        blocks["wave"] = np.hstack([np.sin(angle), np.cos(angle)])
    if panel.per_day > 1:
        hours = np.eye(24)[panel.dates.astype(np.int64) % 24]
        blocks["hour"] = np.hstack([hours, hours * np.isin(day % 7, WEEKEND)[:, None]])
    step = KNOT_DAYS * panel.per_day
    blocks["trend"] = np.clip(
        (np.arange(length)[:, None] - np.arange(0, max(length - step // 2, 1), step)) / step, 0, 1
    )
    priors = [np.full((2, 1), 1.0)]
    priors += [
        np.repeat([[p] for p in PRIOR[name]], block.shape[1], axis=1) for name, block in blocks.items()
    ]
    columns = np.hstack([np.ones((length, 1)), *blocks.values()])
    corner = np.triu_indices(columns.shape[1])
    return Design(columns, np.hstack(priors), corner, columns[:, corner[0]] * columns[:, corner[1]])


def fit_rows(
    panel: Panel, rows: Ints, base: Floats, x: Design, special: Special, use: Bools, depth: int
) -> Fit:
    """Fit `rows` as deviations from the log curves `base`, by iteratively reweighted least squares.

    Robust in two ways: Huber weights (Huber 1964) on days, and on the four weeks around each day. The
    dispersion is Huber's "proposal 2" on Pearson residuals.
    """
    seen, power = use[rows].astype(float), panel.power[rows]
    y = np.where(use[rows], panel.y[rows], 0.0)
    exponent = np.where(panel.is_ratio[rows], 1.0, 1.5)[:, None]
    level = np.log(np.maximum(y.sum(1), 1e-9) / np.maximum((seen * np.exp(base)).sum(1), 1e-9))
    base = base + level[:, None]
    curve, spread = base, np.zeros_like(y)
    mean = np.exp(base)
    phi = first_dispersion(y, mean, seen, exponent, 7 * panel.per_day)
    for step in range(ROUNDS):
        variance = noise(mean, phi, seen, exponent)
        score = normal_score(y, mean, variance, power)
        sparse = 1 + variance / mean**2  # large scores are the nature of a series of rare events
        score /= np.sqrt(sparse)
        trust = np.minimum(1.0, HUBER / np.maximum(np.abs(score), HUBER)) * block_trust(
            score * seen, BLOCK_DAYS * panel.per_day
        )
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
    month = coefficients[:, 8:20] if panel.knows_year else np.zeros((len(rows), 12))
    return Fit(curve, effects, mean, noise(mean, phi, seen, exponent), month)


def solve_ridge(x: Design, weight: Floats, target: Floats, depth: int) -> Floats:
    """R × P coefficients of weighted ridge regressions that share their regressors."""
    every, (first, second) = np.arange(x.columns.shape[1]), x.corner
    gram = np.zeros((len(weight), len(every), len(every)))
    gram[:, first, second] = gram[:, second, first] = weight @ x.products
    gram[:, every, every] += x.prior[depth] ** -2.0
    solution = np.linalg.solve(gram, ((weight * target) @ x.columns)[:, :, None])
    return np.asarray(solution[:, :, 0], dtype=np.float64)


def block_trust(score: Floats, width: int) -> Floats:
    """R × T weights from the `width` days around each day: a long incident is small day by day.

    Down-weighting whole blocks turns the mean over years into something close to a median, so that one
    odd December does not bend what all Decembers are expected to be. The weight falls with the square of
    the distance (redescending, like Tukey's): Huber's would let a long incident in one of three years win.
    """
    width = min(width, score.shape[1])
    sums = np.pad(np.cumsum(np.clip(score, -3, 3), axis=1), ((0, 0), (1, 0)))
    start = np.clip(np.arange(score.shape[1]) - width // 2, 0, score.shape[1] - width)
    block = np.abs(sums[:, start + width] - sums[:, start]) / np.sqrt(width)
    trust: Floats = (BLOCK_LIMIT / np.maximum(block, BLOCK_LIMIT)) ** 2
    return trust


def align_season_edges(panel: Panel, root: int, fit: Fit, months: Ints) -> Ints:
    """The month that each day behaves like: season edges moved by up to EDGE_DAYS where that fits better.

    Only clear steps are moved. A day's misfit is its squared score cut at 9, so that an incident at the
    edge does not decide alone.
    """
    aligned = months.copy()
    for edge in (np.flatnonzero(np.diff(months)) + 1).tolist():
        step = fit.month[0, months[edge]] - fit.month[0, months[edge - 1]]
        if abs(step) < EDGE_STEP:
            continue
        days = np.arange(max(0, edge - EDGE_DAYS), min(len(months), edge + EDGE_DAYS))
        before = np.where(days < edge, fit.mean[0, days], fit.mean[0, days] * np.exp(-step))
        shifts = np.arange(-EDGE_DAYS, EDGE_DAYS + 1)
        level = np.where(days < edge + shifts[:, None], before, before * np.exp(step))
        misfit = np.nan_to_num((panel.y[root, days] - level) ** 2 / fit.variance[0, days])
        shift = shifts[np.argmin(np.minimum(misfit, 9.0).sum(1) + 0.5 * np.abs(shifts))]
        aligned[edge : edge + shift] = months[edge - 1]
        aligned[edge + shift : edge] = months[edge]
    return aligned
