"""Daily series of the shop with labels, in seconds and without a log: input of statistics benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from shop_simulator.config import LogConfig
from shop_simulator.contributions import (
    CELLS,
    COUNTS,
    MONEY,
    SEGMENT_TYPES,
    cell_sums,
    contributions,
    segment_keys,
)
from shop_simulator.effects import Effect
from shop_simulator.labels import RATIOS, divide, label_frame, multipliers
from shop_simulator.panel import AGE_GROUPS, CITY_NAMES
from shop_simulator.schema import CATEGORIES, GENDERS
from shop_simulator.shop import Shop, open_shop, simulate

if TYPE_CHECKING:
    import pandas as pd

Series = dict[str, NDArray[np.float64]]

#: Names of the segments of each type, in the order of their index. The empty name is the unknown one.
SEGMENT_NAMES: Final = {
    "all": ("all",),
    "city": CITY_NAMES,
    "category": (*CATEGORIES, ""),
    "gender": GENDERS,
    "age_group": AGE_GROUPS,
}
SEGMENTS: Final = tuple((kind, name) for kind in SEGMENT_TYPES for name in SEGMENT_NAMES[kind])


@dataclass(frozen=True)
class DailyLog:
    """Labelled daily series. Arrays have one row per entry of `segments` and one column per entry of `days`.

    Attributes:
        days: Calendar days (datetime64[D]).
        is_partial: Days that the log covers only in part: the first, and the last of ten days or more.
        segments: (segment type, segment) of each row; types all, city, category, gender, age_group.
        values: Observed values by metric: sessions, users, orders, buyers, revenue, cart_value,
            notebook_value (sum of the raw value column), conversion (orders / sessions), average_order_value.
            Ratios are NaN where their denominator is 0. Counts of categories overlap, as in the marts.
        expected: What the shop's calendar gives without the incidents: level x weekday x season, holidays and
            promotions. Daily shocks and chance are not in it.
        effect: Relative change planted by incidents, 0 where there is none: values are near
            expected x (1 + effect).
        sigma: Standard deviation of values around expected on days without incidents.
        labels: One row per incident, metric and segment that it moves, with its size and how visible it is;
            columns as in labels.label_frame.
        incidents: The planted incidents, in time order.
        promotions: The planted promotions, in time order.
    """

    days: NDArray[np.datetime64]
    is_partial: NDArray[np.bool_]
    segments: tuple[tuple[str, str], ...]
    values: Series
    expected: Series
    effect: Series
    sigma: Series
    labels: pd.DataFrame
    incidents: list[Effect]
    promotions: list[Effect]


def simulate_daily(config: LogConfig) -> DailyLog:
    """Simulates a shop and sums it up by day and segment.

    Takes about three seconds for three years at the published volume. A session belongs to the day on which
    it starts, orders included; apart from that the same config gives what a log of it would give after
    deduplication. `bad_rate` and `clock` have no bearing here.

    Raises:
        ValueError: a given incident is malformed.
    """
    shop = open_shop(config)
    values, cells = _sum_up(shop)
    days = shop.first_day + np.arange(config.days)
    is_partial = np.zeros(config.days, dtype=bool)
    is_partial[0] = config.days >= 2
    is_partial[-1] = config.days >= 10
    calendar = [effect for effect in shop.effects if effect not in shop.incidents]
    shape = multipliers(calendar, cells, days, shop, weekdays=True)
    effect = {name: part - 1 for name, part in multipliers(shop.incidents, cells, days, shop).items()}
    for ratio, (numerator, denominator) in RATIOS.items():
        values[ratio] = divide(values[numerator], values[denominator])
    quiet = {name: ~is_partial & (np.abs(part) < 1e-9) for name, part in effect.items()}
    expected, sigma = _spread(values, shape, quiet)
    return DailyLog(
        days=days.astype("datetime64[D]"),
        is_partial=is_partial,
        segments=SEGMENTS,
        values=values,
        expected=expected,
        effect=effect,
        sigma=sigma,
        labels=label_frame(shop, cells, days, expected, sigma, SEGMENTS),
        incidents=shop.incidents,
        promotions=shop.promotions,
    )


def _sum_up(shop: Shop) -> tuple[Series, dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]]:
    """Values of each metric by segment and day; and its sums by cell on usual days, for both tables."""
    names = (*COUNTS, *MONEY)
    days = shop.config.days
    blocks = {name: [np.zeros((len(SEGMENT_NAMES[kind]), days)) for kind in SEGMENT_TYPES] for name in names}
    cells = {name: (np.zeros(CELLS), np.zeros(CELLS)) for name in names}
    usual = _usual_days(shop)
    for sessions, baskets, rng in simulate(shop):
        for name, (base, by_category) in contributions(sessions, baskets, rng).items():
            for kind, block in zip(SEGMENT_TYPES, blocks[name], strict=True):
                part = by_category if kind == "category" else base
                key = segment_keys(sessions, shop.panel, part)[kind]
                at = key * days + sessions.day[part.session] - shop.first_day
                block += np.bincount(at, part.weight, block.size).reshape(block.shape)
            for sums, part in zip(cells[name], (base, by_category), strict=True):
                sums += cell_sums(sessions, shop.panel, part, usual[sessions.day - shop.first_day])
    return {name: np.concatenate(blocks[name]) for name in names}, cells


def _usual_days(shop: Shop) -> NDArray[np.bool_]:
    """Days without an incident; all days when every day has one."""
    days = shop.first_day + np.arange(shop.config.days)
    usual = np.ones(len(days), dtype=bool)
    for incident in shop.incidents:
        usual &= incident.factor_on(days) == 1
    return usual if usual.any() else ~usual


def _spread(values: Series, shape: Series, quiet: dict[str, NDArray[np.bool_]]) -> tuple[Series, Series]:
    """Expected values (a level times the shape) and standard deviations around them, from the quiet days.

    The variance of counts and sums grows with the expected value; that of ratios is constant.
    """
    expected, sigma = {}, {}
    for metric, value in values.items():
        level = _mean(np.where(quiet[metric], divide(value, shape[metric]), np.nan))
        expected[metric] = level * shape[metric]
        error = np.where(quiet[metric], value - expected[metric], np.nan)
        scale = np.ones_like(value) if metric in RATIOS else expected[metric]
        sigma[metric] = np.sqrt(_mean(divide(error**2, scale)) * scale)
    return expected, sigma


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each row's finite values, 0 where there is none; shape (rows, 1)."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean: NDArray[np.float64] = np.where(known, values, 0.0).sum(axis=1, keepdims=True) / count
    return mean
