"""How strongly an effect moves each daily series, and so what a detector can be asked to find in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from shop_simulator.calendar import WEEKDAYS
from shop_simulator.contributions import COUNTS, MONEY, SEGMENT_TYPES
from shop_simulator.effects import Effect, Lever, epoch_day
from shop_simulator.panel import AGE_GROUPS, CITY_NAMES
from shop_simulator.schema import CATEGORIES, GENDERS
from shop_simulator.shop import MOST_ACTIVE, SESSIONS_PER_ACTIVE, Shop

if TYPE_CHECKING:
    import pandas as pd

Series = dict[str, NDArray[np.float64]]
#: By metric: sums of its contributions by cell, for all segments but categories and for categories.
Cells = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]

#: Metrics that a lever moves. Payment moves notebook_value too, by a few per cent, which is left out.
MOVES: Final[dict[Lever, tuple[str, ...]]] = {
    "traffic": (*COUNTS, *MONEY),
    "cart": ("orders", "buyers", *MONEY),
    "payment": ("orders", "buyers", "revenue"),
    "price": MONEY,
}
#: Ratio -> its numerator and denominator.
RATIOS: Final = {"conversion": ("orders", "sessions"), "average_order_value": ("revenue", "orders")}
#: Axis of a cell array (contributions.CELLS) by segment type; the fourth axis is the session's category.
AXES: Final = {"city": 0, "gender": 1, "age_group": 2, "category": 4}
SMALLEST_LABEL: Final = 0.005
#: Mean delivery as a share of the mean order.
DELIVERY_SHARE: Final = 0.06


def multipliers(
    effects: Sequence[Effect], cells: Cells, days: NDArray[np.int64], shop: Shop, weekdays: bool = False
) -> Series:
    """Factor of the effects together on each metric, ratios included; arrays (segments, days).

    An effect that covers a share s of a series' usual total multiplies the series by 1 + s x (factor - 1).
    """
    week = WEEKDAYS[(days + date(1970, 1, 1).weekday()) % 7] if weekdays else np.ones(len(days))
    result = {}
    for metric, sums in cells.items():
        rows = sum(len(part) for part in _by_segment(sums))
        result[metric] = np.repeat(week[None, :], rows, axis=0)
        for effect in effects:
            if metric in MOVES[effect.lever]:
                result[metric] *= _multiplier(effect, metric, sums, days, shop)
    for ratio, (numerator, denominator) in RATIOS.items():
        result[ratio] = divide(result[numerator], result[denominator])
    return result


def label_frame(
    shop: Shop,
    cells: Cells,
    days: NDArray[np.int64],
    expected: Series,
    sigma: Series,
    segments: Sequence[tuple[str, str]],
) -> pd.DataFrame:
    """One row per incident, metric and segment that the incident moves by at least half a per cent.

    Columns: incident, kind, lever, metric, segment_type, segment, start, end, sign (1 or -1), size (largest
    relative change), day_z (median shift of its days in standard deviations), snr (shift summed over its days
    in standard deviations of that sum).
    """
    import pandas as pd

    rows = []
    for incident in shop.incidents:
        start, end = epoch_day(incident.start) - days[0], epoch_day(incident.end) - days[0]
        inside = slice(max(start, 0), end + 1)
        alone = multipliers([incident], cells, days[inside], shop)
        for metric, factor in alone.items():
            change = factor - 1
            shift = change * expected[metric][:, inside]
            noise = sigma[metric][:, inside]
            size = np.take_along_axis(change, np.abs(change).argmax(axis=1)[:, None], axis=1)[:, 0]
            day_z = np.median(divide(np.abs(shift), noise), axis=1)
            snr = divide(np.abs(shift.sum(axis=1)), np.sqrt((noise**2).sum(axis=1)))
            for row in np.flatnonzero(np.abs(size) >= SMALLEST_LABEL):
                rows.append(
                    {
                        "incident": incident.name,
                        "kind": incident.kind,
                        "lever": incident.lever,
                        "metric": metric,
                        "segment_type": segments[int(row)][0],
                        "segment": segments[int(row)][1],
                        "start": incident.start,
                        "end": incident.end,
                        "sign": int(np.sign(size[row])),
                        "size": size[row],
                        "day_z": day_z[row],
                        "snr": snr[row],
                    }
                )
    return pd.DataFrame(rows, columns=LABEL_COLUMNS)


LABEL_COLUMNS: Final = (
    *("incident", "kind", "lever", "metric", "segment_type", "segment"),
    *("start", "end", "sign", "size", "day_z", "snr"),
)


def _multiplier(
    effect: Effect,
    metric: str,
    sums: tuple[NDArray[np.float64], NDArray[np.float64]],
    days: NDArray[np.int64],
    shop: Shop,
) -> NDArray[np.float64]:
    """Factor of one effect on a metric; shape (segments, days)."""
    inside = _scope(effect)
    covered = _by_segment((sums[0] * inside, sums[1] * inside))
    blocks = []
    for kind, part, total in zip(SEGMENT_TYPES, covered, _by_segment(sums), strict=True):
        share = divide(part, total, empty=0.0)[:, None]
        blocks.append(1 + share * (_response(effect, metric, kind, days, shop) - 1))
    return np.concatenate(blocks)


def _response(
    effect: Effect, metric: str, segment_type: str, days: NDArray[np.int64], shop: Shop
) -> NDArray[np.float64]:
    """Factor on a metric inside the effect's scope; shape (days,).

    Users saturate, since nobody is active twice a day; in single categories there is room to grow. Delivery,
    a part of each order, keeps its price.
    """
    factor = effect.factor_on(days)
    if metric == "revenue" and effect.lever == "price":
        factor = factor + DELIVERY_SHARE * (1 - factor)
    if metric == "users" and not effect.categories and segment_type != "category":
        usual = shop.config.sessions / shop.config.days / shop.panel.size / SESSIONS_PER_ACTIVE
        usual = min(usual, MOST_ACTIVE)
        factor = np.minimum(factor * usual, MOST_ACTIVE) / usual
    return factor


def _scope(effect: Effect) -> NDArray[np.float64]:
    """1 for each cell in scope; shape broadcasts to contributions.CELLS."""

    def mask(names: tuple[str, ...], known: tuple[str, ...]) -> NDArray[np.float64]:
        return np.array([not names or name in names for name in known], dtype=float)

    city = mask(effect.cities, CITY_NAMES)[:, None, None, None, None]
    gender = mask(effect.genders, GENDERS)[:, None, None, None]
    age_group = mask(effect.age_groups, AGE_GROUPS)[:, None, None]
    if effect.lever == "price":
        category = mask(effect.categories, (*CATEGORIES, ""))
    else:
        category = mask(effect.categories, CATEGORIES)[:, None]
    return city * gender * age_group * category


def _by_segment(sums: tuple[NDArray[np.float64], NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Cell sums by segment, a block for each segment type."""
    blocks = []
    for kind in SEGMENT_TYPES:
        cells = sums[kind == "category"]
        others = tuple(axis for axis in range(cells.ndim) if axis != AXES.get(kind))
        blocks.append(np.atleast_1d(cells.sum(axis=others)))
    return blocks


def divide(
    top: NDArray[np.float64], bottom: NDArray[np.float64], empty: float = np.nan
) -> NDArray[np.float64]:
    """Quotient, and `empty` where the divisor is 0."""
    quotient = np.full(np.broadcast_shapes(top.shape, bottom.shape), empty)
    np.divide(top, bottom, out=quotient, where=bottom != 0)
    return quotient
