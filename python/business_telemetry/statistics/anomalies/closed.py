"""Days on which the shop is regularly closed: zeros that are no outage."""

from __future__ import annotations

import numpy as np

from business_telemetry.statistics.series.panel import Bools, Ints, Panel
from business_telemetry.statistics.series.special import special_days

NEAR = 4  # same weekdays before or after a day that tell whether it is usual
USUAL = 0.75  # share of them without anything
RARE = 0.15  # share of empty days among the other weekdays above which a series is merely thin
GAP = 4  # empty days on end that are an outage, whatever their weekdays


def closed_days(panel: Panel) -> Bools:
    """S × T: nothing happened, and nothing usually does on such a day.

    Most of the same weekdays before (or after) it are empty while other days are busy; or it is a known
    special day, and most of these are empty; or the parent is closed.
    """
    whole = np.isfinite(panel.y) & ~panel.partial
    empty = whole & (panel.y <= 0)
    closed = np.zeros(empty.shape, dtype=np.bool_)
    weekday = panel.dates.astype(np.int64) % 7
    scarce = empty.sum(1) <= (RARE + 2 / 7) * np.maximum(whole.sum(1), 1)
    special = special_days(panel)
    for row in np.flatnonzero((empty.sum(1) >= 2) & scarce):
        known = whole[row] & (special.scope[row] @ special.days > 0)
        closed[row] = on_weekdays(empty[row], whole[row], weekday) | on_known(empty[row], known)
    for row in np.flatnonzero(panel.parent >= 0):
        closed[row] |= empty[row] & closed[panel.parent[row]]
    return closed


def on_weekdays(empty: Bools, whole: Bools, weekday: Ints) -> Bools:
    """T flags: empty, and so are most of the nearest same weekdays on one side."""
    usual = np.zeros(len(empty), dtype=np.bool_)
    days_of = np.bincount(weekday[whole], minlength=7)
    empty_of = np.bincount(weekday[empty], minlength=7)
    share_of = empty_of / np.maximum(days_of, 1)
    for one in np.flatnonzero((days_of > NEAR) & (empty_of > NEAR)):
        others = np.flatnonzero(days_of)
        crowd = np.sort(share_of[others[others != one]])
        if not len(crowd) or crowd[: max(1, len(crowd) - 1)].max() > RARE:
            continue  # one more closed weekday is allowed for
        days = np.flatnonzero(whole & (weekday == one))
        counts, place = np.concatenate([[0], np.cumsum(empty[days])]), np.arange(len(days))
        for low, high in ((place - NEAR, place), (place + 1, place + 1 + NEAR)):
            inside = (low >= 0) & (high <= len(days))
            share = (counts[np.where(inside, high, 0)] - counts[np.where(inside, low, 0)]) / NEAR
            usual[days] |= inside & (share >= USUAL)
    return usual & empty & ~in_gap(empty)


def on_known(empty: Bools, special: Bools) -> Bools:
    """T flags: empty and known to be special, where at least two and most of such days are empty."""
    shut: Bools = empty & special
    return shut if shut.sum() >= max(2, special.sum() / 2) else np.zeros_like(shut)


def in_gap(empty: Bools) -> Bools:
    """T flags: inside GAP or more empty days on end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
    inside = np.zeros(len(empty), dtype=np.bool_)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        inside[start:end] = end - start >= GAP
    return inside
