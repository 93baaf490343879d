"""Orders of any shop's log once more, in plain Python: one user at a time, one event after another.

Written from the definitions, not from the SQL, and sharing nothing with it: for tests to compare with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

UNKNOWN = "Не определено"
ZONE = ZoneInfo("Europe/Moscow")
MICRO = Decimal("0.000001")
ACTIONS = "mainpage category search product cart remove checkout confirmation purchase refund"
RANKS = {action: rank for rank, action in enumerate(ACTIONS.split())}
HALF_HOUR, DAY, WEEK = timedelta(minutes=30), timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Event:
    """A canonical row, its time an instant of the shop's zone. `session` may be empty."""

    index: int
    log: str
    user: str
    session: str
    at: datetime
    action: str
    value: Decimal
    quantity: int
    category: str
    product: str
    order: str
    city: str
    person: str = ""  # age and gender

    @property
    def place(self) -> tuple[datetime, int, int]:
        return (self.at, RANKS[self.action], self.index)

    @property
    def amount(self) -> Decimal:
        return self.value * self.quantity

    @property
    def goods(self) -> str:
        return self.product or self.category

    @property
    def content(self) -> tuple[object, ...]:
        return tuple(value for name, value in vars(self).items() if name not in ("index", "log"))


@dataclass(eq=False)
class Session:
    user: str
    events: list[Event]

    @property
    def month(self) -> int:
        start = self.events[0].at
        return start.year * 12 + start.month


@dataclass
class Line:
    category: str
    product: str
    quantity: int
    amount: Decimal
    revenue: Decimal = Decimal(0)


@dataclass(eq=False)
class Order:
    session: Session
    closing: Event
    lines: list[Line]
    value: Decimal = Decimal(0)


@dataclass
class Shop:
    """What the log comes to."""

    sessions: list[Session] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    refunds: list[tuple[Event, Order | None]] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)
    taken: dict[int, Order] = field(default_factory=dict)
    idle: list[Event] = field(default_factory=list)  # confirmations that make no order


@dataclass(eq=False)
class Candidate:
    session: Session
    event: Event
    checkout: Event | None

    @property
    def shown(self) -> Decimal:
        if self.event.value > 0 or self.checkout is None:
            return self.event.value
        return self.checkout.value


def read(events: Iterable[Event]) -> Shop:
    events = list(events)
    checked = {event.log for event in events if event.action == "checkout"}
    # of copies the first one stays, those of one log before another's
    unique = {event.content: event for event in sorted(events, key=lambda e: (e.log, e.index), reverse=True)}
    shop = Shop()
    by_user = sorted(unique.values(), key=lambda e: (e.user, *e.place))
    for user, rows in groupby(by_user, key=lambda e: e.user):
        read_user(shop, user, list(rows), checked)
    return shop


def read_user(shop: Shop, user: str, events: list[Event], checked: set[str]) -> None:
    sessions = [Session(user, rows) for rows in cut(events)]
    shop.sessions += sessions
    confirmed = judge(confirmations(sessions, checked), events)
    closings = {id(c.event) for c in confirmed} | last_purchases(sessions)
    carts_of: dict[int, list[Event]] = {}
    left: list[tuple[Session, Event]] = []
    for session in sessions:
        waiting: list[Event] = []
        for event in session.events:
            if event.action == "cart":
                waiting.append(event)
            elif event.action == "remove":
                same = [cart for cart in waiting if cart.goods == event.goods]
                if same:
                    waiting.remove(same[-1])
                    shop.removed.add(same[-1].index)
            elif id(event) in closings:
                carts_of[id(event)] = waiting
                waiting = []
        left += [(session, cart) for cart in waiting]

    orders = [Order(c.session, c.event, []) for c in confirmed]
    by_event = {id(c.event): c for c in confirmed}
    for order in sorted(orders, key=lambda o: (o.session.month, o.closing.at)):
        carts = carts_of[id(order.closing)]
        if not carts:
            for row in list(left):
                session, cart = row
                near = timedelta(0) <= order.closing.at - cart.at <= WEEK
                if near and 0 <= order.session.month - session.month <= 1:
                    left.remove(row)
                    carts.append(cart)
            carts.sort(key=lambda cart: cart.place)
        for cart in carts:
            shop.taken[cart.index] = order
        order.lines = [Line(c.category, c.product, c.quantity, c.amount) for c in carts]
        order.value = value_of(by_event[id(order.closing)], order.lines)
        allocate(order)
    orders += purchase_orders(sessions)
    shop.orders += orders
    ordered = {id(order.closing) for order in orders}
    shop.idle += [e for e in events if e.action == "confirmation" and id(e) not in ordered]
    shop.refunds += [
        (event, order_of_refund(session, event, orders))
        for session in sessions
        for event in session.events
        if event.action == "refund"
    ]


