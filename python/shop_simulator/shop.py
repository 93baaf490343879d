"""The shop at work: which user comes on which day, what is put into carts, what is ordered.

Events are made of this in `events.py`; daily series are summed from it directly in `daily.py`.
All money is in micro-roubles (int64), so sums are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shop_simulator.anomalies import INCIDENTS_A_YEAR, draw_incidents
from shop_simulator.basket import Baskets, draw_baskets
from shop_simulator.calendar import day_weights, draw_promotions, holiday_effects, season_effects
from shop_simulator.config import LogConfig
from shop_simulator.effects import Effect, active, epoch_day
from shop_simulator.panel import Panel, draw_panel
from shop_simulator.taste import session_categories, user_taste

#: Sessions per active user and day, and the most that a user is active (the rest become extra sessions).
SESSIONS_PER_ACTIVE: Final = 1.07
MOST_ACTIVE: Final = 0.9
#: Every user of the panel comes at least once in the first days, and nobody joins later.
PANEL_DAYS: Final = 10
#: About as many sessions are simulated at a time; this bounds memory.
SPAN_SESSIONS: Final = 60_000


@dataclass(frozen=True)
class Sessions:
    """One entry per session, by day. `day` counts days since 1970-01-01; `category` indexes CATEGORIES."""

    day: NDArray[np.int64]
    user: NDArray[np.int32]
    city: NDArray[np.int16]
    category: NDArray[np.int8]


@dataclass(frozen=True)
class Shop:
    """Everything that is decided before the first session: users, effects, sessions of each day."""

    config: LogConfig
    panel: Panel
    effects: tuple[Effect, ...]
    day_sessions: NDArray[np.int64]
    first_day: int

    @property
    def incidents(self) -> list[Effect]:
        """The planted anomalies, in time order."""
        kinds = ("season", "holiday", "promotion")
        return [effect for effect in self.effects if effect.kind not in kinds]

    @property
    def promotions(self) -> list[Effect]:
        """The planted promotions, in time order."""
        return [effect for effect in self.effects if effect.kind == "promotion"]


def open_shop(config: LogConfig) -> Shop:
    """Draws users, effects and the number of sessions of each day.

    Raises:
        ValueError: a given incident is malformed.
    """
    panel_rng, effect_rng, day_rng = (np.random.default_rng([config.seed, part]) for part in range(3))
    first_day = epoch_day(config.start)
    panel = draw_panel(config.panel_size, first_day, config.days, panel_rng)
    effects = tuple(_effects(config, effect_rng))
    weights = day_weights(config.days, config.start.weekday(), day_rng)
    taste = user_taste(panel)
    for index in range(config.days):
        if active(effects, "traffic", first_day + index, first_day + index):
            attraction = _attraction(panel, taste, effects, first_day + index)
            weights[index] *= attraction.sum() / panel.activity.sum()
    day_sessions = day_rng.multinomial(config.sessions, weights / weights.sum())
    return Shop(config, panel, effects, day_sessions, first_day)


def spans(shop: Shop) -> Iterator[tuple[int, int]]:
    """Calendar months, or parts of busy ones, as (first, past the last) in days since 1970-01-01."""
    first = sessions = 0
    for index, today in enumerate(shop.day_sessions, start=1):
        sessions += int(today)
        is_month_end = np.datetime64(shop.first_day + index, "D").item().day == 1
        if is_month_end or sessions >= SPAN_SESSIONS or index == len(shop.day_sessions):
            yield shop.first_day + first, shop.first_day + index
            first, sessions = index, 0


def simulate(shop: Shop) -> Iterator[tuple[Sessions, Baskets, np.random.Generator]]:
    """Sessions and baskets of each span of days, with the span's random generator for what follows."""
    taste = user_taste(shop.panel)
    seen = np.zeros(shop.panel.size, dtype=bool)
    for first, past in spans(shop):
        rng = np.random.default_rng([shop.config.seed, 3, first])
        users = [_users_of_day(shop, taste, day, seen, rng) for day in range(first, past)]
        user = np.concatenate(users).astype(np.int32)
        day = np.repeat(np.arange(first, past), [len(part) for part in users])
        city = shop.panel.city_on(user, day)
        category = session_categories(
            shop.panel, taste, active(shop.effects, "traffic", first, past - 1), user, city, day, rng
        )
        sessions = Sessions(day, user, city, category)
        yield sessions, draw_baskets(shop, sessions, rng), rng


def _effects(config: LogConfig, rng: np.random.Generator) -> Iterator[Effect]:
    """Every effect of the log. Each sort has its own generator: switching one off leaves the others alone."""
    season_rng, promotion_rng, incident_rng = rng.spawn(3)
    if config.season:
        yield from season_effects(
            config.start, config.end, config.season_edge_days, config.season_spread, season_rng
        )
    if config.holidays:
        yield from holiday_effects(config.start, config.end)
    if config.promotions:
        yield from draw_promotions(config.start, config.end, promotion_rng)
    if isinstance(config.incidents, tuple):
        yield from config.incidents
    else:
        a_year = INCIDENTS_A_YEAR[config.incidents]
        yield from draw_incidents(config.start, config.end, a_year, incident_rng)
    if config.lost_day:
        yield Effect("lost day", "outage", "traffic", config.lost_day, config.lost_day, 0.0)


def _attraction(
    panel: Panel, taste: NDArray[np.float64], effects: tuple[Effect, ...], day: int
) -> NDArray[np.float64]:
    """Relative number of sessions of each user on one day."""
    today = active(effects, "traffic", day, day)
    if not today:
        return panel.activity
    user = np.arange(panel.size, dtype=np.int32)
    days = np.full(panel.size, day)
    city = panel.city_on(user, days)
    weight = taste.copy()
    for effect in today:
        factor = effect.factor_on(days[:1])[0]
        weight[np.ix_(effect.has_user(panel, user, city), effect.category_mask())] *= factor
    total: NDArray[np.float64] = weight.sum(axis=1)
    return panel.activity * total


def _users_of_day(
    shop: Shop, taste: NDArray[np.float64], day: int, seen: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    """The user of each session of a day; exactly the day's number of sessions. Updates `seen`."""
    total = int(shop.day_sessions[day - shop.first_day])
    attraction = _attraction(shop.panel, taste, shop.effects, day)
    mean = total * attraction / max(attraction.sum(), 1e-12)
    chance = np.minimum(mean / SESSIONS_PER_ACTIVE, MOST_ACTIVE)
    present = np.flatnonzero(rng.random(shop.panel.size) < chance)
    extra = rng.poisson(np.maximum(mean[present] / chance[present] - 1, 0))
    users = rng.permutation(np.repeat(present, 1 + extra))[:total]
    if len(users) < total:
        more = rng.choice(shop.panel.size, total - len(users), p=mean / mean.sum())
        users = np.concatenate([users, more])
    if day == shop.first_day + PANEL_DAYS - 1:
        late = np.flatnonzero(~seen)[:total]
        users[: len(late)] = late
    seen[users] = True
    return users
