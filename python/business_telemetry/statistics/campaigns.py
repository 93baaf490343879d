"""Effect of marketing campaigns: difference in differences between cities, judged by placebo campaigns.

A campaign's effect is the ratio of ratios

    (treated after / treated before) / (control after / control before)

of a daily measure (revenue, orders) summed over cities; on the log scale this is the difference in
differences of a Poisson regression with effects of group and period (two groups and two periods, where its
estimate has this closed form). Sums are used and not logs of single city-days, because small cities have days
without orders.

"Before" are the matched weekdays of whole weeks right before the campaign: a campaign from Friday to Sunday
is compared with Fridays to Sundays. Days on which another campaign ran in a treated city are left out, in all
cities alike. How large an effect chance alone makes is read off placebos, not off a formula: the same cities
on other dates, and other groups of cities on the same dates.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

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
        p_dates, p_dates_smallest: Share of placebo dates with an effect at least as large, and the least
            share that this many placebo dates can give. NaN without any.
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


def estimate(
    treated: Floats, control: Floats | None, start: int, length: int, usual: Bools | None = None
) -> Effect:
    """Effect of a campaign on the days `start` to `start + length - 1`.

    Args:
        treated: Daily measure of each treated city, shape (cities, days).
        control: The same of each control city; None or no cities for a plain comparison of before and after,
            which takes every season for the campaign's effect and has no placebos.
        start: Index of the campaign's first day, at least PRE_DAYS.
        length: Days of the campaign.
        usual: Which of the PRE_DAYS before it make the baseline; None for all. Placebos leave out the same
            ones, so that they differ in nothing but the campaign.

    Raises:
        ValueError: the days before or during the campaign are not all there.
    """
    days = treated.shape[1]
    if start < PRE_DAYS or length < 1 or start + length > days:
        raise ValueError(
            f"a campaign of {length} days from day {start} needs days {start - PRE_DAYS} to"
            f" {start + length - 1}, and there are {days}"
        )
    firsts = np.concatenate([[start], placebo_dates(days, start, length)])
    if control is None or not len(control):
        return Effect(effect=float(log_changes(window_sums(treated, firsts, length, usual).sum(axis=1))[0]))

    sums = window_sums(np.concatenate([treated, control]), firsts, length, usual)
    effects = _effects(sums, np.arange(len(sums[0])) < len(treated))
    effect, placebos = float(effects[0]), effects[1:][np.isfinite(effects[1:])]
    if not math.isfinite(effect) or not len(placebos):
        return Effect(effect=effect)
    margin = interval_margin(placebos)
    own = float(_scores(effects))
    others = _city_placebos(sums, len(treated))
    return Effect(
        effect=effect,
        lower=effect - margin,
        upper=effect + margin,
        p_dates=rank_p(effect, placebos),
        p_dates_smallest=1 / (len(placebos) + 1),
        p_cities=rank_p(own, others) if len(others) else math.nan,
        p_cities_smallest=1 / (len(others) + 1) if len(others) else math.nan,
        date_count=len(placebos),
        city_count=len(others),
    )


def window_sums(daily: Floats, firsts: NDArray[np.int64], length: int, usual: Bools | None = None) -> Floats:
    """Baselines and sums of `length` days from each day of `firsts` on; shape (2, cities, firsts).

    The baseline is the sum over the campaign's days of their weekday's mean in PRE_WEEKS, over the days that
    are `usual`; NaN where a weekday has none. `daily` has shape (cities, days), and each first day has
    PRE_DAYS before it and `length` days from it on.
    """
    usual = np.ones(PRE_DAYS, dtype=np.bool_) if usual is None else usual
    weekday = np.arange(PRE_DAYS) % 7
    matched = np.bincount(np.arange(length) % 7, minlength=7)
    counted = np.bincount(weekday[usual], minlength=7)
    if (counted[matched > 0] == 0).any():
        return np.full((2, len(daily), len(firsts)), np.nan)
    weights = np.where(usual, (matched / np.maximum(counted, 1))[weekday], 0.0)
    before = np.concatenate([weights, np.zeros(length)])
    after = np.concatenate([np.zeros(PRE_DAYS), np.ones(length)])
    windows = daily[:, firsts[:, None] - PRE_DAYS + np.arange(PRE_DAYS + length)]
    return np.stack([windows @ before, windows @ after])


def log_changes(sums: Floats) -> Floats:
    """log(sum / baseline) of (baselines, sums), the first axis; NaN where one of them is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = np.log(sums[1]) - np.log(sums[0])
    return np.where(np.isfinite(changes), changes, np.nan)


