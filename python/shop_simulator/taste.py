"""Who likes what: each user's shares of the six categories, by gender."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shop_simulator.effects import Effect
from shop_simulator.goods import gender_taste
from shop_simulator.panel import Panel


def user_taste(panel: Panel) -> NDArray[np.float64]:
    """Shares of categories of each user; shape (users, 6), rows sum to 1."""
    return gender_taste()[panel.gender]


def session_categories(
    panel: Panel,
    taste: NDArray[np.float64],
    effects: list[Effect],
    user: NDArray[np.int32],
    city: NDArray[np.int16],
    day: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """Category of each session: drawn from the user's taste, as changed by traffic effects on categories."""
    weight = taste[user]
    for effect in effects:
        if effect.categories:
            factor = np.where(effect.has_user(panel, user, city), effect.factor_on(day), 1.0)
            weight = weight * np.where(effect.category_mask(), factor[:, None], 1.0)
    return draw_rows(weight, rng)


def draw_rows(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int8]:
    """Draws one column of each row, in proportion to the row's weights."""
    edges = np.cumsum(weight, axis=1)
    point = rng.random(len(weight)) * edges[:, -1]
    passed: NDArray[np.int8] = (point[:, None] >= edges[:, :-1]).sum(axis=1, dtype=np.int8)
    return passed
