"""When the shop is busy: weekday and hour patterns, the seasonal steps in value, holidays, promotions."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shop_simulator.effects import Effect, Lever
from shop_simulator.panel import CITIES
from shop_simulator.schema import CATEGORIES

#: Sessions by weekday (Monday first) and by local hour, relative. The night trough is at 3 to 5 o'clock.
WEEKDAYS: Final = np.array([0.97, 0.96, 0.97, 0.98, 1.01, 1.06, 1.05])
HOURS: Final = np.array(
    [18, 10, 6, 4, 4, 6, 14, 26, 38, 48, 56, 60, 62, 60, 57, 55, 56, 60, 66, 74, 80, 78, 62, 36], dtype=float
)
#: Daily noise of traffic, a slow wander and a shock: with weekdays it spans the published 0.8 to 1.2.
WANDER, WANDER_MEMORY, SHOCK = 0.015, 0.95, 0.03
#: The published first day has about 55 of 1,075 users; the last day of a log is cut in the middle.
FIRST_DAY_SHARE: Final = 0.05
LAST_DAY_SHARE: Final = 0.5
SHORTEST_WITH_CUT_END: Final = 10

#: Value per user rises from 12.3k to 16k, per user with any value from 30.5k to 38.5k.
SEASON_PRICE: Final = 38.5 / 30.5
SEASON_CART: Final = (16.0 / 12.3) / SEASON_PRICE
SEASON_STEPS: Final[tuple[tuple[Lever, float], ...]] = (("price", SEASON_PRICE), ("cart", SEASON_CART))
#: Runs of special months as (first month, number of months).
SEASONS: Final = ((9, 1), (12, 2))

#: (month, day, number of days, lever, factor)
HOLIDAYS: Final[tuple[tuple[int, int, int, Lever, float], ...]] = (
    (1, 1, 2, "traffic", 0.7),
    (2, 14, 1, "cart", 1.15),
    (2, 22, 2, "cart", 1.2),
    (3, 7, 2, "cart", 1.35),
    (5, 1, 1, "traffic", 0.85),
    (5, 9, 1, "traffic", 0.8),
    (6, 12, 1, "traffic", 0.9),
    (11, 11, 1, "cart", 1.4),
    (11, 25, 3, "price", 1.3),
)
PROMOTIONS_A_YEAR: Final = 4


def day_weights(days: int, first_weekday: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Relative traffic of each day: weekday x slow wander x shock, with partial edges."""
    steps = WANDER * np.sqrt(1 - WANDER_MEMORY**2) * rng.standard_normal(days)
    wander = np.empty(days)
    level = WANDER * rng.standard_normal()
    for day in range(days):
        level = WANDER_MEMORY * level + steps[day]
        wander[day] = level
    shock = SHOCK * rng.standard_normal(days)
    weights = WEEKDAYS[(first_weekday + np.arange(days)) % 7] * np.exp(wander + shock)
    if days >= 2:
        weights[0] *= FIRST_DAY_SHARE
    if days >= SHORTEST_WITH_CUT_END:
        weights[-1] *= LAST_DAY_SHARE
    return weights


def season_effects(
    start: date, end: date, edge_days: int, spread: float, rng: np.random.Generator
) -> Iterator[Effect]:
    """The steps of value in every September and every December and January that meet the period."""
    for year in range(start.year - 1, end.year + 1):
        for month, months in SEASONS:
            last_year, last_month = (year, month) if months == 1 else (year + 1, month + months - 13)
            shifts = rng.integers(-edge_days, edge_days + 1, 2)
            size = 1 + spread * rng.standard_normal()
            first = date(year, month, 1) + timedelta(days=int(shifts[0]))
            last = date(last_year, last_month, monthrange(last_year, last_month)[1])
            last += timedelta(days=int(shifts[1]))
            if last < start or first > end:
                continue
            for lever, factor in SEASON_STEPS:
                step = 1 + (factor - 1) * size
                yield Effect(f"season {first:%Y-%m} {lever}", "season", lever, first, last, step)


def holiday_effects(start: date, end: date) -> Iterator[Effect]:
    """Short peaks and pauses on the same dates of every year."""
    for year in range(start.year, end.year + 1):
        for month, day, length, lever, factor in HOLIDAYS:
            first = date(year, month, day)
            last = first + timedelta(days=length - 1)
            if first <= end and last >= start:
                yield Effect(f"holiday {first}", "holiday", lever, first, last, factor)


def draw_promotions(start: date, end: date, rng: np.random.Generator) -> Iterator[Effect]:
    """Planned campaigns of one to two weeks, spread evenly; a third of them in one category only.

    Each runs in three to eight cities and lifts the share of sessions with a cart by 10 to 40 %, so cities
    without it are its control group.
    """
    names = list(CITIES)
    days = (end - start).days + 1
    count = round(PROMOTIONS_A_YEAR * days / 365)
    for number in range(count):
        gap = days / count
        first = start + timedelta(days=int(gap * (number + 0.2 + 0.4 * rng.random())))
        length = int(rng.integers(7, 15))
        cities = rng.choice(len(names), int(rng.integers(3, 9)), replace=False)
        category = CATEGORIES[rng.integers(len(CATEGORIES))]
        one_category = rng.random() < 1 / 3
        factor = round(float(rng.uniform(1.1, 1.4)), 3)
        yield Effect(
            name=f"promotion {number + 1}",
            kind="promotion",
            lever="cart",
            start=first,
            end=min(first + timedelta(days=length - 1), end),
            factor=factor,
            cities=tuple(names[city] for city in sorted(cities)),
            categories=(category,) if one_category else (),
        )