def cut(events: list[Event]) -> Iterator[list[Event]]:
    """Sessions of each log by their name; nameless events by pause and midnight."""
    rows_of: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        rows_of[event.log, event.session].append(event)
    for (_, name), rows in rows_of.items():
        if name:
            yield rows
            continue
        starts = [
            number
            for number, (before, event) in enumerate(pairwise(rows), start=1)
            if event.at - before.at > HALF_HOUR or event.at.date() != before.at.date()
        ]
        yield from (rows[start:end] for start, end in pairwise([0, *starts, len(rows)]))


def confirmations(sessions: list[Session], checked: set[str]) -> list[Candidate]:
    """Confirmations that close something, by their own session first."""
    found: list[Candidate] = []
    alone: list[tuple[Session, Event]] = []
    left_open: list[tuple[Session, Event]] = []
    for session in sessions:
        steps = [e for e in session.events if e.action in ("checkout", "confirmation")]
        last_confirmation = max((i for i, e in enumerate(steps) if e.action == "confirmation"), default=-1)
        for number, event in enumerate(steps):
            before = steps[number - 1] if number else None
            if event.action == "checkout":
                if number > last_confirmation:
                    left_open.append((session, event))
            elif before is not None and before.action == "checkout":
                found.append(Candidate(session, event, before))
            elif event.log not in checked:
                found.append(Candidate(session, event, None))
            elif before is None:
                alone.append((session, event))
    moments = [(s.month, e.at, False, s, e) for s, e in left_open] + [
        (s.month, e.at, True, s, e) for s, e in alone
    ]
    stack: dict[int, Event] = {}
    owners: dict[int, Session] = {}
    for month, at, is_confirmation, session, event in sorted(moments, key=lambda m: m[:3]):
        if not is_confirmation:
            stack[id(session)] = event
            owners[id(session)] = session
            continue
        reach = [
            (checkout.at, key)
            for key, checkout in stack.items()
            if timedelta(0) <= at - checkout.at <= DAY and month - owners[key].month <= 1
        ]
        if reach:
            found.append(Candidate(session, event, stack.pop(max(reach)[1])))
    return found


def judge(candidates: list[Candidate], events: list[Event]) -> list[Candidate]:
    """Those that are not an order shown again."""
    carts = [event for event in events if event.action == "cart"]
    shown: set[tuple[str, int]] = set()
    orders: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: c.event.place):
        event, month = candidate.event, candidate.session.month
        if event.order:
            is_known = {(event.order, month), (event.order, month - 1)} & shown
            shown.add((event.order, month))
            if is_known:
                continue
        last = orders[-1] if orders else None
        if (
            last
            and candidate.shown == last.shown
            and event.at - last.event.at <= HALF_HOUR
            and not any(last.event.at < cart.at <= event.at for cart in carts)
            and (not event.order or not last.event.order or event.order == last.event.order)
        ):
            continue
        orders.append(candidate)
    return orders


def value_of(candidate: Candidate, lines: list[Line]) -> Decimal:
    if candidate.event.value > 0:
        return candidate.event.value
    if candidate.checkout:
        return candidate.checkout.value
    return sum((line.amount for line in lines), Decimal(0))


def allocate(order: Order) -> None:
    """The order's value over its lines in proportion to their amounts; the dearest takes the rest."""
    if not order.lines:
        order.lines = [Line(UNKNOWN, "", 0, Decimal(0))]
    total = sum((line.amount for line in order.lines), Decimal(0))
    for line in order.lines:
        line.revenue = (
            (order.value * line.amount / total).quantize(MICRO, ROUND_DOWN) if total else Decimal(0)
        )
    dearest = max(order.lines, key=lambda line: line.amount)
    dearest.revenue += order.value - sum(line.revenue for line in order.lines)


