"""Who likes what: each user's shares of the six categories, by gender."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from business_telemetry.generate.effects import Effect
from business_telemetry.generate.panel import WOMEN, Panel

#: Published share of value of each category, in the order of CATEGORIES.
CATEGORY_VALUE: Final = np.array(
    [2_478_388_072, 2_356_421_105, 2_343_254_039, 2_142_767_404, 2_120_826_494, 2_112_155_762], dtype=float
)
CATEGORY_SHARE: Final = CATEGORY_VALUE / CATEGORY_VALUE.sum()
#: How dear a category's goods are, relative; dearer goods are put into carts less often.
DEARNESS: Final = np.array([0.9, 0.75, 1.0, 1.7, 1.3, 0.6])
LINE_SHARE: Final = CATEGORY_SHARE / DEARNESS / (CATEGORY_SHARE / DEARNESS).sum()
#: How much more than average women choose each category; men's shares make up for it.
WOMEN_LEAN: Final = np.array([1.15, 1.25, 1.15, 0.75, 0.6, 1.0])


def gender_taste() -> NDArray[np.float64]:
    """Shares of categories by gender (rows Ж, М), whose mean over the panel is LINE_SHARE."""
    women = LINE_SHARE * WOMEN_LEAN / (LINE_SHARE * WOMEN_LEAN).sum()
    men = (LINE_SHARE - WOMEN * women) / (1 - WOMEN)
    return np.stack([women, men])


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
    return (point[:, None] >= edges[:, :-1]).sum(axis=1).astype(np.int8)
