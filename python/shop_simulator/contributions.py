"""Daily metrics as tables of contributions: which session adds how much to which metric and category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shop_simulator.basket import MICRO, Baskets
from shop_simulator.panel import AGE_GROUPS, CITY_NAMES, Panel
from shop_simulator.schema import CATEGORIES, GENDERS
from shop_simulator.shop import Sessions

NO_CATEGORY: Final = len(CATEGORIES)
SEGMENT_TYPES: Final = ("all", "city", "category", "gender", "age_group")
COUNTS: Final = ("sessions", "users", "orders", "buyers")
MONEY: Final = ("revenue", "cart_value", "notebook_value")
#: Sessions whose only browsing is the main page; they touch no category of their own (see events.py).
MAINPAGE_ONLY: Final = 0.087
#: A cell is city x gender x age group x the session's category x the contribution's own category.
CELLS: Final = (len(CITY_NAMES), len(GENDERS), len(AGE_GROUPS), len(CATEGORIES), NO_CATEGORY + 1)


@dataclass(frozen=True)
class Contributions:
    """Rows of (session, own category, weight). A metric's series is the sum of weights by day and segment."""

    session: NDArray[np.int64]
    category: NDArray[np.int8]
    weight: NDArray[np.float64]


def contributions(
    sessions: Sessions, baskets: Baskets, rng: np.random.Generator
) -> dict[str, tuple[Contributions, Contributions]]:
    """Contributions of some sessions to each metric: for all segments but categories, and for categories.

    Money has one table for both. Counts have two, since what touches two categories counts once in the total.
    """
    size = len(sessions.day)
    everyone = np.arange(size)
    browsed = everyone[rng.random(size) >= MAINPAGE_ONLY]
    line_session = baskets.session[baskets.line_basket]
    touched_session = np.concatenate([browsed, line_session])
    touched_category = np.concatenate([sessions.category[browsed], baskets.line_category])

    value = baskets.order_value / MICRO
    ordered = np.flatnonzero((baskets.confirmations > 0) & (baskets.checkouts > 0))
    is_order = np.isin(np.arange(baskets.size), ordered)
    sold = is_order[baskets.line_basket]
    sold_basket, sold_category = baskets.line_basket[sold], baskets.line_category[sold]
    share = baskets.line_price[sold] / baskets.lines_total[sold_basket]
    bare = ordered[~np.isin(ordered, sold_basket)]

    price = baskets.line_price / MICRO
    order_rows = _order_rows(baskets) / MICRO
    user_day = sessions.day * (int(sessions.user.max(initial=0)) + 1) + sessions.user

    order_session, bought_session = baskets.session[ordered], baskets.session[sold_basket]
    return {
        "sessions": (_count(everyone), _distinct(touched_session, touched_session, touched_category)),
        "users": (
            _distinct(user_day, everyone),
            _distinct(user_day[touched_session], touched_session, touched_category),
        ),
        "orders": (_count(order_session), _distinct(sold_basket, bought_session, sold_category)),
        "buyers": (
            _distinct(user_day[order_session], order_session),
            _distinct(user_day[bought_session], bought_session, sold_category),
        ),
        "revenue": _both(
            Contributions(
                np.concatenate([bought_session, baskets.session[bare]]),
                np.concatenate([sold_category, np.full(len(bare), NO_CATEGORY, dtype=np.int8)]),
                np.concatenate([value[sold_basket] * share, value[bare]]),
            )
        ),
        "cart_value": _both(Contributions(line_session, baskets.line_category, price)),
        "notebook_value": _both(
            Contributions(
                np.concatenate([line_session, baskets.session]),
                np.concatenate([baskets.line_category, np.full(baskets.size, NO_CATEGORY, dtype=np.int8)]),
                np.concatenate([price, order_rows]),
            )
        ),
    }


def segment_keys(sessions: Sessions, panel: Panel, part: Contributions) -> dict[str, NDArray[np.int64]]:
    """Index of each contribution's segment, by segment type."""
    user = sessions.user[part.session]
    return {
        "all": np.zeros(len(user), dtype=np.int64),
        "city": sessions.city[part.session].astype(np.int64),
        "category": part.category.astype(np.int64),
        "gender": panel.gender[user].astype(np.int64),
        "age_group": panel.age_group[user].astype(np.int64),
    }


def cell_sums(
    sessions: Sessions, panel: Panel, part: Contributions, counted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Sum of the weights of the sessions that are counted, by cell; shape CELLS."""
    keys = segment_keys(sessions, panel, part)
    own = sessions.category[part.session].astype(np.int64)
    order = (keys["city"], keys["gender"], keys["age_group"], own, keys["category"])
    cell = np.ravel_multi_index(order, CELLS)
    return (
        np.bincount(cell, part.weight * counted[part.session], int(np.prod(CELLS)))
        .astype(np.float64)
        .reshape(CELLS)
    )


def _order_rows(baskets: Baskets) -> NDArray[np.int64]:
    """Sum of `value` on the checkout and confirmation rows of each basket."""
    checkouts = (baskets.checkouts > 0) * baskets.checkout + (baskets.checkouts > 1) * baskets.first_checkout
    return checkouts + baskets.confirmations * baskets.confirmation


def _count(session: NDArray[np.int64]) -> Contributions:
    """One for each of the given sessions (or orders, by session)."""
    return Contributions(session, np.full(len(session), NO_CATEGORY, dtype=np.int8), np.ones(len(session)))


def _distinct(
    unit: NDArray[np.int64], session: NDArray[np.int64], category: NDArray[np.int8] | None = None
) -> Contributions:
    """One for each distinct unit, or unit and category. All sessions of a unit share its day and user."""
    own = np.full(len(unit), NO_CATEGORY, dtype=np.int8) if category is None else category
    _, first = np.unique(unit * (NO_CATEGORY + 1) + own, return_index=True)
    return Contributions(session[first], own[first], np.ones(len(first)))


def _both(part: Contributions) -> tuple[Contributions, Contributions]:
    return part, part
