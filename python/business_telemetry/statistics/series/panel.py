"""What is scored: a panel of daily series that share one calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


YEAR_KNOWN_DAYS = 380


@dataclass(frozen=True)
class CalendarDay:
    """A day known in advance to be special (a row of the holidays or promotions seed).

    `name` ties the days that share one effect (the same holiday in other years, the days of one
    promotion); `scope` lists the series it concerns by index, None means all.
    """

    day: np.datetime64
    name: str
    scope: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Panel:
    """S series over T consecutive days.

    Attributes:
        dates: T days, datetime64[D], without gaps.
        metric: S metric names; series of one metric share season edges and a common noise level.
        y: S × T values; the numerator of a ratio. NaN = missing.
        n: S × T denominators of ratios, 1 elsewhere.
        parent: S row indices, -1 for a root; a parent precedes its children.
        money: S flags, true where y is a sum of amounts (skewed like a gamma variable, not a count).
        partial: T flags of days observed in part: never scored, never learned from.
        calendar: the known special days.
    """

    dates: NDArray[np.datetime64]
    metric: Sequence[str]
    y: Floats
    n: Floats
    parent: Ints
    money: Bools
    partial: Bools
    calendar: Sequence[CalendarDay] = field(default=())

    def __post_init__(self) -> None:
        series, days = self.y.shape
        if self.n.shape != self.y.shape or len(self.dates) != days or len(self.partial) != days:
            raise ValueError("y and n must be series × days, dates and partial must have one entry a day")
        if not len(self.metric) == len(self.parent) == len(self.money) == series:
            raise ValueError("metric, parent and money must have one entry a series")
        if days and np.any(np.diff(self.dates.astype(np.int64)) != 1):
            raise ValueError("dates must be consecutive days: fill absent ones with NaN")
        if np.any(self.parent >= np.arange(series)):
            raise ValueError("a parent series must precede its children")

    def as_of(self, day: np.datetime64) -> Panel:
        """The same panel as it was known at the end of `day`: later days are cut off, not hidden.

        The calendar keeps its future rows: it is published in advance.
        """
        keep = self.dates <= day
        return replace(
            self, dates=self.dates[keep], y=self.y[:, keep], n=self.n[:, keep], partial=self.partial[keep]
        )

    @cached_property
    def observed(self) -> Bools:
        """S × T: the value exists, the day is whole and a ratio has a denominator."""
        whole: Bools = np.isfinite(self.y) & (self.n > 0) & ~self.partial
        return whole

    @cached_property
    def knows_year(self) -> bool:
        """Whether a month's level can be told from a trend: the same month has been seen before."""
        seen = np.flatnonzero(self.observed.any(0))  # a forecast's days are still to come
        return len(seen) > 0 and int(seen[-1]) + 1 >= YEAR_KNOWN_DAYS

    @cached_property
    def is_ratio(self) -> Bools:
        """S flags: the series is y over a denominator."""
        ratio: Bools = np.any(self.n != 1, axis=1)
        return ratio

    @cached_property
    def power(self) -> Floats:
        """S × 1 exponents that make the values nearly normal."""
        return powers(self.money)[:, None]


def powers(money: Bools) -> Floats:
    """Exponents that make values nearly normal (see `noise.normal_score`): amounts, or counts."""
    return np.where(money, 1 / 3, 2 / 3)
