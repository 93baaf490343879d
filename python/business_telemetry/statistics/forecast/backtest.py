"""Daily forecasts with 80 % intervals, weighted by backtest and reconciled with their total. Pure functions.

Every candidate is run from several past days on which only earlier days are known (rolling origins:
Tashman 2000); each level of the hierarchy uses their mean, weighted by their errors there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from business_telemetry.statistics.forecast.candidates import (
    DEFAULT,
    FOLLOWING,
    YEAR,
    candidates,
    mean_of,
)
from business_telemetry.statistics.series.noise import quantiles
from business_telemetry.statistics.series.panel import Floats, Ints, Panel

HORIZON = 92
FIRST_ORIGIN = YEAR + 28  # days of history before the first backtest
ORIGIN_STEP = 56
MAX_ORIGINS = 7  # a year of them: every season is judged once, and with nearly today's length of history
SHORT_START = 56  # days of history before a backtest where a year is not known
NEAR_DAYS = 28  # the first four weeks ahead have errors of their own
ENOUGH = 20  # errors that tell a quantile of their own
COVERAGE = 0.8
WEIGHTED = "weighted"  # the mean of the candidates, with weights that the other origins tell
POWER = 8  # of the inverse error in a weight: a tenth more error counts half as much


@dataclass(frozen=True)
class Predictions:
    """What every candidate predicted from K origins, in the order of time; the last one is the log's end.

    Attributes:
        origins: K last days that were known.
        levels: S level names, the total first; the members of a level add up to the total.
        values: K × S × H predictions by candidate, NaN where its history is too short, and from the log's end
            where the total's level has lately changed and the candidate does not follow it.
        actual: K × S × H values that came, NaN where a day is not over or not whole.
        usual_change: S mean |y(t) - y(t-7)|, the unit of the MASE.
    """

    origins: NDArray[np.datetime64]
    levels: list[str]
    values: dict[str, Floats]
    actual: Floats
    usual_change: Floats


@dataclass(frozen=True)
class Accuracy:
    """One candidate on one level over all backtest origins.

    wape = Σ|actual - p50| / Σ actual; mase = mean |actual - p50| over the mean |y(t) - y(t-7)| of the history
    (Hyndman & Koehler 2006); coverage = share of actual values inside the 80 % interval.
    """

    level: str
    candidate: str
    origins: int
    wape: float
    mase: float
    coverage: float
    is_winner: bool


@dataclass(frozen=True)
class Forecast:
    """K × S × H forecasts in integer kopecks, and the method's name; in p50 children sum to their parent."""

    candidate: str
    p50: Ints
    low: Ints
    high: Ints


def predict(panel: Panel, levels: Sequence[str], horizon: int = HORIZON) -> Predictions:
    """Run all candidates from rolling origins, of which all but the end have a whole horizon to compare with.

    Args:
        panel: money series, the total first and its segments after it (parent 0).
        levels: S level names.
        horizon: days ahead.
    """
    days = panel.y.shape[1]
    origins = [*backtest_origins(days, horizon), days]
    results = [candidates(panel.as_of(panel.dates[day - 1]), horizon) for day in origins]
    runs = [run for run, _ in results]
    if results[-1][1]:
        runs[-1] = {
            name: run if name == FOLLOWING else np.full_like(run, np.nan) for name, run in runs[-1].items()
        }
    came = np.hstack([np.where(panel.observed, panel.y, np.nan), np.full((len(panel.y), horizon), np.nan)])
    return Predictions(
        origins=panel.dates[np.array(origins) - 1],
        levels=list(levels),
        values={name: np.array([run[name] for run in runs]) for name in runs[0]},
        actual=np.array([came[:, day : day + horizon] for day in origins]),
        usual_change=mean_of(np.abs(panel.y[:, 7:] - panel.y[:, :-7])),
    )


