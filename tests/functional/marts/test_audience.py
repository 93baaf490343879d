"""Retention, lifecycle, RFM and user history against an independent computation from their definitions."""

from __future__ import annotations

import csv
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path

import pytest
import reference
from project import ROOT, Project
from reference import Event


@dataclass
class User:
    events: list[Event] = field(default_factory=list)
    orders: list[tuple[date, Decimal]] = field(default_factory=list)

    @cached_property
    def days(self) -> set[date]:
        return {event.stamp.date() for event in self.events}


@pytest.fixture(scope="module")
def users(demo_log: Path) -> dict[str, User]:
    events, _ = reference.read_events(demo_log)
    result: dict[str, User] = defaultdict(User)
    events = reference.deduplicate(events)
    for session in reference.by_session(events).values():
        result[session[0].user].events += session
    for order in reference.orders_of(events):
        result[order.confirmation.user].orders.append((order.confirmation.stamp.date(), order.value))
    for user in result.values():
        user.events.sort(key=lambda event: event.stamp)
    return result


def log_days(users: dict[str, User]) -> tuple[date, date]:
    days = set().union(*(user.days for user in users.values()))
    return min(days), max(days)


def month_start(day: date) -> date:
    return day.replace(day=1)


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def months_after(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


PERIODS: dict[str, tuple[int, Callable[[date], date], Callable[[date, int], date]]] = {
    "D": (90, lambda day: day, lambda start, count: start + timedelta(days=count)),
    "W": (52, lambda day: day - timedelta(days=day.weekday()), lambda s, n: s + timedelta(weeks=n)),
    "M": (36, month_start, months_after),
}


def test_retention_offsets(demo: Project, users: dict[str, User]) -> None:
    first_day, last_day = log_days(users)
    expected = {}
    for name, user in users.items():
        bought = [day for day, _ in user.orders]
        entries = {"first_visit": min(user.days)} | ({"first_order": min(bought)} if bought else {})
        for entry, entered in entries.items():
            censored = entry == "first_visit" or (entered - first_day).days < 90
            for period, (cap, start_of, shift) in PERIODS.items():
                cohort = start_of(entered)
                for offset in range(cap + 1):
                    start, end = shift(cohort, offset), shift(cohort, offset + 1)
                    if end > last_day + timedelta(days=1):
                        break
                    expected[name, period, entry, offset] = (
                        str(cohort),
                        censored,
                        any(start <= day < end for day in user.days),
                        any(start <= day for day in user.days),
                        any(start <= day < end for day in bought),
                        any(start <= day for day in bought),
                        sum((value for day, value in user.orders if day < end), Decimal(0)),
                    )
    (rows,) = demo.ask("""
        select user_id, period, entry, offset, cohort, is_left_censored,
            is_active, is_active_later, is_buying, is_buying_later, cum_revenue
        from telemetry_marts.fct_user_offsets
    """)
    found = {tuple(row[:4]): (*row[4:10], Decimal(row[10])) for row in rows}
    assert len(found) == len(rows)
    assert found == expected
    assert any(not row[1] for row in expected.values()), "some first orders are not censored"


def test_lifecycle(demo: Project, users: dict[str, User]) -> None:
    first_day, last_day = log_days(users)
    expected = {}
    for name, user in users.items():
        months = {month_start(day) for day in user.days}
        for month in months:
            if months_after(month, -1) in months:
                state = "returning"
            elif month != min(months):
                state = "resurrecting"
            else:
                state = "unknown" if (min(user.days) - first_day).days < 30 else "new"
            expected[name, str(month)] = state
            gone = months_after(month, 1)
            if gone not in months and month_end(gone) <= last_day:
                expected[name, str(gone)] = "dormant"
    (rows,) = demo.ask("select user_id, month, state from telemetry_marts.mart_lifecycle")
    assert {(user, month): state for user, month, state in rows} == expected
    assert len(rows) == len(expected)


@cache
def seed(name: str) -> list[dict[str, str]]:
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def score(measure: str, value: Decimal | int) -> int:
    rules = [
        (int(r["from_value"]), int(r["score"])) for r in seed("rfm_thresholds") if r["measure"] == measure
    ]
    return max(rule for rule in rules if rule[0] <= value)[1]


def segment(scores: tuple[int, int, int]) -> str:
    (found,) = (
        rule["segment"]
        for rule in seed("rfm_segments")
        if all(
            int(rule[f"{letter}_from"]) <= each <= int(rule[f"{letter}_to"])
            for letter, each in zip("rfm", scores, strict=True)
        )
    )
    return found


def test_rfm_codes(demo: Project, users: dict[str, User]) -> None:
    _, last_day = log_days(users)
    expected = {}
    for name, user in users.items():
        snapshot = month_end(min(user.days))
        while snapshot <= last_day:
            window = [(day, value) for day, value in user.orders if 0 <= (snapshot - day).days <= 364]
            scores, r = (0, 0, 0), None
            if window:
                r = (snapshot - max(day for day, _ in window)).days
                money = sum((value for _, value in window), Decimal(0))
                scores = (score("r", r), score("f", len({day for day, _ in window})), score("m", money))
            expected[name, str(snapshot)] = (
                r,
                len({day for day, _ in window}),
                sum((value for _, value in window), Decimal(0)),
                "".join(map(str, scores)),
                segment(scores),
            )
            snapshot = month_end(snapshot + timedelta(days=1))
    (rows,) = demo.ask(
        "select user_id, snapshot_date, r, f, m, code, segment from telemetry_marts.mart_rfm_snapshot"
    )
    found = {(row[0], row[1]): (*row[2:4], Decimal(row[4]), *row[5:]) for row in rows}
    assert len(found) == len(rows)
    assert found == expected
    assert len({row[3] for row in expected.values()}) > 10, "many codes occur, and so does 000"
    assert any(row[3] == "000" for row in expected.values())


def test_user_history(demo: Project, users: dict[str, User]) -> None:
    expected = []
    for name, user in users.items():
        starts: list[Event] = []
        for event in user.events:
            if not starts or attributes(event) != attributes(starts[-1]):
                starts.append(event)
        ends = [f"{event.stamp}" for event in starts[1:]] + [None]
        for start, end in zip(starts, ends, strict=True):
            expected.append([name, f"{start.stamp}", end, end is None, *attributes(start)])
    history, current = demo.ask(
        """
        select user_id, toString(valid_from), toString(valid_to), is_current, city, gender, age
        from telemetry_marts.dim_user_history
        """,
        "select user_id, city, gender, age from telemetry_marts.dim_user",
    )
    assert sorted(history, key=str) == sorted(expected, key=str)
    assert len(expected) > len(users), "somebody moved"
    assert {user: tuple(rest) for user, *rest in current} == {
        name: attributes(user.events[-1]) for name, user in users.items()
    }


def attributes(event: Event) -> tuple[str, str, int | None]:
    return (event.city, event.gender, event.age)


def test_active_users(demo: Project, users: dict[str, User]) -> None:
    """Merged states count a user of two days once."""
    daily: dict[str, set[str]] = defaultdict(set)
    weekly: dict[str, set[str]] = defaultdict(set)
    for name, user in users.items():
        for event in user.events:
            if event.gender == "Ж":
                day = event.stamp.date()
                daily[str(day)].add(name)
                weekly[str(day - timedelta(days=day.weekday()))].add(name)
    query = (
        "select {}, uniqExactMerge(users) from telemetry_marts.agg_active_daily where gender = 'Ж' group by 1"
    )
    days, weeks = demo.ask(query.format("event_date"), query.format("toStartOfWeek(event_date, 1)"))
    assert dict(days) == {day: len(names) for day, names in daily.items()}
    assert dict(weeks) == {week: len(names) for week, names in weekly.items()}
