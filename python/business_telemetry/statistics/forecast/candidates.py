"""What daily revenue may be: simple methods, each from the days of a panel only. Pure functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from business_telemetry.statistics.series.expected import Expected, expect
from business_telemetry.statistics.series.panel import Floats, Panel

YEAR = 364  # whole weeks
WEEKS = 4  # that tell the current level
RECENT_DAYS = 56  # that tell how far the expectation is off
NAIVE = "seasonal_naive"
DEFAULT = "calendar_regression"
FOLLOWING = "following_regression"  # it knows a new level within days
MEMORY = 7  # days in which the followed level forgets two thirds
CHANGED = 4.0  # deviations of the followed level that are a new one, and
CHANGED_SIZE = 0.1  # its least log size
TREND_WEEKS = 12
DAMPING = 0.98  # of a trend, a day


def candidates(panel: Panel, horizon: int) -> tuple[dict[str, Floats], bool]:
    """Predictions of every method, S × H, and whether the total's level has lately changed."""
    expected, days = extended_expectation(panel, horizon), panel.y.shape[1]
    fitted = expected.mean
    index, regression, year_ago = (
        month_weekday_index(panel, horizon),
        fitted[:, days:],
        seasonal_naive(panel, horizon),
    )
    followed = followed_level(panel, fitted)
    return {
        NAIVE: year_ago,
        "weekly_naive": weekly_naive(panel, horizon),
        "damped_trend": damped_trend(panel, horizon),
        "scaled_seasonal_naive": year_ago * yearly_growth(panel),
        "month_weekday_index": index,
        DEFAULT: regression,
        "recent_calendar_regression": regression * recent_level(panel, fitted),
        FOLLOWING: regression * np.exp(followed[:, -1:]),
        "combined": (index + regression) / 2,  # whose errors differ (Bates & Granger 1969)
    }, level_has_changed(followed[0]) or any(
        one.lasts and one.start >= days - YEAR for one in expected.turns.get(0, [])
    )


def followed_level(panel: Panel, fitted: Floats) -> Floats:
    """S × T exponentially weighted means of the log ratios to the fitted values, cut at a factor of two."""
    past = fitted[:, : panel.y.shape[1]]
    ratio = np.divide(
        panel.y, past, out=np.ones_like(past), where=panel.observed & (past > 0) & (panel.y > 0)
    )
    odd = np.log(np.clip(ratio, 0.5, 2.0))
    keep = np.exp(-1 / MEMORY)
    level, followed = np.zeros(len(odd)), np.zeros(odd.shape)
    for day in range(odd.shape[1]):
        level = keep * level + (1 - keep) * odd[:, day]
        followed[:, day] = level
    return followed


def level_has_changed(followed: Floats) -> bool:
    """Whether the followed level is now farther off than it ever reasonably was in the last year."""
    year = followed[-YEAR:]
    spread = 1.4826 * float(np.median(np.abs(year - np.median(year))))
    return len(year) > RECENT_DAYS and abs(float(followed[-1])) > max(CHANGED_SIZE, CHANGED * spread)


def damped_trend(panel: Panel, horizon: int) -> Floats:
    """The weekly naive, moved along the trend of the last twelve weeks, which wears off.

    The trend is the median slope of the logs of weekly sums (Theil 1950), damped as by Gardner & McKenzie
    (1985).
    """
    base, days = weekly_naive(panel, horizon), panel.y.shape[1]
    weeks = min(days // 7, TREND_WEEKS)
    if weeks < 2 * WEEKS:
        return base
    y = np.where(panel.observed, panel.y, np.nan)[:, days - 7 * weeks :].reshape(len(base), weeks, 7)
    sums = np.log(np.maximum(np.nan_to_num(mean_of(y.reshape(-1, 7)).reshape(len(base), weeks)), 1e-9))
    first, second = np.triu_indices(weeks, 1)
    slope = np.median((sums[:, second] - sums[:, first]) / (7 * (second - first)), axis=1)
    ahead = np.arange(1, horizon + 1) + 7 * WEEKS / 2
    way = (1 - DAMPING**ahead) / (1 - DAMPING) * DAMPING
    moved: Floats = base * np.exp(np.clip(slope, -0.01, 0.01)[:, None] * way)
    return moved


def weekly_naive(panel: Panel, horizon: int) -> Floats:
    """The mean of the same weekday over the last four weeks."""
    y = np.where(panel.observed, panel.y, np.nan)[:, -7 * WEEKS :]
    days = y.shape[1]
    week = np.stack([mean_of(y[:, (days - 7 + one) % 7 :: 7]) for one in range(7)], axis=1)
    return np.nan_to_num(week[:, np.arange(horizon) % 7])


def yearly_growth(panel: Panel) -> Floats:
    """S × 1 ratios of the last four weeks to the same four a year before; NaN where history is shorter."""
    days, width = panel.y.shape[1], 7 * WEEKS
    if days < YEAR + width:
        return np.full((len(panel.y), 1), np.nan)
    y = np.where(panel.observed, panel.y, np.nan)
    now, then = mean_of(y[:, -width:]), mean_of(y[:, days - YEAR - width : days - YEAR])
    ratio = np.divide(now, then, out=np.ones(len(y)), where=(then > 0) & np.isfinite(now))
    return np.clip(ratio, 0.2, 5.0)[:, None]


def mean_of(y: Floats) -> Floats:
    """Row means of what is known, NaN where nothing is."""
    known = np.isfinite(y)
    count = known.sum(1)
    mean: Floats = np.divide(
        np.where(known, y, 0.0).sum(1), count, out=np.full(len(y), np.nan), where=count > 0
    )
    return mean


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
    mean = mean_of(y)[:, None]
    level = mean_of(y[:, -YEAR:])[:, None]
    result = np.repeat(level, horizon, axis=1)
    for parts in (months, weekdays):
        for part in np.unique(parts[-horizon:]):
            here = parts[past] == part
            if here.any():
                index = mean_of(y[:, here])[:, None] / np.maximum(mean, 1e-9)
                result[:, parts[-horizon:] == part] *= index
    known: Floats = np.nan_to_num(result)
    return known


def extended_expectation(panel: Panel, horizon: int) -> Expected:
    """What the anomaly scores' robust regression expects of T + H days; a new level is taken at once."""
    series, days = panel.y.shape
    unknown = np.full((series, horizon), np.nan)
    longer = replace(
        panel,
        dates=panel.dates[0] + np.arange(days + horizon),
        y=np.hstack([panel.y, unknown]),
        n=np.ones((series, days + horizon)),
        partial=np.append(panel.partial, np.zeros(horizon, dtype=np.bool_)),
    )
    return expect(longer, longer.observed, settle=0)


def recent_level(panel: Panel, fitted: Floats) -> Floats:
    """S × 1 factors half the way from the fitted to the median level of the last eight weeks."""
    past = fitted[:, : panel.y.shape[1]]
    recent = np.where(panel.observed & (past > 0), panel.y / np.maximum(past, 1e-9), np.nan)[:, -RECENT_DAYS:]
    known = np.isfinite(recent).sum(1) >= RECENT_DAYS // 2
    level = np.ones((len(fitted), 1))
    level[known, 0] = np.sqrt(np.clip(np.nanmedian(recent[known], axis=1), 0.5, 2.0))
    return level
