"""Baskets: what a session puts into the cart, and whether it checks out and confirms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from shop_simulator.effects import Lever, active
from shop_simulator.goods import DEARNESS, LINE_SHARE
from shop_simulator.panel import Panel
from shop_simulator.taste import draw_rows, user_taste

if TYPE_CHECKING:
    from shop_simulator.config import ConfirmationValue
    from shop_simulator.shop import Sessions, Shop

MICRO: Final = 1_000_000
#: Share of sessions with a cart, lines per cart, and mean line price in roubles outside the seasons.
CART_SHARE: Final = 0.386
LINES_PER_CART: Final = 2.0
LINE_PRICE: Final = 12_650.0
PRICE_SIGMA: Final = 1.15
#: A line is in the session's own category with this chance, else in any that the user likes.
SAME_CATEGORY: Final = 0.7
#: Small baskets are paid, large ones are abandoned: P(checkout) = 1 / (1 + (total / middle) ** steepness).
#: The pair depends on what confirmations hold, so that rows without category keep 12.8 % of all value.
CHECKOUT_CURVE: Final = {"checkout": (9_500.0, 3.5), "own": (9_500.0, 3.45), "zero": (8_700.0, 1.54)}
CONFIRM_SHARE: Final = 0.525
#: A checkout is the basket rounded up to ten roubles, sometimes less a discount, plus delivery.
DELIVERY: Final = np.array([0, 190, 290, 390, 490, 590])
DISCOUNTED: Final = 0.08
#: Shares of the traps among the baskets that can hold them.
RETRIED, RELOADED, SECOND_ORDER, LINELESS, NO_CHECKOUT, VALUELESS = 0.08, 0.05, 0.08, 0.01, 0.01, 0.02


@dataclass(frozen=True)
class Baskets:
    """The baskets of some sessions, and their lines. Money in micro-roubles (int64).

    A basket has 0 to 2 checkouts and 0 to 2 confirmations. `checkout` is the value of the last checkout and
    `first_checkout` that of the one before a retry; both exist even where `checkouts` is 0.
    """

    session: NDArray[np.int64]
    is_second: NDArray[np.bool_]
    checkouts: NDArray[np.int64]
    confirmations: NDArray[np.int64]
    first_checkout: NDArray[np.int64]
    checkout: NDArray[np.int64]
    confirmation: NDArray[np.int64]
    line_basket: NDArray[np.int64]
    line_category: NDArray[np.int8]
    line_price: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of baskets."""
        return len(self.session)

    @property
    def lines_total(self) -> NDArray[np.int64]:
        """Sum of the line prices of each basket."""
        return sum_by(self.line_basket, self.line_price, self.size)

    @property
    def order_value(self) -> NDArray[np.int64]:
        """The confirmation's value, else the last checkout's, else the lines' sum; 0 where not confirmed."""
        fallback = np.where(self.checkouts > 0, self.checkout, self.lines_total)
        value = np.where(self.confirmation > 0, self.confirmation, fallback)
        return np.where(self.confirmations > 0, value, 0)


def draw_baskets(shop: Shop, sessions: Sessions, rng: np.random.Generator) -> Baskets:
    """Draws the baskets of the sessions; a few sessions with an order go on to a second basket."""
    everyone = np.arange(len(sessions.day))
    chance = CART_SHARE * _factor("cart", shop, sessions, everyone, sessions.category)
    carted = np.flatnonzero(rng.random(len(everyone)) < chance)
    first = _draw(carted, False, shop, sessions, rng)
    ordered = first.session[(first.checkouts > 0) & (first.confirmations > 0)]
    again = ordered[rng.random(len(ordered)) < SECOND_ORDER]
    second = _draw(again, True, shop, sessions, rng)
    return _join(first, second)


