"""Daily forecasts with 80 % intervals, chosen by backtest and reconciled with their total. Pure functions.

Every candidate is run from several past days on which only earlier days are known (rolling origins:
Tashman 2000); each level of the hierarchy uses the candidate with the smallest error there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from business_telemetry.anomalies.expected import expect
from business_telemetry.anomalies.panel import Floats, Ints, Panel

HORIZON = 92
YEAR = 364  # whole weeks
FIRST_ORIGIN = YEAR + 28  # days of history before the first backtest
ORIGIN_STEP = 56
MAX_ORIGINS = 7  # a year of them: every season is judged once, and with nearly today's length of history
RECENT = 56  # days that tell the current level
COVERAGE = 0.8

Candidate = Callable[[Panel, int], Floats]


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
    """S × H forecasts from one origin, money in integer kopecks; children sum to their parent in p50."""

    origin: np.datetime64
    dates: np.ndarray[tuple[int], np.dtype[np.datetime64]]
    candidate: list[str]
    p50: Ints
    low: Ints
    high: Ints


def seasonal_naive(panel: Panel, horizon: int) -> Floats:
    """The value 364 days before: the same weekday, nearly the same date. NaN where history is shorter."""
    days = panel.y.shape[1]
    wanted = np.arange(days, days + horizon) - YEAR
    past: Floats = np.where(wanted >= 0, panel.y[:, np.maximum(wanted, 0)], np.nan)
    return past


def month_weekday_index(panel: Panel, horizon: int) -> Floats:
    """Level of the last year times month index times weekday index (ratios to the mean)."""
    y = np.where(panel.observed, panel.y, np.nan)
    dates = panel.dates[0] + np.arange(y.shape[1] + horizon)
    months = dates.astype("datetime64[M]").astype(np.int64) % 12
    weekdays = dates.astype("datetime64[D]").astype(np.int64) % 7
    past = slice(0, y.shape[1])
    mean = np.nanmean(y, axis=1, keepdims=True)
    level = np.nanmean(y[:, -YEAR:], axis=1, keepdims=True)
    result = np.repeat(level, horizon, axis=1)
    for parts in (months, weekdays):
        for part in np.unique(parts[-horizon:]):
            here = parts[past] == part
            if here.any():
                index = np.nanmean(y[:, here], axis=1, keepdims=True) / np.maximum(mean, 1e-9)
                result[:, parts[-horizon:] == part] *= index
    known: Floats = np.nan_to_num(result)
    return known


def calendar_regression(panel: Panel, horizon: int) -> Floats:
    """The anomaly scores' robust expectation (weekday, month, holidays, bending trend), read ahead."""
    return extended_expectation(panel, horizon)[:, -horizon:]


def recent_calendar_regression(panel: Panel, horizon: int) -> Floats:
    """The calendar regression, moved half the way to the median level of the last eight weeks."""
    fitted = extended_expectation(panel, horizon)
    past = fitted[:, : panel.y.shape[1]]
    recent = np.where(panel.observed & (past > 0), panel.y / np.maximum(past, 1e-9), np.nan)[:, -RECENT:]
    known = np.isfinite(recent).sum(1) >= RECENT // 2
    level = np.ones((len(fitted), 1))
    level[known, 0] = np.sqrt(np.clip(np.nanmedian(recent[known], axis=1), 0.5, 2.0))
    return fitted[:, -horizon:] * level


def combined(panel: Panel, horizon: int) -> Floats:
    """Mean of the index and the regression, whose errors differ (Bates & Granger 1969)."""
    return (month_weekday_index(panel, horizon) + calendar_regression(panel, horizon)) / 2


CANDIDATES: dict[str, Candidate] = {
    "seasonal_naive": seasonal_naive,
    "month_weekday_index": month_weekday_index,
    "calendar_regression": calendar_regression,
    "recent_calendar_regression": recent_calendar_regression,
    "combined": combined,
}
NAIVE = "seasonal_naive"
DEFAULT = "calendar_regression"


def extended_expectation(panel: Panel, horizon: int) -> Floats:
    """S × (T + H) expected values, learned from the panel's days only."""
    series, days = panel.y.shape
    unknown = np.full((series, horizon), np.nan)
    longer = replace(
        panel,
        dates=panel.dates[0] + np.arange(days + horizon),
        y=np.hstack([panel.y, unknown]),
        n=np.ones((series, days + horizon)),
        partial=np.append(panel.partial, np.zeros(horizon, dtype=np.bool_)),
    )
    return expect(longer, longer.observed).mean


@dataclass(frozen=True)
class Backtest:
    """K origins (days of history known), each candidate's K × S × H predictions, and what came."""

    origins: list[int]
    predictions: dict[str, Floats]
    actual: Floats


def backtest(panel: Panel, horizon: int = HORIZON) -> Backtest:
    """Forecast from rolling origins, the last of which leaves a whole horizon to compare with."""
    last = panel.y.shape[1] - horizon
    origins = sorted(range(last, FIRST_ORIGIN - 1, -ORIGIN_STEP)[:MAX_ORIGINS])
    observed = np.where(panel.observed, panel.y, np.nan)
    actual = np.array([observed[:, day : day + horizon] for day in origins])
    known = [panel.as_of(panel.dates[day - 1]) for day in origins]
    shape = len(origins), len(panel.y), horizon
    predictions = {
        name: np.array([run(past, horizon) for past in known]).reshape(shape)
        for name, run in CANDIDATES.items()
    }
    return Backtest(origins, predictions, actual.reshape(shape))


