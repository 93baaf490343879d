"""An effect multiplies one lever of the shop, on some days, for some of its users and goods.

Seasons, holidays, promotions and incidents are all effects, so the simulation has one rule for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shop_simulator.panel import AGE_GROUPS, CITY_NAMES, Panel
from shop_simulator.schema import CATEGORIES, GENDERS

#: traffic: sessions; cart: share of sessions with a cart; payment: share of checkouts that are confirmed;
#: price: the price of every line.
Lever = Literal["traffic", "cart", "payment", "price"]
Kind = Literal["season", "holiday", "promotion", "spike", "dip", "outage", "drift", "level_shift"]


@dataclass(frozen=True)
class Effect:
    """A factor on one lever from `start` to `end` (inclusive). An empty scope means everyone.

    A drift grows in a straight line to `factor` on its last day; every other kind is constant.
    A category scope means the session's category for traffic and cart, the line's category for price;
    payment has no category scope.
    """

    name: str
    kind: Kind
    lever: Lever
    start: date
    end: date
    factor: float
    cities: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    genders: tuple[str, ...] = ()
    age_groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError when the period, the factor or the scope makes no sense."""
        if self.end < self.start or not self.factor >= 0:
            raise ValueError(f"effect {self.name!r} needs start <= end and factor >= 0")
        if self.lever == "payment" and self.categories:
            raise ValueError(f"effect {self.name!r}: payment has no category scope")
        for given, known in (
            (self.cities, CITY_NAMES),
            (self.categories, CATEGORIES),
            (self.genders, GENDERS),
            (self.age_groups, AGE_GROUPS),
        ):
            if unknown := set(given) - set(known):
                raise ValueError(f"effect {self.name!r} names unknown {sorted(unknown)}")

    def factor_on(self, day: NDArray[np.int64]) -> NDArray[np.float64]:
        """Factor on each day (days since 1970-01-01); 1 outside the period."""
        first, last = epoch_day(self.start), epoch_day(self.end)
        size = np.full(day.shape, self.factor - 1)
        if self.kind == "drift":
            size = size * (day - first + 1) / (last - first + 1)
        return np.where((day >= first) & (day <= last), 1 + size, 1.0)

    def touches(self, first: int, last: int) -> bool:
        """Whether the period meets the days `first` to `last` (inclusive, days since 1970-01-01)."""
        return epoch_day(self.start) <= last and epoch_day(self.end) >= first

    def has_user(self, panel: Panel, user: NDArray[np.int32], city: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Whether each session's user, in the city of that day, is in scope."""
        inside = np.ones(len(user), dtype=bool)
        for names, known, value in (
            (self.cities, CITY_NAMES, city),
            (self.genders, GENDERS, panel.gender[user]),
            (self.age_groups, AGE_GROUPS, panel.age_group[user]),
        ):
            if names:
                inside &= np.isin(value, [known.index(name) for name in names])
        return inside

    def category_mask(self) -> NDArray[np.bool_]:
        """Which of the six categories are in scope."""
        return np.array([not self.categories or name in self.categories for name in CATEGORIES])


def epoch_day(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def active(effects: Iterable[Effect], lever: Lever, first: int, last: int) -> list[Effect]:
    """The effects on a lever that meet the days `first` to `last`."""
    return [effect for effect in effects if effect.lever == lever and effect.touches(first, last)]
