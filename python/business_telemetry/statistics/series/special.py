"""Holidays and promotions: days known in advance to be special, with effects of their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from business_telemetry.statistics.series.panel import Floats, Ints, Panel


@dataclass(frozen=True)
class Special:
    """G groups of days that share one effect: their days (G × T) and the series concerned (S × G), 0 or 1."""

    days: Floats
    scope: Floats

    @cached_property
    def on(self) -> Ints:
        """The D days that are in a group."""
        return np.flatnonzero(self.days.any(0))

    @cached_property
    def of(self) -> Floats:
        """G × D: which of these days are in which group."""
        return self.days[:, self.on]

    def effects(self, change: Floats, weight: Floats, prior: float) -> Floats:
        """R × G log effects, shrunk towards none, from R × D changes of the days `on` and weights."""
        sizes: Floats = (weight * change) @ self.of.T / (weight @ self.of.T + prior**-2.0)
        return sizes

    def spread(self, effects: Floats, rows: Ints) -> Floats:
        """R × T log effects from R × G (or 1 × G) sizes, for those of `rows` that are in a group's scope."""
        log_effect = np.zeros((len(rows), self.days.shape[1]))
        log_effect[:, self.on] = (effects * self.scope[rows]) @ self.of
        return log_effect

    def doubt(self, size: float, known: float) -> Floats:
        """S × T doubts about an effect of its days: `size` where it was seen on few of them.

        An offer of every second week is no surprise: how its days differ is the noise of the series already.
        """
        variance = size**2 * known / (known + self.days.sum(1))
        doubts: Floats = np.sqrt(self.scope @ (variance[:, None] * self.days))
        return doubts


def special_days(panel: Panel) -> Special:
    """The calendar's days within the panel, grouped by name and scope."""
    dates = panel.dates
    known = [entry for entry in panel.calendar if entry.day in dates]
    groups = list(dict.fromkeys((entry.name, entry.scope) for entry in known))
    days, scope = np.zeros((len(groups), len(dates))), np.zeros((len(panel.y), len(groups)))
    for entry in known:
        group = groups.index((entry.name, entry.scope))
        days[group, dates == entry.day] = 1.0
        scope[slice(None) if entry.scope is None else list(entry.scope), group] = 1.0
    return Special(days, scope)
