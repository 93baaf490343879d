"""Funnel, sessions and paths against an independent computation from their definitions."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path

import pytest
import reference
from project import Project
from reference import UNKNOWN, Event

BROWSING = ("category", "search", "product")
Sessions = dict[tuple[str, int], list[Event]]


@pytest.fixture(scope="module")
def sessions(demo_log: Path) -> Sessions:
    events, _ = reference.read_events(demo_log)
    return reference.by_session(reference.deduplicate(events))


def levels_of(session: list[Event]) -> dict[str, tuple[int, int | None]]:
    """Step level and seconds to the first order of each category that the session touches."""
    levels: dict[str, int] = defaultdict(int)
    seconds: dict[str, int] = {}
    carts: list[str] = []
    has_checkout = False

    def reach(category: str, level: int) -> None:
        levels[category] = max(levels[category], level)

    for event in session:
        if event.action in BROWSING:
            reach(event.category, 1)
        elif event.action == "mainpage" and event.category != UNKNOWN:
            reach(event.category, 0)
        elif event.action == "cart":
            carts.append(event.category)
            reach(event.category, 2)
        elif event.action == "checkout":
            has_checkout = True
            for category in carts or [event.category]:
                reach(category, 3)
        elif event.action == "confirmation" and has_checkout:
            for category in carts or [UNKNOWN]:
                reach(category, 4)
                seconds.setdefault(category, int((event.stamp - session[0].stamp).total_seconds()))
            carts, has_checkout = [], False
    return {category: (level, seconds.get(category)) for category, level in levels.items()} or {
        UNKNOWN: (0, None)
    }


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


def test_funnel_rows(demo: Project, sessions: Sessions) -> None:
    expected = {
        (session[0].user, f"{session[0].stamp}", category): (level, ordered_level_of(session), seconds)
        for session in sessions.values()
        for category, (level, seconds) in levels_of(session).items()
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


def test_sessions_per_step_level(demo: Project, sessions: Sessions) -> None:
    """The chart's own counts, of all categories and of each."""
    expected: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for session in sessions.values():
        levels = levels_of(session)
        for category, (level, _) in levels.items():
            for k in range(level + 1):
                expected[category][k] += 1
        for k in range(max(level for level, _ in levels.values()) + 1):
            expected["all"][k] += 1
    counts = ", ".join(f"uniqExactIf(session_key, step_level >= {k})" for k in range(5))
    by_category, total = demo.ask(
        f"select category, {counts} from telemetry_marts.fct_funnel group by category",
        f"select 'all', {counts} from telemetry_marts.fct_funnel",
    )
    assert {name: levels for name, *levels in by_category + total} == expected
    orders = sum(bool(reference.orders_of(session)) for session in sessions.values())
    assert expected["all"][4] == orders, "sessions at level 4 are the sessions with an order"


def bridge_of(session: list[Event], ordered_at: dict[tuple[str, str], list[datetime]]) -> tuple[object, ...]:
    """Carted, ordered, abandoned and recovered value of the session."""
    waiting: list[Event] = []
    ordered = Decimal(0)
    has_checkout = False
    for event in session:
        if event.action == "cart":
            waiting.append(event)
        elif event.action == "checkout":
            has_checkout = True
        elif event.action == "confirmation" and has_checkout:
            ordered += sum(cart.value for cart in waiting)
            waiting, has_checkout = [], False
    abandoned = sum((cart.value for cart in waiting), Decimal(0))
    recovered = sum(
        (
            cart.value
            for cart in waiting
            if any(
                timedelta(0) < moment - cart.stamp <= timedelta(days=7)
                for moment in ordered_at[cart.user, cart.category]
            )
        ),
        Decimal(0),
    )
    return (ordered + abandoned, ordered, abandoned, recovered)


def test_sessions_and_value_bridge(demo: Project, sessions: Sessions) -> None:
    ordered_at: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for session in sessions.values():
        for order in reference.orders_of(session):
            for category, _ in order.lines:
                ordered_at[order.confirmation.user, category].append(order.confirmation.stamp)
    expected = {}
    for session in sessions.values():
        first, last = session[0], session[-1]
        expected[first.user, f"{first.stamp}"] = (
            (first.action, last.action, len(session), int((last.stamp - first.stamp).total_seconds())),
            bridge_of(session, ordered_at),
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
