"""Daily forecasts with 80 % intervals, chosen by backtest and reconciled with their total. Pure functions.

Every candidate is run from several past days on which only earlier days are known (rolling origins:
Tashman 2000); each level of the hierarchy uses the candidate with the smallest error there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from business_telemetry.anomalies.expected import expect
from business_telemetry.anomalies.panel import Floats, Ints, Panel

HORIZON = 92
YEAR = 364  # whole weeks
FIRST_ORIGIN = YEAR + 28  # days of history before the first backtest
ORIGIN_STEP = 56
MAX_ORIGINS = 7  # a year of them: every season is judged once, and with nearly today's length of history
RECENT = 56  # days that tell the current level
COVERAGE = 0.8
NAIVE = "seasonal_naive"
DEFAULT = "calendar_regression"


@dataclass(frozen=True)
class Predictions:
    """What every candidate predicted from K origins, in the order of time; the last one is the log's end.

    Attributes:
        origins: K last days that were known.
        levels: S level names, the total first; the members of a level add up to the total.
        values: K × S × H predictions by candidate, NaN where its history is too short.
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
    """S candidates used and K × S × H forecasts in integer kopecks; in p50 children sum to their parent."""

    candidate: list[str]
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
    origins = [*sorted(range(days - horizon, FIRST_ORIGIN - 1, -ORIGIN_STEP)[:MAX_ORIGINS]), days]
    runs = [candidates(panel.as_of(panel.dates[day - 1]), horizon) for day in origins]
    came = np.hstack([np.where(panel.observed, panel.y, np.nan), np.full((len(panel.y), horizon), np.nan)])
    return Predictions(
        origins=panel.dates[np.array(origins) - 1],
        levels=list(levels),
        values={name: np.array([run[name] for run in runs]) for name in runs[0]},
        actual=np.array([came[:, day : day + horizon] for day in origins]),
        usual_change=np.abs(panel.y[:, 7:] - panel.y[:, :-7]).mean(1),
    )


def candidates(panel: Panel, horizon: int) -> dict[str, Floats]:
    """S × H predictions of every method, from the panel's days only."""
    fitted = extended_expectation(panel, horizon)
    index, regression = month_weekday_index(panel, horizon), fitted[:, -horizon:]
    return {
        NAIVE: seasonal_naive(panel, horizon),
        "month_weekday_index": index,
        DEFAULT: regression,
        "recent_calendar_regression": regression * recent_level(panel, fitted),
        "combined": (index + regression) / 2,  # whose errors differ (Bates & Granger 1969)
    }


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


def extended_expectation(panel: Panel, horizon: int) -> Floats:
    """S × (T + H) values the anomaly scores' robust regression expects (weekday, month, holidays, trend)."""
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


def recent_level(panel: Panel, fitted: Floats) -> Floats:
    """S × 1 factors half the way from the fitted to the median level of the last eight weeks."""
    past = fitted[:, : panel.y.shape[1]]
    recent = np.where(panel.observed & (past > 0), panel.y / np.maximum(past, 1e-9), np.nan)[:, -RECENT:]
    known = np.isfinite(recent).sum(1) >= RECENT // 2
    level = np.ones((len(fitted), 1))
    level[known, 0] = np.sqrt(np.clip(np.nanmedian(recent[known], axis=1), 0.5, 2.0))
    return level


def accuracies(past: Predictions) -> list[Accuracy]:
    """How each candidate fared on each level, the smallest error marked; none without a backtest."""
    rows: list[Accuracy] = []
    for name, predicted in past.values.items() if len(past.origins) > 1 else ():
        error, known = np.abs(past.actual - predicted), np.isfinite(past.actual)
        low, high = held_out_factors(past, name)
        inside = (past.actual >= low * predicted) & (past.actual <= high * predicted)
        for level in dict.fromkeys(past.levels):
            here = np.array([other == level for other in past.levels])
            rows.append(
                Accuracy(
                    level=level,
                    candidate=name,
                    origins=len(past.origins) - 1,
                    wape=float(np.nansum(error[:, here]) / max(np.nansum(past.actual[:, here]), 1e-9)),
                    mase=float(np.nanmean(error[:, here]) / max(past.usual_change[here].mean(), 1e-9)),
                    coverage=float(inside[:, here][known[:, here]].mean()),
                    is_winner=False,
                )
            )
    best = winners(rows)
    return [replace(row, is_winner=best[row.level] == row.candidate) for row in rows]


def winners(rows: Sequence[Accuracy]) -> dict[str, str]:
    """The candidate with the smallest error by level."""
    return {row.level: row.candidate for row in sorted(rows, key=lambda row: -row.wape)}


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


def held_out_factors(past: Predictions, candidate: str) -> tuple[Floats, Floats]:
    """K × S × 1 interval factors of each origin from the errors of the other origins."""
    predicted, every = past.values[candidate], np.arange(len(past.origins))
    pairs = [interval_factors(past.actual[every != k], predicted[every != k]) for k in every]
    return np.array([low for low, _ in pairs])[:, :, None], np.array([high for _, high in pairs])[:, :, None]


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
    """The winners' predictions from all origins, reconciled, with their intervals."""
    chosen = winners(accuracies(past))
    names = [chosen.get(level, DEFAULT) for level in past.levels]
    p50, low, high = (np.empty(past.actual.shape) for _ in range(3))
    for name in set(names):
        rows = np.array([other == name for other in names])
        below, above = held_out_factors(past, name)
        p50[:, rows], low[:, rows], high[:, rows] = past.values[name][:, rows], below[:, rows], above[:, rows]
    kopecks = np.array([reconcile(one, past.levels) for one in np.nan_to_num(p50)])
    lowest: Ints = np.floor(kopecks * low).astype(np.int64)
    highest: Ints = np.ceil(kopecks * high).astype(np.int64)
    return Forecast(names, kopecks, lowest, highest)
