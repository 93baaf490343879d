"""Effect of marketing campaigns: difference in differences between cities, judged by placebo campaigns.

A campaign's effect is the ratio of ratios

    (treated after / treated before) / (control after / control before)

of a daily measure (revenue, orders) summed over cities; on the log scale this is the difference in differences of
a Poisson regression with effects of group and period (two groups and two periods, where its estimate has this
closed form). Sums are used and not logs of single city-days, because small cities have days without orders.

"Before" are the matched weekdays of whole weeks right before the campaign: a campaign from Friday to Sunday is
compared with Fridays to Sundays. How large an effect chance alone makes is read off placebos, not off a formula:
the same cities on other dates, and other cities on the same dates.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Whole weeks before the campaign that make its baseline.
PRE_WEEKS: Final = 8
PRE_DAYS: Final = 7 * PRE_WEEKS
#: Placebo dates are whole weeks apart, so that a placebo covers the campaign's weekdays.
PLACEBO_STEP: Final = 7
CITY_PLACEBOS: Final = 199
CONFIDENCE: Final = 0.95
SEED: Final = 20


@dataclass(frozen=True)
class Effect:
    """A campaign's effect on one measure, on the log scale: log(1 + lift).

    Attributes:
        effect: The estimate; NaN where a sum of the four is zero.
        lower, upper: 95 % interval by inverting the placebo test; NaN with fewer than 19 placebo dates.
        p_dates, p_dates_smallest: Share of placebo dates with an effect at least as large, and the least share
            that this many placebo dates can give. NaN without any.
        p_cities, p_cities_smallest: The same for placebo cities.
        date_count, city_count: How many placebos there were.
    """

    effect: float
    lower: float = math.nan
    upper: float = math.nan
    p_dates: float = math.nan
    p_dates_smallest: float = math.nan
    p_cities: float = math.nan
    p_cities_smallest: float = math.nan
    date_count: int = 0
    city_count: int = 0


def estimate(treated: Floats, control: Floats | None, start: int, length: int) -> Effect:
    """Effect of a campaign on the days `start` to `start + length - 1`.

    Args:
        treated: Daily measure of each treated city, shape (cities, days).
        control: The same of each control city; None or no cities for a plain comparison of before and after, which
            takes every season for the campaign's effect and has no placebos.
        start: Index of the campaign's first day, at least PRE_DAYS.
        length: Days of the campaign.

    Raises:
        ValueError: the days before or during the campaign are not all there.
    """
    days = treated.shape[1]
    if start < PRE_DAYS or length < 1 or start + length > days:
        raise ValueError(
            f"a campaign of {length} days from day {start} needs days {start - PRE_DAYS} to {start + length - 1},"
            f" and there are {days}"
        )
    changes = log_changes(treated.sum(axis=0), length)
    if control is None or not len(control):
        return Effect(effect=float(changes[start]))

    effects = changes - log_changes(control.sum(axis=0), length)
    effect = float(effects[start])
    dates = placebo_dates(days, start, length)
    placebos = effects[dates]
    placebos = placebos[np.isfinite(placebos)]
    if not math.isfinite(effect) or not len(placebos):
        return Effect(effect=effect)
    margin = interval_margin(placebos)
    p_cities, city_count = _city_placebos(effects, treated, control, dates, start, length)
    return Effect(
        effect=effect,
        lower=effect - margin,
        upper=effect + margin,
        p_dates=rank_p(effect, placebos),
        p_dates_smallest=1 / (len(placebos) + 1),
        p_cities=p_cities,
        p_cities_smallest=1 / (city_count + 1) if city_count else math.nan,
        date_count=len(placebos),
        city_count=city_count,
    )


def log_changes(daily: Floats, length: int) -> Floats:
    """For each day, log(sum of `length` days from it on / its baseline); NaN where undefined.

    The baseline is the mean over PRE_WEEKS of the sums over the matched weekdays. Works along the last axis.
    """
    offsets = np.arange(length)
    weights = np.bincount(offsets % 7, minlength=7) / PRE_WEEKS
    kernel = np.concatenate([np.tile(weights, PRE_WEEKS), np.zeros(length)])
    during = np.concatenate([np.zeros(PRE_DAYS), np.ones(length)])
    changes = np.full(daily.shape, np.nan)
    if daily.shape[-1] < len(kernel):
        return changes
    windows = np.lib.stride_tricks.sliding_window_view(daily, len(kernel), axis=-1)
    after, before = windows @ during, windows @ kernel
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(after) - np.log(before)
    last = daily.shape[-1] - length + 1
    changes[..., PRE_DAYS:last] = np.where(np.isfinite(ratio), ratio, np.nan)
    return changes


def placebo_dates(days: int, start: int, length: int) -> NDArray[np.int64]:
    """First days of the placebo campaigns: whole weeks from `start`, their windows free of the campaign's days."""
    weeks = np.arange(-(days // PLACEBO_STEP), days // PLACEBO_STEP + 1)
    first = start + PLACEBO_STEP * weeks
    possible = (first >= PRE_DAYS) & (first + length <= days)
    apart = (first + length <= start) | (first - PRE_DAYS >= start + length)
    return np.asarray(first[possible & apart], dtype=np.int64)


def rank_p(effect: float, placebos: Floats) -> float:
    """Two-sided permutation p-value: (1 + placebos at least as large) / (1 + placebos)."""
    return float(1 + np.count_nonzero(np.abs(placebos) >= abs(effect))) / (1 + len(placebos))


def interval_margin(placebos: Floats) -> float:
    """Half-width of the interval that excludes 0 exactly when `rank_p` is at most 5 %; NaN with too few placebos."""
    rank = math.ceil(CONFIDENCE * (len(placebos) + 1) - 1e-9)
    return float(np.sort(np.abs(placebos))[rank - 1]) if rank <= len(placebos) else math.nan


def _city_placebos(
    effects: Floats, treated: Floats, control: Floats, dates: NDArray[np.int64], start: int, length: int
) -> tuple[float, int]:
    """p-value among groups of control cities that had no campaign, and their number.

    Groups differ in size and so in noise: each effect is measured in its group's own root mean square over the
    placebo dates. Groups have as many cities as the treated one, or half of the control cities if those are fewer.
    """
    size = min(len(treated), len(control) // 2)
    if size < 1:
        return math.nan, 0
    rng = np.random.default_rng(SEED)
    order = rng.permuted(np.tile(np.arange(len(control)), (CITY_PLACEBOS, 1)), axis=1)[:, :size]
    groups = np.unique(np.sort(order, axis=1), axis=0)
    member = np.zeros((len(groups), len(control)))
    np.put_along_axis(member, groups, 1.0, axis=1)
    inside = member @ control
    placebo = log_changes(inside, length) - log_changes(control.sum(axis=0) - inside, length)
    scores = _scores(placebo, dates, start)
    own = float(_scores(effects[None], dates, start)[0])
    scores = scores[np.isfinite(scores)]
    if not math.isfinite(own) or not len(scores):
        return math.nan, 0
    return rank_p(own, scores), len(scores)


def _scores(effects: Floats, dates: NDArray[np.int64], start: int) -> Floats:
    """Effect at `start` in units of each row's root mean square over the placebo dates."""
    at_dates = effects[:, dates]
    known = np.isfinite(at_dates)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt((np.where(known, at_dates, 0.0) ** 2).sum(axis=1) / known.sum(axis=1))
        return np.asarray(effects[:, start] / scale)


KPIS: Final = {"revenue": "revenue", "orders": "order_count"}
COLUMNS: Final = (
    *("campaign", "kpi", "method", "status", "effect", "lower", "upper"),
    *("p_dates", "p_dates_smallest", "p_cities", "p_cities_smallest", "date_count", "city_count"),
    *("treated_cities", "control_cities", "measured_days", "treated_total"),
)


def measure(days: pd.DataFrame) -> pd.DataFrame:
    """Effects of all campaigns, one row per campaign and KPI.

    Args:
        days: One row per campaign, city and observed day: campaign, role ('treated' or 'control'), city,
            event_date, revenue, order_count, starts_on, ends_on. Each city has every day.

    Returns:
        COLUMNS. `method` is 'difference in differences', or 'before and after' where there is no control; `status`
        is 'measured', 'preliminary' (the campaign goes on after the last day), 'descriptive' (no control: not an
        effect) or 'insufficient' (not enough days or orders; the estimate is NaN).
    """
    rows = [
        _measure_one(str(campaign), part, kpi, column)
        for campaign, part in days.groupby("campaign", observed=True)
        for kpi, column in KPIS.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _measure_one(campaign: str, part: pd.DataFrame, kpi: str, column: str) -> dict[str, object]:
    dates = pd.DatetimeIndex(pd.to_datetime(part["event_date"]).unique()).sort_values()
    daily = {
        role: part[part["role"] == role]
        .pivot(index="city", columns="event_date", values=column)
        .to_numpy(dtype=np.float64)
        for role in ("treated", "control")
    }
    treated, control = daily["treated"], daily["control"]
    starts_on, ends_on = pd.Timestamp(part["starts_on"].iloc[0]), pd.Timestamp(part["ends_on"].iloc[0])
    start = (starts_on - dates[0]).days
    length = (min(ends_on, dates[-1]) - starts_on).days + 1
    measurable = len(treated) > 0 and start >= PRE_DAYS and length >= 1
    found = estimate(treated, control, start, length) if measurable else Effect(effect=math.nan)
    if not math.isfinite(found.effect):
        status = "insufficient"
    elif not len(control):
        status = "descriptive"
    else:
        status = "measured" if ends_on <= dates[-1] else "preliminary"
    return {
        "campaign": campaign,
        "kpi": kpi,
        "method": "difference in differences" if len(control) else "before and after",
        "status": status,
        **asdict(found),
        "treated_cities": len(treated),
        "control_cities": len(control),
        "measured_days": length if measurable else 0,
        "treated_total": float(treated[:, start : start + length].sum()) if measurable else 0.0,
    }
