"""The closed panel of users: city, gender, age and activity of each, fixed for the whole log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shop_simulator.goods import WOMEN
from shop_simulator.schema import GENDERS

#: Share of value (published for the ten largest, an assumption for the tail) and offset from UTC in hours.
CITIES: Final[dict[str, tuple[float, int]]] = {
    "Москва": (28.10, 3),
    "Санкт-Петербург": (12.64, 3),
    "Новосибирск": (7.60, 7),
    "Екатеринбург": (7.25, 5),
    "Нижний Новгород": (5.69, 3),
    "Казань": (5.26, 3),
    "Красноярск": (4.69, 7),
    "Волгоград": (4.47, 3),
    "Ростов-на-Дону": (4.44, 3),
    "Самара": (4.27, 4),
    "Челябинск": (2.40, 5),
    "Омск": (2.10, 6),
    "Уфа": (1.90, 5),
    "Краснодар": (1.70, 3),
    "Воронеж": (1.50, 3),
    "Пермь": (1.40, 5),
    "Тюмень": (1.10, 5),
    "Саратов": (0.90, 4),
    "Иркутск": (0.80, 8),
    "Владивосток": (0.70, 10),
    "Калининград": (0.60, 2),
    "Томск": (0.49, 7),
}
#: The last name, empty, is the city of users whose city is not known.
CITY_NAMES: Final = (*CITIES, "")
UNKNOWN_CITY: Final = len(CITIES)
MOSCOW_OFFSET: Final = 3

AGE_GROUPS: Final = ("0–6", "7–13", "14–17", "18–24", "25–34", "35–44", "45–54", "55–64", "65+", "")
_AGE_EDGES: Final = (7, 14, 18, 25, 35, 45, 55, 65)
UNKNOWN_AGE: Final = -1
FIRST_USER: Final = 10_000
NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Panel:
    """One entry per user. City and age group are indices into CITY_NAMES and AGE_GROUPS."""

    activity: NDArray[np.float64]
    gender: NDArray[np.int8]
    age: NDArray[np.int16]
    age_group: NDArray[np.int8]
    city: NDArray[np.int16]
    next_city: NDArray[np.int16]
    move_day: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of users."""
        return len(self.activity)

    def city_on(self, user: NDArray[np.int32], day: NDArray[np.int64]) -> NDArray[np.int16]:
        """City of each user on each day (days since 1970-01-01)."""
        return np.where(day >= self.move_day[user], self.next_city[user], self.city[user])


def draw_panel(size: int, first_day: int, days: int, rng: np.random.Generator) -> Panel:
    """Draws the users. City and gender follow the published shares by quota, so even a small panel fits.

    One user in a hundred moves to another city, one in five hundred has no age, one in five hundred no city.
    """
    activity = np.exp(0.25 * rng.standard_normal(size))
    shares = np.array([share for share, _ in CITIES.values()])
    city = rng.permutation(np.repeat(np.arange(len(CITIES)), quotas(shares, size))).astype(np.int16)
    gender = rng.permutation(np.repeat(np.arange(len(GENDERS)), quotas(np.array([WOMEN, 1 - WOMEN]), size)))
    for group in (city, gender):
        # the published shares hold for value, so every group is equally active on average
        activity /= (np.bincount(group, activity) / np.maximum(np.bincount(group), 1))[group]
    age = _draw_ages(size, rng)

    special = rng.permutation(size)
    movers, ageless, homeless = np.split(special, np.cumsum([_rare(size, 100), _rare(size, 500)]))[:3]
    homeless = homeless[: _rare(size, 500)]
    age[ageless] = UNKNOWN_AGE
    city[homeless] = UNKNOWN_CITY
    next_city, move_day = city.copy(), np.full(size, NEVER)
    next_city[movers] = (city[movers] + rng.integers(1, len(CITIES), len(movers))) % len(CITIES)
    move_day[movers] = first_day + rng.integers(days // 4, max(3 * days // 4, days // 4 + 1), len(movers))
    age_group = np.where(age == UNKNOWN_AGE, len(_AGE_EDGES) + 1, np.digitize(age, _AGE_EDGES))
    return Panel(
        activity=activity,
        gender=gender.astype(np.int8),
        age=age,
        age_group=age_group.astype(np.int8),
        city=city,
        next_city=next_city,
        move_day=move_day,
    )


def quotas(shares: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Splits `total` in proportion to `shares` by the largest-remainder method."""
    exact = shares / shares.sum() * total
    parts: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    parts[np.argsort(parts - exact, kind="stable")[: total - parts.sum()]] += 1
    return parts


def _rare(size: int, one_in: int) -> int:
    """How many users of a rare sort a panel holds: at least one, but none in a tiny panel."""
    return max(1, size // one_in) if size >= 60 else 0


def _draw_ages(size: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """Adults around 38, and one user in ten a child of 0 to 17."""
    adults = np.clip(np.rint(rng.normal(38, 13, size)), 18, 85).astype(np.int16)
    children = rng.integers(0, 18, size, dtype=np.int16)
    return np.where(rng.random(size) < 0.1, children, adults)
