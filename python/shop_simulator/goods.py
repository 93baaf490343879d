"""The goods: what share of value each category has, how dear it is, and who likes it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Published value of each category, in the order of CATEGORIES.
CATEGORY_VALUE: Final = np.array(
    [2_478_388_072, 2_356_421_105, 2_343_254_039, 2_142_767_404, 2_120_826_494, 2_112_155_762], dtype=float
)
#: Women's share of the value of lines. Of all value it is the published 57.8 %: women buy cheaper goods, and
#: cheap baskets are checked out more often, whose value counts too.
WOMEN_VALUE: Final = 0.572

#: How dear a category's goods are, relative; dearer goods are put into carts less often.
DEARNESS: Final = np.array([0.9, 0.75, 1.0, 1.7, 1.3, 0.6])
LINE_SHARE: Final = CATEGORY_VALUE / DEARNESS / (CATEGORY_VALUE / DEARNESS).sum()
#: How much more than average women choose each category; men's shares make up for it.
WOMEN_LEAN: Final = np.array([1.15, 1.25, 1.15, 0.75, 0.6, 1.0])
_WOMEN_LINES: Final = LINE_SHARE * WOMEN_LEAN / (LINE_SHARE * WOMEN_LEAN).sum()
#: Share of users who are women; their lines are a little cheaper than men's.
WOMEN: Final = WOMEN_VALUE * (LINE_SHARE @ DEARNESS) / (_WOMEN_LINES @ DEARNESS)


def gender_taste() -> NDArray[np.float64]:
    """Shares of categories in the lines of each gender (rows Ж, М); over all users they make LINE_SHARE."""
    return np.stack([_WOMEN_LINES, (LINE_SHARE - WOMEN * _WOMEN_LINES) / (1 - WOMEN)])
