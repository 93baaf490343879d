"""From sessions and baskets to events: every row of the log before it is written."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shop_simulator.basket import Baskets
from shop_simulator.clock import Diary
from shop_simulator.schema import ACTIONS, CATEGORIES
from shop_simulator.shop import Sessions, Shop

MAINPAGE, CATEGORY, SEARCH, PRODUCT, CART, CHECKOUT, CONFIRMATION = range(len(ACTIONS))
NO_CATEGORY: Final = len(CATEGORIES)

#: Browsing events of a session, and what the first and the following ones are.
BROWSES_PER_SESSION: Final = 4.05
ENTRY: Final = np.array([0.35, 0.30, 0.25, 0.10])
NEXT: Final = np.array([0.04, 0.21, 0.39, 0.36])
#: Share of browsing events that come between checkout and confirmation, or after the order.
AFTER_CHECKOUT, AFTER_CONFIRMATION = 0.03, 0.05
#: Seconds between events; now and then the user takes a longer pause.
PAUSE, LONG_PAUSE, LONG_PAUSE_SHARE = 22.0, 240.0, 0.03
#: Traps: a browsing event in the same second as the event that follows; an order row that names a category.
SAME_SECOND, NAMED_ORDER_ROW = 0.0006, 0.02

#: Position of events inside a session: baskets one after another; lines, then checkouts, then confirmations.
_BASKET, _CHECKOUTS, _CONFIRMATIONS = 4096, 2000, 3000


@dataclass(frozen=True)
class Rows:
    """Log rows. `time` and `written` are seconds since 1970-01-01 on the log's clock; value in micro-roubles.

    `attributes` indexes the text of age, gender and city (see write.attribute_texts).
    """

    user: NDArray[np.int32]
    session: NDArray[np.int64]
    time: NDArray[np.int64]
    action: NDArray[np.int8]
    value: NDArray[np.int64]
    category: NDArray[np.int8]
    attributes: NDArray[np.int32]
    written: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.user)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> Rows:
        """The rows at `index`, in that order."""
        return Rows(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


def concatenate(parts: list[Rows]) -> Rows:
    """All rows of the parts, in order."""
    return Rows(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Rows)})


def draw_events(
    shop: Shop, sessions: Sessions, baskets: Baskets, diary: Diary, rng: np.random.Generator
) -> Rows:
    """Events of the sessions, by session and time; nothing is late or doubled yet."""
    owner, action, value, category = _draw_steps(sessions, baskets, rng)
    gaps = _draw_gaps(owner, action, rng)
    ordered = np.bincount(baskets.session, baskets.confirmations, len(sessions.day)) > 0
    number, start, elapsed = diary.enter(shop, sessions, owner, gaps, ordered, rng)
    time = start[owner] + elapsed
    user = sessions.user[owner]
    moved = sessions.city[owner] != shop.panel.city[user]
    return Rows(
        user=user,
        session=number[owner],
        time=time,
        action=action,
        value=value,
        category=category,
        attributes=(user + shop.panel.size * moved).astype(np.int32),
        written=time,
    )


def _draw_steps(
    sessions: Sessions, baskets: Baskets, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int64], NDArray[np.int8]]:
    """Session, action, value and category of each event, by session and in order of its events."""
    size = len(sessions.day)
    session_lines = np.bincount(baskets.session[baskets.line_basket], minlength=size)
    browse, browse_place, browse_action = _draw_browsing(size, session_lines, rng)
    browse_category = np.where(browse_action == MAINPAGE, NO_CATEGORY, sessions.category[browse])

    line_number = _number_within(baskets.line_basket)
    line_place = 2 * line_number + 1 + _BASKET * baskets.is_second[baskets.line_basket]
    checkout, try_number = _repeat(baskets.checkouts)
    checkout_value = np.where(
        try_number == baskets.checkouts[checkout] - 1,
        baskets.checkout[checkout],
        baskets.first_checkout[checkout],
    )
    confirmation, reload_number = _repeat(baskets.confirmations)

    basket = np.concatenate([baskets.line_basket, checkout, confirmation])
    order_category = np.where(
        rng.random(len(checkout) + len(confirmation)) < NAMED_ORDER_ROW,
        sessions.category[baskets.session[np.concatenate([checkout, confirmation])]],
        NO_CATEGORY,
    )
    owner = np.concatenate([browse, baskets.session[basket]])
    place = np.concatenate(
        [
            browse_place,
            line_place,
            _CHECKOUTS + try_number + _BASKET * baskets.is_second[checkout],
            _CONFIRMATIONS + reload_number + _BASKET * baskets.is_second[confirmation],
        ]
    )
    action = np.concatenate(
        [
            browse_action,
            np.repeat([CART, CHECKOUT, CONFIRMATION], [len(line_number), len(checkout), len(confirmation)]),
        ]
    ).astype(np.int8)
    value = np.concatenate(
        [
            np.zeros(len(browse), dtype=np.int64),
            baskets.line_price,
            checkout_value,
            baskets.confirmation[confirmation],
        ]
    )
    category = np.concatenate([browse_category, baskets.line_category, order_category]).astype(np.int8)
    order = np.argsort(owner * (2 * _BASKET) + place, kind="stable")
    return owner[order], action[order], value[order], category[order]


def _draw_browsing(
    size: int, lines: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]:
    """Session, place and action of browsing events: the entry, the rest before, between and after lines."""
    owner, number = _repeat(rng.geometric(1 / BROWSES_PER_SESSION, size))
    place = 2 * rng.integers(0, lines[owner] + 1)
    point = rng.random(len(owner))
    place[point < AFTER_CHECKOUT] = _CONFIRMATIONS - 1
    place[point > 1 - AFTER_CONFIRMATION] = _BASKET - 1
    place[number == 0] = -1
    point = rng.random(len(owner))
    entry, following = np.searchsorted(np.cumsum(ENTRY), point), np.searchsorted(np.cumsum(NEXT), point)
    return owner, place, np.minimum(np.where(number == 0, entry, following), PRODUCT).astype(np.int8)


def _draw_gaps(
    owner: NDArray[np.int64], action: NDArray[np.int8], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Seconds since the session's event before; 0 for its first event and for planted pairs."""
    mean = np.where(rng.random(len(owner)) < LONG_PAUSE_SHARE, LONG_PAUSE, PAUSE)
    gaps = 1 + np.floor(rng.exponential(mean)).astype(np.int64)
    follows = np.zeros(len(owner), dtype=bool)
    follows[1:] = owner[1:] == owner[:-1]
    pair = np.zeros(len(owner), dtype=bool)
    pair[1:] = follows[1:] & (action[:-1] < CART) & (action[1:] != action[:-1])
    pair &= rng.random(len(owner)) < SAME_SECOND
    gaps[~follows | pair] = 0
    return gaps


def _repeat(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For things that happen `counts` times: index of the thing, and number of the time (from 0)."""
    index = np.repeat(np.arange(len(counts)), counts)
    return index, _number_within(index)


def _number_within(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Position of each entry inside its run of equal, adjacent values."""
    if not len(group):
        return np.empty(0, dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    return np.arange(len(group)) - np.repeat(starts, np.diff(np.r_[starts, len(group)]))
