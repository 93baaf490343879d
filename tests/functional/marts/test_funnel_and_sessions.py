"""Funnel, sessions and paths against an independent computation from their definitions."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path

import order_rules
import pytest
import reference
from project import Project
from reference import UNKNOWN, Event

BROWSING = ("category", "search", "product")
Sessions = dict[tuple[str, int], list[Event]]
Levels = dict[tuple[str, int], dict[str, tuple[int, int | None]]]


@pytest.fixture(scope="module")
def sessions(demo_log: Path) -> Sessions:
    events, _ = reference.read_events(demo_log)
    return reference.by_session(reference.deduplicate(events))


@pytest.fixture(scope="module")
def shop(sessions: Sessions) -> order_rules.Shop:
    return reference.read_shop([event for session in sessions.values() for event in session])


@pytest.fixture(scope="module")
def levels(sessions: Sessions, shop: order_rules.Shop) -> Levels:
    """Step level and seconds to the first order of each category that a session touches."""
    found: Levels = defaultdict(dict)
    for (number, category), level in order_rules.levels(shop).items():
        session = shop.sessions[number]
        moments = [
            order.closing.at
            for order in shop.orders
            if order.session is session and any(line.category == category for line in order.lines)
        ]
        start = session.events[0].at
        seconds = int((min(moments) - start).total_seconds()) if moments else None
        found[session.user, int(session.events[0].session)][category] = (level, seconds)
    return found


def ordered_level_of(session: list[Event]) -> int:
    """Length of the longest chain browse, cart, checkout, confirmation within a day of its first step."""
    steps = [BROWSING, ("cart",), ("checkout",), ("confirmation",)]
    deepest = 0
    for start, first in enumerate(session):
        level = 0
        for event in session[start:]:
            in_time = event.stamp - first.stamp <= timedelta(days=1)
            if level < 4 and in_time and event.action in steps[level]:
                level += 1
            if level == 0:
                break
        deepest = max(deepest, level)
    return deepest


def test_funnel_rows(demo: Project, sessions: Sessions, levels: Levels) -> None:
    expected = {
        (session[0].user, f"{session[0].stamp}", category): (level, ordered_level_of(session), seconds)
        for key, session in sessions.items()
        for category, (level, seconds) in levels[key].items()
    }
    (rows,) = demo.ask("""
        select user_id, toString(session_started_at), category, step_level, ordered_level, seconds_to_order
        from telemetry_marts.fct_funnel
    """)
    found = {(user, start, category): tuple(rest) for user, start, category, *rest in rows}
    assert len(rows) == len(found)
    assert found == expected
    assert {level for level, *_ in expected.values()} == {0, 1, 2, 3, 4}
    assert any(category == UNKNOWN and row[0] == 4 for (*_, category), row in expected.items())


def test_sessions_per_step_level(
    demo: Project, sessions: Sessions, levels: Levels, shop: order_rules.Shop
) -> None:
    """The chart's own counts, of all categories and of each."""
    expected: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for key in sessions:
        for category, (level, _) in levels[key].items():
            for k in range(level + 1):
                expected[category][k] += 1
        for k in range(max(level for level, _ in levels[key].values()) + 1):
            expected["all"][k] += 1
    counts = ", ".join(f"uniqExactIf(session_key, step_level >= {k})" for k in range(5))
    by_category, total = demo.ask(
        f"select category, {counts} from telemetry_marts.fct_funnel group by category",
        f"select 'all', {counts} from telemetry_marts.fct_funnel",
    )
    assert {name: counts for name, *counts in by_category + total} == expected
    orders = len({id(order.session) for order in shop.orders})
    assert expected["all"][4] == orders, "sessions at level 4 are the sessions with an order"


def bridge_of(
    session: order_rules.Session, shop: order_rules.Shop, ordered_at: dict[tuple[str, str], list[datetime]]
) -> tuple[object, ...]:
    """Carted, ordered, abandoned and recovered value of the session."""
    ordered = abandoned = recovered = Decimal(0)
    for cart in session.events:
        if cart.action != "cart":
            continue
        order = shop.taken.get(cart.index)
        if order and order.session is session:
            ordered += cart.value
            continue
        abandoned += cart.value
        recovered += cart.value * any(
            timedelta(0) <= moment - cart.at <= timedelta(days=7)
            for moment in ordered_at[cart.user, cart.category]
        )
    return (ordered + abandoned, ordered, abandoned, recovered)


def test_sessions_and_value_bridge(demo: Project, shop: order_rules.Shop) -> None:
    ordered_at: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for order in shop.orders:
        for line in order.lines:
            ordered_at[order.session.user, line.category].append(order.closing.at)
    expected = {}
    for session in shop.sessions:
        first, last = session.events[0], session.events[-1]
        expected[session.user, f"{first.at:%Y-%m-%d %H:%M:%S}"] = (
            (first.action, last.action, len(session.events), int((last.at - first.at).total_seconds())),
            bridge_of(session, shop, ordered_at),
        )
    (rows,) = demo.ask("""
        select user_id, toString(session_started_at), entry_action, exit_action, n_events, duration,
            carted, ordered, abandoned, recovered
        from telemetry_marts.fct_sessions
    """)
    found = {(row[0], row[1]): (tuple(row[2:6]), tuple(map(Decimal, row[6:]))) for row in rows}
    assert found == expected
    assert sum(bridge[3] > 0 for _, bridge in found.values()) > 10, "some carts are recovered"


def test_path_edges(demo: Project, sessions: Sessions) -> None:
    expected: Counter[tuple[str, str, int, str, str]] = Counter()
    for session in sessions.values():
        month = session[0].stamp.strftime("%Y-%m-01")
        path = [event.action for event in session] + ["exit"]
        for step, (origin, target) in enumerate(islice(pairwise(path), 10), start=1):
            expected[month, session[0].gender, step, origin, target] += 1
    (rows,) = demo.ask("""
        select month, gender, step, from_action, to_action, sum(n)
        from telemetry_marts.mart_path_edges group by all
    """)
    assert {tuple(key): int(n) for *key, n in rows} == expected


def test_crossing_events_have_the_columns_of_staging(demo: Project) -> None:
    """In its order and types: int_events puts the rows of both on top of each other."""
    (tables,) = demo.ask(
        "select groupArray((name, type)) from (select * from system.columns order by position)"
        " where table in ('stg_events', 'int_crossing_events') group by table"
    )
    ((staged,), (crossing,)) = tables
    assert staged == crossing and len(staged) == 20