def purchase_groups(sessions: list[Session]) -> list[list[tuple[Session, Event]]]:
    groups: dict[tuple[object, ...], list[tuple[Session, Event]]] = defaultdict(list)
    for session in sessions:
        previous: Event | None = None
        number = 0
        for event in session.events:
            if event.action != "purchase":
                continue
            if event.order:
                groups[session.month, event.order].append((session, event))
                continue
            number += previous is not None and event.at - previous.at > HALF_HOUR
            previous = event
            groups[id(session), number].append((session, event))
    return list(groups.values())


def purchase_orders(sessions: list[Session]) -> list[Order]:
    orders = []
    for group in purchase_groups(sessions):
        session, last = max(group, key=lambda row: row[1].place)
        lines = [Line(e.category, e.product, e.quantity, e.amount, e.amount) for _, e in group]
        value = sum((line.amount for line in lines), Decimal(0))
        orders.append(Order(session, last, lines, value))
    return orders


def last_purchases(sessions: list[Session]) -> set[int]:
    """The last line that each session has of each order: there the order takes the session's carts."""
    return {
        id(max((e for s, e in group if s is session), key=lambda e: e.place))
        for group in purchase_groups(sessions)
        for session in {id(s): s for s, _ in group}.values()
    }


def order_of_refund(session: Session, refund: Event, orders: list[Order]) -> Order | None:
    named = [
        order
        for order in orders
        if refund.order
        and order.closing.order == refund.order
        and order.closing.at <= refund.at
        and 0 <= session.month - order.session.month <= 3
    ]
    return max(named, key=lambda order: order.closing.at, default=None)


def levels(shop: Shop) -> dict[tuple[int, str], int]:
    """Step level of each session, by its place in the list, and category."""
    orders: dict[int, list[Order]] = defaultdict(list)
    for order in shop.orders:
        orders[id(order.session)].append(order)
    result: dict[tuple[int, str], int] = {}
    for number, session in enumerate(shop.sessions):
        own = session_levels(shop, session, orders[id(session)])
        for category, level in (own or {UNKNOWN: 0}).items():
            result[number, category] = level
    return result


def session_levels(shop: Shop, session: Session, orders: list[Order]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    closings = {id(order.closing) for order in orders} | last_purchases([session])
    shown_again = checkouts_shown_again(session, closings)

    def reach(category: str, level: int) -> None:
        found[category] = max(found[category], level)

    waiting: list[Event] = []
    for event in session.events:
        if event.action in ("category", "search", "product"):
            reach(event.category, 1)
        elif event.action == "mainpage" and event.category != UNKNOWN:
            reach(event.category, 0)
        elif event.action == "cart" and event.index in shop.removed:
            reach(event.category, 1)
        elif event.action == "cart":
            waiting.append(event)
            reach(event.category, 2)
        elif event.action == "checkout" and id(event) not in shown_again:
            for category in [cart.category for cart in waiting] or [event.category]:
                reach(category, 3)
        elif id(event) in closings:
            waiting = []
    for order in orders:
        for line in order.lines:
            reach(line.category, 4)
    return dict(found)


def checkouts_shown_again(session: Session, closings: set[int]) -> set[int]:
    """Checkouts whose next confirmation makes no order, since it repeats one."""
    found: set[int] = set()
    waiting: list[Event] = []
    for event in session.events:
        if event.action == "checkout":
            waiting.append(event)
        elif event.action == "confirmation":
            found |= set() if id(event) in closings else {id(checkout) for checkout in waiting}
            waiting = []
    return found


def final_checkouts(shop: Shop) -> Iterator[Event]:
    """The last checkout before each order and each session's end, those of orders shown again left out."""
    ordered = {id(order.closing) for order in shop.orders}
    for session in shop.sessions:
        closings = ordered | last_purchases([session])
        shown_again = checkouts_shown_again(session, closings)
        last: list[Event] = []
        for event in session.events:
            if event.action == "checkout" and id(event) not in shown_again:
                last = [event]
            elif id(event) in closings:
                yield from last
                last = []
        yield from last
