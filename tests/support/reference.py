"""A generated log in plain Python, for tests to compare with: its events, its orders and totals."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import order_rules

ACTIONS = ["mainpage", "category", "search", "product", "cart", "checkout", "confirmation"]
UNKNOWN = order_rules.UNKNOWN
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
    """Rows that agree in everything are one event, the one of the lowest index."""
    unique: dict[tuple[object, ...], Event] = {}
    for event in sorted(events, key=lambda e: e.index):
        unique.setdefault(tuple(value for name, value in vars(event).items() if name != "index"), event)
    return list(unique.values())


def deduplicate_by_key(events: list[Event]) -> list[Event]:
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


def read_shop(events: list[Event]) -> order_rules.Shop:
    """The events by the rules of orders; they keep their indexes."""
    return order_rules.read(
        order_rules.Event(
            index=event.index,
            log="seed",
            user=event.user,
            session=str(event.session),
            at=event.stamp.replace(tzinfo=order_rules.ZONE),
            action=event.action,
            value=event.value,
            quantity=1,
            category=event.category,
            product="",
            order="",
            city=event.city,
            person=f"{event.age} {event.gender}",
        )
        for event in events
    )


def orders_of(events: list[Event]) -> list[Order]:
    """The orders of all sessions."""
    by_index = {event.index: event for event in events}
    return [
        Order(
            by_index[order.closing.index],
            order.value,
            [(line.category, line.revenue) for line in order.lines],
        )
        for order in read_shop(events).orders
    ]


def totals(events: list[Event]) -> dict[tuple[str, str], Totals]:
    """Figures of the whole log, and by category, city and month, keyed by (dimension, member)."""
    result: dict[tuple[str, str], Totals] = defaultdict(Totals)
    for key, session in by_session(events).items():
        for event in session:
            for part in slices(result, event, event.category):
                part.users.add(event.user)
                part.sessions.add(key)
                part.cart_value += event.value if event.action == "cart" else 0
    for order in orders_of(events):
        for category, revenue in order.lines:
            for part in slices(result, order.confirmation, category):
                part.revenue += revenue
                part.orders.add(id(order.confirmation))
                part.users.add(order.confirmation.user)
                part.buyers.add(order.confirmation.user)
                part.sessions.add((order.confirmation.user, order.confirmation.session))
    return result


def slices(result: dict[tuple[str, str], Totals], event: Event, category: str) -> list[Totals]:
    month = event.stamp.strftime("%Y-%m-01")
    return [
        result["all", ""],
        result["category", category],
        result["city", event.city],
        result["month", month],
    ]