def backtest_origins(days: int, horizon: int) -> list[int]:
    """Days known at each backtest origin, in the order of time.

    From a year and a half on each has a whole horizon to compare with; before, the later ones have a part
    of it.
    """
    if days - horizon >= FIRST_ORIGIN:
        return sorted(range(days - horizon, FIRST_ORIGIN - 1, -ORIGIN_STEP)[:MAX_ORIGINS])
    step = int(np.clip(days // 70 * 7, 7, 28))
    return sorted(range(days - step, SHORT_START - 1, -step)[:MAX_ORIGINS])


def accuracies(past: Predictions) -> list[Accuracy]:
    """How each candidate and their weighted mean fared on each level; none without a backtest.

    The candidate with the smallest error is marked; its error flatters it, that of the mean does not.
    """
    if len(past.origins) < 2:
        return []
    rows: list[Accuracy] = []
    every = np.ones(len(past.origins), dtype=np.bool_)
    made = past.values | {WEIGHTED: weighted(past)}
    factors = {name: held_out_factors(past, predicted) for name, predicted in made.items()}
    for level in dict.fromkeys(past.levels):
        here = np.array([other == level for other in past.levels])
        errors = backtest_errors(past, here, every)
        best = min(errors, key=lambda name: errors[name], default=DEFAULT)
        rows += [
            accuracy(past, level, here, name, predicted, factors[name], name == best)
            for name, predicted in made.items()
        ]
    return rows


def accuracy(
    past: Predictions,
    level: str,
    here: NDArray[np.bool_],
    name: str,
    predicted: Floats,
    factors: tuple[Floats, Floats],
    is_winner: bool,
) -> Accuracy:
    """One candidate's errors on a level's rows (`here`); NaN where it could not predict all of them.

    Nor has an error a size where nothing was sold, or nothing ever changed.
    """
    actual, made = past.actual[:, here], predicted[:, here]
    known, error = np.isfinite(actual), np.abs(actual - made)
    low, high = factors
    inside = (actual >= low[:, here] * made) & (actual <= high[:, here] * made)
    complete = bool(np.isfinite(made[known]).all() and known.any())
    total, change = float(actual[known].sum()), float(past.usual_change[here].mean())
    return Accuracy(
        level=level,
        candidate=name,
        origins=len(past.origins) - 1,
        wape=float(error[known].sum()) / total if complete and total > 0 else np.nan,
        mase=float(error[known].mean()) / change if complete and change > 0 else np.nan,
        coverage=float(inside[known].mean()) if complete else np.nan,
        is_winner=is_winner,
    )


def backtest_errors(
    past: Predictions, here: NDArray[np.bool_], origins: NDArray[np.bool_]
) -> dict[str, float]:
    """Sums of absolute errors on a level's rows (`here`) from some origins, by usable candidate.

    These predict every day that came, from all origins, and the days to come.
    """
    came = np.isfinite(past.actual) & here[None, :, None]
    known = came & origins[:, None, None]
    return {
        name: float(np.abs(past.actual - predicted)[known].sum())
        for name, predicted in past.values.items()
        if known.any() and np.isfinite(predicted[came]).all() and np.isfinite(predicted[-1, here]).all()
    }


def weights(errors: dict[str, float]) -> dict[str, float]:
    """Shares of the candidates in their mean, by their errors; the default alone where none are known.

    Inverse errors as by Bates & Granger (1969), to a power that leaves little to the poor ones.
    """
    if not errors:
        return {DEFAULT: 1.0}
    least = max(min(errors.values()), 1e-9)
    inverse = {name: (least / max(error, 1e-9)) ** POWER for name, error in errors.items()}
    return {name: share / sum(inverse.values()) for name, share in inverse.items()}


def weighted(past: Predictions) -> Floats:
    """K × S × H means of the candidates, at each origin and level with the weights that the others tell.

    So no origin's errors take part in what is predicted from it.
    """
    every, levels = np.arange(len(past.origins)), np.array(past.levels)
    result = np.zeros(past.actual.shape)
    for level in dict.fromkeys(past.levels):
        here = levels == level
        for k in every.tolist():
            for name, share in weights(backtest_errors(past, here, every != k)).items():
                result[k, here] += share * past.values[name][k, here]
    return result


def interval_factors(actual: Floats, predicted: Floats) -> tuple[Floats, Floats]:
    """S × H factors below and above p50 that held 80 % of the K × S × H backtest errors.

    Split-conformal reasoning (Vovk 2005; Lei et al. 2018) on the ratio actual / p50, series by series, the
    first four weeks ahead and the later ones apart. Where more than 10 % of the days are at the lower factor
    (no sales), the upper one leaves out accordingly more. Days of one origin err together, so K origins count
    as K errors and the band is wider by sqrt(1 + 1/K); one that could be compared over a part of the horizon
    counts as that part, of at least one in all. Beyond the days that were ever compared the band grows with
    the square root of the distance. Without a backtest: half and one and a half.
    """
    ratio = np.divide(actual, predicted, out=np.full(actual.shape, np.nan), where=predicted > 0)
    ratio = np.where(np.isfinite(ratio), ratio, np.nan).swapaxes(0, 1)
    seen = np.isfinite(ratio)
    series, _, horizon = ratio.shape
    low, high = np.full((series, horizon), 0.5), np.full((series, horizon), 1.5)
    ahead = np.arange(1, horizon + 1)
    last = np.max(np.where(seen.any(1), ahead, 1), axis=1, keepdims=True)
    origins = max(1.0, float(np.where(seen.any(0), ahead, 0).max(axis=1).sum()) / horizon)
    width = np.sqrt((1 + 1 / origins) * np.maximum(ahead / last, 1.0))
    for part in (ahead > 0, ahead <= NEAR_DAYS, ahead > NEAR_DAYS):
        ratios = ratio[:, :, part].reshape(series, -1)
        count = np.isfinite(ratios).sum(1)
        rows = np.flatnonzero(count >= (1 if part.all() else ENOUGH))
        ratios, count, wide = ratios[rows], count[rows], width[np.ix_(rows, part)]
        below = quantiles(ratios, (1 - COVERAGE) / 2)[0]
        share = (ratios < below[:, None]).sum(1) / count
        above = quantiles(ratios, np.minimum(share + COVERAGE, 1.0))[0]
        low[np.ix_(rows, part)] = np.minimum(below, 1.0)[:, None] ** wide
        high[np.ix_(rows, part)] = np.maximum(above, 1.0)[:, None] ** wide
    return low, high


def held_out_factors(past: Predictions, predicted: Floats) -> tuple[Floats, Floats]:
    """K × S × H interval factors of each origin from the errors of the other origins."""
    every = np.arange(len(past.origins))
    pairs = [interval_factors(past.actual[every != k], predicted[every != k]) for k in every]
    return np.array([low for low, _ in pairs]), np.array([high for _, high in pairs])


def reconcile(p50: Floats, levels: Sequence[str]) -> Ints:
    """S × H kopecks: each level's members scaled to the total and rounded so that they sum to it exactly.

    Rounded down, the largest remainders get what is left over (Hamilton's method). Series 0 is the total.
    """
    total = np.round(np.maximum(p50[0], 0) * 100).astype(np.int64)
    result = np.tile(total, (len(p50), 1))
    for level in dict.fromkeys(levels[1:]):
        rows = np.flatnonzero(np.array(levels) == level)
        shares = np.maximum(p50[rows], 1e-9)
        exact = shares / shares.sum(0) * total
        floor = np.floor(exact).astype(np.int64)
        order = np.argsort(np.argsort(floor - exact, axis=0, kind="stable"), axis=0)
        result[rows] = floor + (order < total - floor.sum(0))
    return result


def forecast(past: Predictions) -> Forecast:
    """The weighted means from all origins, reconciled, with their intervals."""
    made = weighted(past)
    below, above = held_out_factors(past, made)
    p50 = np.array([reconcile(one, past.levels) for one in np.nan_to_num(made)])
    low: Ints = np.floor(p50 * below).astype(np.int64)
    high: Ints = np.ceil(p50 * above).astype(np.int64)
    return Forecast(WEIGHTED if len(past.origins) > 1 else DEFAULT, p50, low, high)