def _draw(
    session: NDArray[np.int64], is_second: bool, shop: Shop, sessions: Sessions, rng: np.random.Generator
) -> Baskets:
    """One basket for each of the given sessions."""
    size = len(session)
    basket = np.repeat(np.arange(size), rng.geometric(1 / LINES_PER_CART, size))
    category, base = _draw_lines(session[basket], sessions, shop.panel, rng)
    total = np.bincount(basket, base, size)
    middle, steepness = CHECKOUT_CURVE[shop.config.confirmation_value]
    checked_out = rng.random(size) < 1 / (1 + (total / middle) ** steepness)
    pay = CONFIRM_SHARE * _factor("payment", shop, sessions, session, sessions.category[session])
    confirmed = checked_out & (rng.random(size) < pay)

    base *= _factor("price", shop, sessions, session[basket], category)
    price = np.maximum(np.rint(base * MICRO), MICRO).astype(np.int64)
    checkout = _checkout_value(sum_by(basket, price, size), rng)
    retry_cheaper = np.where(rng.random(size) < 0.3, 100 * MICRO, 0)
    no_checkout = confirmed & (rng.random(size) < NO_CHECKOUT) & (not is_second)
    lineless = checked_out & ~no_checkout & (rng.random(size) < LINELESS)
    with_lines = ~lineless[basket]
    return Baskets(
        session=session,
        is_second=np.full(size, is_second),
        checkouts=(checked_out & ~no_checkout) * (1 + (rng.random(size) < RETRIED)),
        confirmations=confirmed * (1 + (rng.random(size) < RELOADED)),
        first_checkout=checkout + retry_cheaper,
        checkout=checkout,
        confirmation=_confirmation_value(checkout, ~no_checkout, shop.config.confirmation_value, rng),
        line_basket=basket[with_lines],
        line_category=category[with_lines],
        line_price=price[with_lines],
    )


def _draw_lines(
    session: NDArray[np.int64], sessions: Sessions, panel: Panel, rng: np.random.Generator
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Category and price (roubles, before any effect) of a line for each of the given sessions."""
    liked = draw_rows(user_taste(panel)[sessions.user[session]], rng)
    category = np.where(rng.random(len(session)) < SAME_CATEGORY, sessions.category[session], liked)
    mean = DEARNESS * LINE_PRICE / (LINE_SHARE @ DEARNESS)
    noise = np.exp(PRICE_SIGMA * rng.standard_normal(len(session)) - PRICE_SIGMA**2 / 2)
    return category, mean[category] * noise


def _checkout_value(total: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Value of a checkout for each basket total, both in micro-roubles."""
    tens = -(-total // (10 * MICRO))
    discount = np.where(rng.random(len(total)) < DISCOUNTED, rng.uniform(0.03, 0.15, len(total)), 0.0)
    roubles = 10 * np.ceil(tens * (1 - discount)).astype(np.int64) + rng.choice(DELIVERY, len(total))
    value: NDArray[np.int64] = roubles * MICRO
    return value


def _confirmation_value(
    checkout: NDArray[np.int64],
    has_checkout: NDArray[np.bool_],
    confirmation_value: ConfirmationValue,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Value on each confirmation row; now and then it is 0 although it should not be."""
    if confirmation_value == "zero":
        return np.zeros_like(checkout)
    value = checkout
    if confirmation_value == "own":
        points = np.where(rng.random(len(checkout)) < 0.3, rng.uniform(0.01, 0.1, len(checkout)), 0.0)
        value = np.ceil(checkout * (1 - points) / MICRO).astype(np.int64) * MICRO
    return np.where(has_checkout & (rng.random(len(checkout)) < VALUELESS), 0, value)


def _factor(
    lever: Lever, shop: Shop, sessions: Sessions, session: NDArray[np.int64], category: NDArray[np.int8]
) -> NDArray[np.float64]:
    """Product of a lever's effects for rows (sessions, baskets or lines) given by session and category."""
    product = np.ones(len(session))
    if not len(session):
        return product
    day, user, city = sessions.day[session], sessions.user[session], sessions.city[session]
    for effect in active(shop.effects, lever, int(day.min()), int(day.max())):
        inside = effect.has_user(shop.panel, user, city) & effect.category_mask()[category]
        product *= np.where(inside, effect.factor_on(day), 1.0)
    return product


def sum_by(key: NDArray[Any], money: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Sum of micro-roubles by key; shape (size,). Exact while each sum is below 2**53 (9 billion roubles)."""
    return np.bincount(key, money, size).astype(np.int64)


def _join(first: Baskets, second: Baskets) -> Baskets:
    """Both sets of baskets as one."""
    names = [name for name in Baskets.__dataclass_fields__ if name != "line_basket"]
    joined = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names}
    return Baskets(**joined, line_basket=np.concatenate([first.line_basket, second.line_basket + first.size]))
