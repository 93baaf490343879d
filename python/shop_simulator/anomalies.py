"""Random incidents of every kind, lever and scope: what an anomaly detector has to find."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import numpy as np

from shop_simulator.effects import Effect, Kind, Lever
from shop_simulator.panel import AGE_GROUPS, CITIES
from shop_simulator.schema import CATEGORIES, GENDERS

INCIDENTS_A_YEAR: Final = {"none": 0.0, "standard": 4.0, "dense": 9.0}

#: Kind: (shortest, longest) in days, and the ranges of its factor, one of which is drawn.
SHAPES: Final[dict[Kind, tuple[tuple[int, int], tuple[tuple[float, float], ...]]]] = {
    "spike": ((1, 1), ((1.4, 3.0),)),
    "dip": ((1, 1), ((0.2, 0.65),)),
    "outage": ((2, 7), ((0.02, 0.4),)),
    "drift": ((25, 50), ((0.5, 0.75), (1.3, 1.8))),
    "level_shift": ((21, 60), ((0.55, 0.8), (1.25, 1.7))),
}
#: Scopes and how often each is drawn.
SCOPES: Final = {
    "all": 0.3,
    "city": 0.25,
    "category": 0.2,
    "gender": 0.05,
    "age_group": 0.05,
    "city x category": 0.15,
}
LEVERS: Final[tuple[Lever, ...]] = ("traffic", "cart", "payment", "price")
#: A share cannot grow past 1: cart starts near 0.4 and payment near 0.53.
HIGHEST: Final[dict[Lever, float]] = {"traffic": 3.0, "cart": 1.9, "payment": 1.6, "price": 3.0}
#: Days kept free of incidents at the start of a log, and between two incidents that may meet.
QUIET_START, QUIET_GAP = 7, 7


def draw_incidents(start: date, end: date, a_year: float, rng: np.random.Generator) -> Iterator[Effect]:
    """Draws incidents that do not overlap in time where their scopes meet.

    Kinds come in turn, so that a long log has all of them; scope, lever, size and dates are random.
    """
    days = (end - start).days + 1
    count = round(a_year * days / 365)
    taken: list[Effect] = []
    for number in range(count):
        kind = list(SHAPES)[number % len(SHAPES)]
        for _ in range(100):
            incident = _draw(f"incident {number + 1}", kind, start, days, rng)
            if incident is not None and not any(_collide(incident, other) for other in taken):
                taken.append(incident)
                break
    yield from sorted(taken, key=lambda incident: incident.start)


def _draw(name: str, kind: Kind, start: date, days: int, rng: np.random.Generator) -> Effect | None:
    """One random incident, or None when it does not fit into the log."""
    (shortest, longest), ranges = SHAPES[kind]
    length = int(rng.integers(shortest, longest + 1))
    scope = str(rng.choice(list(SCOPES), p=list(SCOPES.values())))
    # payment is one for all goods, and prices do not break down
    senseless = {"payment" if "category" in scope else "", "price" if kind == "outage" else ""}
    levers = [lever for lever in LEVERS if lever not in senseless]
    lever = levers[rng.integers(len(levers))]
    low, high = ranges[rng.integers(len(ranges))]
    # a narrow scope needs a strong effect to be seen at all
    factor = float(rng.uniform(low, high)) ** (1.0 if scope in ("all", "gender") else 1.3)
    city = _city(rng)
    category = CATEGORIES[rng.integers(len(CATEGORIES))]
    gender = GENDERS[rng.integers(len(GENDERS))]
    age_group = AGE_GROUPS[rng.integers(3, 8)]
    latest = days - length - 1
    if latest <= QUIET_START:
        return None
    first = start + timedelta(days=int(rng.integers(QUIET_START, latest)))
    return Effect(
        name=name,
        kind=kind,
        lever=lever,
        start=first,
        end=first + timedelta(days=length - 1),
        factor=round(min(factor, HIGHEST[lever]), 3),
        cities=(city,) if "city" in scope else (),
        categories=(category,) if "category" in scope else (),
        genders=(gender,) if scope == "gender" else (),
        age_groups=(age_group,) if scope == "age_group" else (),
    )


def _city(rng: np.random.Generator) -> str:
    """A city among the ten largest, larger ones more often."""
    names = list(CITIES)[:10]
    shares = np.array([CITIES[name][0] for name in names])
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def _collide(one: Effect, other: Effect) -> bool:
    """Whether two incidents come close in time and could touch the same sessions."""
    gap = timedelta(days=QUIET_GAP)
    if one.end + gap < other.start or other.end + gap < one.start:
        return False
    pairs = ((one.cities, other.cities), (one.categories, other.categories))
    return all(not mine or not theirs or set(mine) & set(theirs) for mine, theirs in pairs)
