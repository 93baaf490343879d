"""A generated log of the published size has the published figures.

Tolerances are three to four standard errors of the simulation: values are log-normal with a coefficient of
variation near 1.7, over about a million lines, 2,000 users and 1,100 days.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from shop_simulator.clock import Diary
from shop_simulator.config import Clock, ConfirmationValue, LogConfig
from shop_simulator.events import Rows, concatenate, draw_events
from shop_simulator.panel import CITY_NAMES
from shop_simulator.schema import ACTIONS, CATEGORIES
from shop_simulator.shop import Shop, open_shop, simulate

TOTAL = 15_540_960_498
CATEGORY_VALUE = {
    "Товары для детей": 2_478_388_072,
    "Красота и здоровье": 2_356_421_105,
    "Одежда и обувь": 2_343_254_039,
    "Электроника и бытовая техника": 2_142_767_404,
    "Авто/мото товары": 2_120_826_494,
    "Продовольственные товары": 2_112_155_762,
}
CITY_VALUE = {
    "Москва": 4_367_426_741,
    "Санкт-Петербург": 1_964_898_682,
    "Новосибирск": 1_181_136_730,
    "Екатеринбург": 1_127_074_628,
    "Нижний Новгород": 884_652_939,
    "Казань": 818_228_754,
    "Красноярск": 728_514_941,
    "Волгоград": 694_962_863,
    "Ростов-на-Дону": 689_303_314,
    "Самара": 663_608_253,
}
WOMEN = 8_976_785_053
DAYS = 1105


def simulate_rows(
    sessions: int, value: ConfirmationValue = "checkout", clock: Clock = "shop"
) -> tuple[Shop, Rows]:
    """Events of a shop without incidents, without faults of delivery."""
    config = LogConfig(sessions=sessions, users=2000, incidents="none", confirmation_value=value, clock=clock)
    shop = open_shop(config)
    diary = Diary(shop.panel.size)
    return shop, concatenate([draw_events(shop, s, b, diary, rng) for s, b, rng in simulate(shop)])


def night_of(city: str, shop: Shop, rows: Rows) -> int:
    """Middle of the three hours with the fewest events of a city's users."""
    inside = shop.panel.city[rows.user] == CITY_NAMES.index(city)
    by_hour = np.bincount(rows.time[inside] % 86_400 // 3600, minlength=24)
    assert by_hour.min() < 0.15 * by_hour.max()
    return int((by_hour + np.roll(by_hour, 1) + np.roll(by_hour, -1)).argmin())


class Figures:
    """What the notebook computed from its log, of the simulated one."""

    def __init__(self) -> None:
        self.shop, self.rows = simulate_rows(1150 * DAYS)
        self.roubles = self.rows.value / 1e6
        self.day = self.rows.time // 86_400 - self.shop.first_day
        user_day = self.day * 2000 + self.rows.user
        self.active = np.bincount(user_day, minlength=DAYS * 2000)[: DAYS * 2000].reshape(DAYS, 2000) > 0
        self.value = np.bincount(user_day, self.roubles, DAYS * 2000)[: DAYS * 2000].reshape(DAYS, 2000)
        dates = np.datetime64("2021-12-26") + np.arange(DAYS)
        month = dates.astype("datetime64[M]").astype(int) % 12 + 1
        self.whole = np.arange(DAYS) % (DAYS - 1) > 0
        self.special = np.isin(month, [9, 12, 1])

    def users_with(self, action: str) -> NDArray[np.int64]:
        """Number of distinct users of an action on each day."""
        chosen = self.rows.action == ACTIONS.index(action)
        pairs = np.unique(self.day[chosen] * 2000 + self.rows.user[chosen])
        return np.bincount(pairs // 2000, minlength=DAYS)[:DAYS]

    def value_per_user(self, days: NDArray[np.bool_]) -> tuple[float, float]:
        """Value per active user and per user with any value, over some days."""
        value, active = self.value[days], self.active[days]
        return value.sum() / active.sum(), value.sum() / (value > 0).sum()


@pytest.fixture(scope="module")
def figures() -> Figures:
    return Figures()


def test_size(figures: Figures) -> None:
    assert len(figures.rows) == pytest.approx(6_500_000, rel=0.01)
    assert figures.roubles.sum() == pytest.approx(TOTAL, rel=0.02)


def test_value_without_category(figures: Figures) -> None:
    bare = figures.roubles[figures.rows.category == len(CATEGORIES)].sum()
    assert bare / figures.roubles.sum() == pytest.approx(1 - sum(CATEGORY_VALUE.values()) / TOTAL, abs=0.003)


@pytest.mark.parametrize("confirmation_value", ["zero", "own"])
def test_value_without_category_whatever_confirmations_hold(confirmation_value: ConfirmationValue) -> None:
    _, rows = simulate_rows(300_000, confirmation_value)
    bare = rows.value[rows.category == len(CATEGORIES)].sum()
    assert bare / rows.value.sum() == pytest.approx(0.1279, abs=0.006)
    confirmed = rows.value[rows.action == ACTIONS.index("confirmation")]
    assert (confirmed == 0).all() == (confirmation_value == "zero")


def test_categories(figures: Figures) -> None:
    known = figures.rows.category < len(CATEGORIES)
    total = figures.roubles[known].sum()
    for name, published in CATEGORY_VALUE.items():
        chosen = figures.rows.category == CATEGORIES.index(name)
        expected = published / sum(CATEGORY_VALUE.values())
        assert figures.roubles[chosen].sum() / total == pytest.approx(expected, rel=0.025), name


def test_genders(figures: Figures) -> None:
    women = figures.roubles[figures.shop.panel.gender[figures.rows.user] == 0].sum()
    assert women / figures.roubles.sum() == pytest.approx(WOMEN / TOTAL, abs=0.005)


def test_cities(figures: Figures) -> None:
    panel = figures.shop.panel
    moved = figures.rows.attributes >= panel.size
    city = np.where(moved, panel.next_city[figures.rows.user], panel.city[figures.rows.user])
    share = np.bincount(city, figures.roubles, len(CITY_NAMES)) / figures.roubles.sum()
    for name, published in CITY_VALUE.items():
        assert share[CITY_NAMES.index(name)] == pytest.approx(published / TOTAL, rel=0.06), name
    tail = [share[CITY_NAMES.index(name)] for name in CITY_NAMES if name not in CITY_VALUE]
    assert max(tail) < min(share[CITY_NAMES.index(name)] for name in CITY_VALUE)


def test_daily_users_are_flat(figures: Figures) -> None:
    users = figures.active.sum(axis=1)[figures.whole]
    assert users.mean() == pytest.approx(1075, rel=0.01)
    assert 840 < users.min() < 920
    assert 1230 < users.max() < 1340
    thirds = [part.mean() for part in np.array_split(users, 3)]
    assert max(thirds) / min(thirds) < 1.03


def test_first_day_and_closed_panel(figures: Figures) -> None:
    assert figures.active[0].sum() == pytest.approx(55, abs=15)
    first_visit = figures.active.argmax(axis=0)
    assert figures.active.any(axis=0).all()
    assert first_visit.max() == (date(2022, 1, 4) - date(2021, 12, 26)).days


def test_steps_of_september_december_and_january(figures: Figures) -> None:
    usual = figures.value_per_user(figures.whole & ~figures.special)
    special = figures.value_per_user(figures.whole & figures.special)
    assert usual == pytest.approx((12_300, 30_500), rel=0.02)
    assert special == pytest.approx((16_000, 38_500), rel=0.025)


def test_edges_of_the_steps(figures: Figures) -> None:
    """Value per user jumps from 31 August to 1 September, and back at the month's end, every year."""
    for year in (2022, 2023, 2024):
        for last, first, sign in (
            (date(year, 8, 31), date(year, 9, 1), 1),
            (date(year, 9, 30), date(year, 10, 1), -1),
            (date(year, 11, 30), date(year, 12, 1), 1),
        ):
            before = np.arange(DAYS)[: (last - date(2021, 12, 25)).days][-10:]
            after = np.arange(DAYS)[(first - date(2021, 12, 26)).days :][:10]
            low, high = (figures.value[part].sum() / figures.active[part].sum() for part in (before, after))
            assert sign * np.log(high / low) == pytest.approx(np.log(16.0 / 12.3), abs=0.12)


def test_daily_conversion(figures: Figures) -> None:
    buyers = figures.active.sum(axis=1), (figures.value > 0).sum(axis=1)
    assert (buyers[1] / buyers[0])[figures.whole].mean() == pytest.approx(0.405, abs=0.01)
    ratio = (figures.users_with("confirmation") / np.maximum(figures.users_with("checkout"), 1))[
        figures.whole
    ]
    assert ratio.mean() == pytest.approx(0.53, abs=0.01)
    assert 0.37 < ratio.min() < 0.45
    assert 0.62 < ratio.max() < 0.69


def test_hours_and_weekdays(figures: Figures) -> None:
    """By the shop's clock the east sleeps earlier than Moscow; by local clocks all nights coincide."""
    assert night_of("Москва", figures.shop, figures.rows) in (3, 4)
    assert night_of("Новосибирск", figures.shop, figures.rows) in (23, 0)
    shop, rows = simulate_rows(200_000, clock="local")
    assert night_of("Новосибирск", shop, rows) in (3, 4)
    users = figures.active.sum(axis=1)[1 : 1 + 7 * 157].reshape(157, 7).mean(axis=0)
    # the second day of the log is a Monday
    assert users.argmax() in (5, 6) and users.argmin() in (0, 1, 2)
    assert 1.05 < users.max() / users.min() < 1.2


def test_every_action_appears_in_a_plausible_share(figures: Figures) -> None:
    share = np.bincount(figures.rows.action, minlength=len(ACTIONS)) / len(figures.rows)
    mix = dict(zip(ACTIONS, share, strict=True))
    assert mix["search"] > mix["product"] > mix["category"] > mix["cart"] > mix["checkout"]
    assert mix["checkout"] > mix["confirmation"] > 0.01