def placebo_dates(days: int, start: int, length: int) -> NDArray[np.int64]:
    """First days of placebo campaigns: whole weeks from `start`, windows free of the campaign's days."""
    weeks = np.arange(-(days // PLACEBO_STEP), days // PLACEBO_STEP + 1)
    first = start + PLACEBO_STEP * weeks
    possible = (first >= PRE_DAYS) & (first + length <= days)
    apart = (first + length <= start) | (first - PRE_DAYS >= start + length)
    return np.asarray(first[possible & apart], dtype=np.int64)


def rank_p(effect: float, placebos: Floats) -> float:
    """Two-sided permutation p-value: (1 + placebos at least as large) / (1 + placebos)."""
    return float(1 + np.count_nonzero(np.abs(placebos) >= abs(effect))) / (1 + len(placebos))


def interval_margin(placebos: Floats) -> float:
    """Half-width of the interval that excludes 0 when `rank_p` is at most 5 %; NaN below 19 placebos."""
    rank = math.ceil(CONFIDENCE * (len(placebos) + 1) - 1e-9)
    return float(np.sort(np.abs(placebos))[rank - 1]) if rank <= len(placebos) else math.nan


def _effects(sums: Floats, member: NDArray[np.bool_]) -> Floats:
    """Effects of groups of cities against all cities outside them, at each first day.

    Args:
        sums: Of `window_sums`, shape (2, cities, firsts).
        member: Which cities a group has, shape (..., cities).
    """
    return log_changes(member.astype(float) @ sums) - log_changes((~member).astype(float) @ sums)


def _city_placebos(sums: Floats, size: int) -> Floats:
    """Scores of other groups of `size` cities; the treated cities come first in `sums`.

    Groups are drawn from treated and control cities alike. Without an effect the treated cities are one such
    group, which makes their rank exact; drawn from control cities alone, groups would share too few cities
    and too little noise.
    """
    cities = sums.shape[1]
    rng = np.random.default_rng(SEED)
    order = rng.permuted(np.tile(np.arange(cities), (CITY_PLACEBOS, 1)), axis=1)
    member = np.unique(order < size, axis=0)
    member = member[~member[:, :size].all(axis=1)]
    scores = _scores(_effects(sums, member))
    return scores[np.isfinite(scores)]


def _scores(effects: Floats) -> Floats:
    """The campaign's effect (first of the last axis) in root mean squares of the placebo dates (the others).

    Groups of cities differ in size and so in noise; scores of any two groups can be compared.
    """
    placebos = effects[..., 1:]
    known = np.isfinite(placebos)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt((np.where(known, placebos, 0.0) ** 2).sum(axis=-1) / known.sum(axis=-1))
        return np.asarray(effects[..., 0] / scale)


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
            event_date, is_reached (another campaign runs in a treated city), revenue, order_count, starts_on,
            ends_on. Each city has every day.

    Returns:
        COLUMNS. `method` is 'difference in differences', or 'before and after' where there is no control;
        `status` is 'measured', 'preliminary' (the campaign goes on after the last day), 'overlapping'
        (another campaign runs on its days: the effect of both), 'descriptive' (no control: not an effect) or
        'insufficient' (not enough days or orders; the estimate is NaN).
    """
    rows = [
        _measure_one(str(campaign), part, kpi, column)
        for campaign, part in days.groupby("campaign", observed=True)
        for kpi, column in KPIS.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _measure_one(campaign: str, part: pd.DataFrame, kpi: str, column: str) -> dict[str, object]:
    reached = part.groupby("event_date")["is_reached"].any()
    dates, is_reached = pd.DatetimeIndex(reached.index), reached.to_numpy(dtype=np.bool_)
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
    usual = ~is_reached[max(start - PRE_DAYS, 0) : max(start, 0)]
    found = estimate(treated, control, start, length, usual) if measurable else Effect(effect=math.nan)
    if not math.isfinite(found.effect):
        status = "insufficient"
    elif not len(control):
        status = "descriptive"
    elif is_reached[start : start + length].any():
        status = "overlapping"
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
