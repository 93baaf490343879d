"""Holidays and promotions: days known in advance to be special, with effects of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from business_telemetry.anomalies.panel import Bools, Floats, Ints, Panel


@dataclass(frozen=True)
class Special:
    """Days that share one effect in the series of `rows` (S flags)."""

    rows: Bools
    days: Ints


def special_days(panel: Panel) -> list[Special]:
    """The calendar's days grouped by name and scope."""
    known: dict[tuple[str, tuple[int, ...] | None], list[int]] = {}
    for entry in panel.calendar:
        index = (
            int((entry.day - panel.dates[0]).astype("timedelta64[D]").astype(int)) if len(panel.dates) else -1
        )
        if 0 <= index < len(panel.dates):
            known.setdefault((entry.name, entry.scope), []).append(index)
    groups = []
    for (_, scope), days in known.items():
        rows = np.full(len(panel.y), scope is None)
        rows[list(scope or ())] = True
        groups.append(Special(rows, np.array(sorted(set(days)))))
    return groups


def spread_special(effects: Floats, specials: list[Special], rows: Ints, panel: Panel) -> Floats:
    """R × T log effects from R × G (or 1 × G) sizes, for those of `rows` that are in a group's scope."""
    spread = np.zeros((len(rows), len(panel.dates)))
    for index, group in enumerate(specials):
        spread[:, group.days] += (group.rows[rows] * effects[:, index])[:, None]
    return spread


def special_effects(change: Floats, weight: Floats, specials: list[Special], prior: float) -> Floats:
    """R × G log effects of special days, shrunk towards none."""
    sizes = np.zeros((len(change), len(specials)))
    for index, group in enumerate(specials):
        known = weight[:, group.days]
        sizes[:, index] = (known * change[:, group.days]).sum(1) / (known.sum(1) + prior**-2.0)
    return sizes