def choose(test: Backtest, panel: Panel, levels: Sequence[str]) -> tuple[dict[str, str], list[Accuracy]]:
    """The winner of each level, and how all candidates fared."""
    winners: dict[str, str] = {}
    accuracy: list[Accuracy] = []
    change = np.abs(panel.y[:, 7:] - panel.y[:, :-7])
    for level in dict.fromkeys(levels):
        rows = np.array([name == level for name in levels])
        winners[level] = DEFAULT
        if not test.origins:
            continue
        actual = test.actual[:, rows]
        scale = float(np.nanmean(change[rows]))
        wapes = {}
        for name, predicted in test.predictions.items():
            error = np.abs(actual - predicted[:, rows])
            wapes[name] = float(np.nansum(error) / max(np.nansum(actual), 1e-9))
            low, high = held_out_bounds(test, name)
            inside = (actual >= low[:, rows]) & (actual <= high[:, rows])
            coverage = float(inside[np.isfinite(actual)].mean())
            mase = float(np.nanmean(error)) / max(scale, 1e-9)
            accuracy.append(Accuracy(level, name, len(test.origins), wapes[name], mase, coverage, False))
        winners[level] = min(wapes, key=lambda name: wapes[name])
    marked = [replace(row, is_winner=winners[row.level] == row.candidate) for row in accuracy]
    return winners, marked


def interval_factors(actual: Floats, predicted: Floats) -> tuple[Floats, Floats]:
    """S factors below and above p50 that held 80 % of the K × S × H backtest errors.

    Split-conformal reasoning (Vovk 2005; Lei et al. 2018) on the ratio actual / p50, series by series. Where
    more than 10 % of the days are at the lower factor (no sales), the upper one leaves out accordingly more.
    Without a backtest: half and one and a half.
    """
    ratio = np.divide(actual, predicted, out=np.full(actual.shape, np.nan), where=predicted > 0)
    flat = np.moveaxis(ratio, 1, 0).reshape(actual.shape[1], -1)
    low, high = np.full(len(flat), 0.5), np.full(len(flat), 1.5)
    for row in np.flatnonzero(np.isfinite(flat).any(1)):
        ratios = flat[row, np.isfinite(flat[row])]
        low[row] = np.quantile(ratios, (1 - COVERAGE) / 2)
        high[row] = np.quantile(ratios, (ratios < low[row]).mean() + COVERAGE)
    return np.minimum(low, 1.0), np.maximum(high, 1.0)


def held_out_bounds(test: Backtest, candidate: str) -> tuple[Floats, Floats]:
    """K × S × H bounds of each origin from the errors of the other origins."""
    predicted = test.predictions[candidate]
    low, high = np.empty_like(predicted), np.empty_like(predicted)
    for index in range(len(test.origins)):
        others = np.arange(len(test.origins)) != index
        below, above = interval_factors(test.actual[others], predicted[others])
        low[index], high[index] = predicted[index] * below[:, None], predicted[index] * above[:, None]
    return low, high


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


def assemble(
    panel: Panel,
    levels: Sequence[str],
    day: int,
    chosen: dict[str, str],
    raw: dict[str, Floats],
    test: Backtest,
) -> Forecast:
    """Put the winners' predictions from one origin together, reconcile them and add the intervals."""
    names = [chosen[level] for level in levels]
    p50 = np.array([raw[name][row] for row, name in enumerate(names)])
    below, above = np.empty(len(p50)), np.empty(len(p50))
    others = np.array([origin != day for origin in test.origins], dtype=np.bool_)
    for name in set(names):
        rows = np.array([other == name for other in names])
        low, high = interval_factors(test.actual[others], test.predictions[name][others])
        below[rows], above[rows] = low[rows], high[rows]
    kopecks = reconcile(np.nan_to_num(p50), levels)
    lowest: Ints = np.floor(kopecks * below[:, None]).astype(np.int64)
    highest: Ints = np.ceil(kopecks * above[:, None]).astype(np.int64)
    origin = panel.dates[0] + (day - 1)
    return Forecast(origin, origin + np.arange(1, p50.shape[1] + 1), names, kopecks, lowest, highest)


def forecast(
    panel: Panel, levels: Sequence[str], horizon: int = HORIZON
) -> tuple[list[Forecast], list[Accuracy]]:
    """Forecasts from all backtest origins and, last, from the panel's end; and the candidates' accuracy.

    Args:
        panel: money series, the total first and its segments after it (parent 0).
        levels: S level names; the members of a level add up to the total.
        horizon: days ahead.

    Returns:
        Forecasts in the order of their origins, and one accuracy row per level and candidate.
    """
    test = backtest(panel, horizon)
    winners, accuracy = choose(test, panel, levels)
    results = [
        assemble(
            panel, levels, day, winners, {name: all_[k] for name, all_ in test.predictions.items()}, test
        )
        for k, day in enumerate(test.origins)
    ]
    final = {name: CANDIDATES[name](panel, horizon) for name in set(winners.values())}
    results.append(assemble(panel, levels, panel.y.shape[1], winners, final, test))
    return results, accuracy
