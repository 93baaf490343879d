"""The definitions of revenue, order and session once more, in plain Python, for tests to compare with.

Written from the definitions in models/docs, not from the SQL: one pass over the log, no shared code.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path

ACTIONS = ["mainpage", "category", "search", "product", "cart", "checkout", "confirmation"]
UNKNOWN = "Не определено"
MICRO = Decimal("0.000001")


@dataclass(frozen=True)
class Event:
    index: int
    user: str
    session: int
    stamp: datetime
    action: str
    value: Decimal
    category: str
    age: int | None
    gender: str
    city: str

    @property
    def rank(self) -> int:
        return ACTIONS.index(self.action)


@dataclass
class Order:
    confirmation: Event
    value: Decimal
    lines: list[tuple[str, Decimal]]  # category and allocated revenue


@dataclass
class Totals:
    """Figures of one slice of the log."""

    revenue: Decimal = Decimal(0)
    cart_value: Decimal = Decimal(0)
    orders: set[int] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    buyers: set[str] = field(default_factory=set)
    sessions: set[tuple[str, int]] = field(default_factory=set)

    def figures(self) -> tuple[Decimal, Decimal, int, int, int, int]:
        counts = (len(self.orders), len(self.users), len(self.buyers), len(self.sessions))
        return (self.revenue, self.cart_value, *counts)


def read_events(log: Path) -> tuple[list[Event], int]:
    """The valid events of a log without quoted fields, and the number of its rows."""
    rows = [line for line in log.read_bytes().split(b"\n")[1:] if line.strip()]
    events = [event for event in map(parse, rows) if event]
    return events, len(rows)


def parse(line: bytes) -> Event | None:
    """A line as an event; None when the contract of the source rejects it."""
    try:
        cells = line.decode("utf-8").rstrip("\r").split(",")
        index, user, session, stamp, action, value, category, age, gender, city = cells
        event = Event(
            index=int(index),
            user=user,
            session=int(session),
            stamp=datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S"),
            action=action,
            value=Decimal(value).quantize(MICRO, ROUND_HALF_UP),
            category=category or UNKNOWN,
            age=int(age) if age else None,
            gender=gender,
            city=city or UNKNOWN,
        )
    except (ValueError, ArithmeticError):
        return None
    valid = (
        event.user.strip()
        and event.session >= 0
        and action in ACTIONS
        and gender in ("Ж", "М")
        and math.isfinite(event.value)
        and event.value >= 0
        and (event.age is None or 0 <= event.age <= 120)
    )
    return event if valid else None


def deduplicate(events: list[Event]) -> list[Event]:
    """One event per user and second: the deepest action, then the highest value, then the lowest index."""
    best: dict[tuple[str, datetime], Event] = {}
    for event in events:
        key = (event.user, event.stamp)
        rival = best.get(key)
        if rival is None or strength(event) > strength(rival):
            best[key] = event
    return list(best.values())


def strength(event: Event) -> tuple[int, Decimal, int]:
    return (event.rank, event.value, -event.index)


def by_session(events: list[Event]) -> dict[tuple[str, int], list[Event]]:
    """Each session's events in order."""
    sessions: dict[tuple[str, int], list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda e: (e.stamp, e.rank, e.index)):
        sessions[event.user, event.session].append(event)
    return sessions


def orders_of(session: list[Event]) -> list[Order]:
    """The orders of one session."""
    orders = []
    carts: list[Event] = []
    checkout: Event | None = None
    for event in session:
        if event.action == "cart":
            carts.append(event)
        elif event.action == "checkout":
            checkout = event
        elif event.action == "confirmation" and checkout:
            total = sum((cart.value for cart in carts), Decimal(0))
            value = event.value or checkout.value or total
            orders.append(Order(event, value, allocate(value, carts)))
            carts, checkout = [], None
    return orders


def allocate(value: Decimal, carts: list[Event]) -> list[tuple[str, Decimal]]:
    """The order's value over its lines in proportion to their prices; the dearest takes the rest."""
    if not carts:
        return [(UNKNOWN, value)]
    total = sum((cart.value for cart in carts), Decimal(0))
    shares = [
        (value * cart.value / total).quantize(MICRO, ROUND_DOWN) if total else Decimal(0) for cart in carts
    ]
    dearest = max(range(len(carts)), key=lambda i: (carts[i].value, -i))
    shares[dearest] += value - sum(shares)
    return [(cart.category, share) for cart, share in zip(carts, shares, strict=True)]


def totals(events: list[Event]) -> dict[tuple[str, str], Totals]:
    """Figures of the whole log, and by category, city and month, keyed by (dimension, member)."""
    result: dict[tuple[str, str], Totals] = defaultdict(Totals)
    for key, session in by_session(events).items():
        for event in session:
            for part in slices(result, event, event.category):
                part.users.add(event.user)
                part.sessions.add(key)
                part.cart_value += event.value if event.action == "cart" else 0
        for order in orders_of(session):
            for category, revenue in order.lines:
                for part in slices(result, order.confirmation, category):
                    part.revenue += revenue
                    part.orders.add(id(order.confirmation))
                    part.users.add(order.confirmation.user)
                    part.buyers.add(order.confirmation.user)
                    part.sessions.add(key)
    return result


def slices(result: dict[tuple[str, str], Totals], event: Event, category: str) -> list[Totals]:
    month = event.stamp.strftime("%Y-%m-01")
    return [
        result["all", ""],
        result["category", category],
        result["city", event.city],
        result["month", month],
    ]
