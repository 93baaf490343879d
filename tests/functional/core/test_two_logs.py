"""The site's log and the app's in one warehouse: the same users, each log with session numbers of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import random_shop
from order_rules import UNKNOWN, ZONE, Event
from project import Project


def event(number: int, log: str, user: str, session: str, at: str, action: str, value: int = 0) -> Event:
    stamp = datetime.fromisoformat(at).replace(tzinfo=ZONE)
    category = "Обувь" if action == "cart" else UNKNOWN
    return Event(number, log, user, session, stamp, action, Decimal(value), 1, category, "", "", "Казань")


ROWS = [
    event(1, "site", "ann", "1", "2022-03-10 10:00", "product"),
    event(2, "site", "ann", "1", "2022-03-10 10:01", "cart", 100),
    event(3, "app", "ann", "1", "2022-05-10 12:00", "product"),
    event(4, "app", "ann", "1", "2022-05-10 12:01", "cart", 250),
    event(5, "app", "ann", "1", "2022-05-10 12:02", "checkout", 260),
    event(6, "app", "ann", "1", "2022-05-10 12:03", "confirmation"),
    # without sessions: alternating, no pause over half an hour but in each log by itself
    event(7, "site", "bob", "", "2022-03-11 10:00", "product"),
    event(8, "app", "bob", "", "2022-03-11 10:20", "product"),
    event(9, "site", "bob", "", "2022-03-11 10:40", "product"),
    # equal in all but the log, one of them twice: one event
    event(10, "site", "eve", "5", "2022-03-12 10:00", "mainpage"),
    event(11, "app", "eve", "5", "2022-03-12 10:00", "mainpage"),
    event(12, "app", "eve", "5", "2022-03-12 10:00", "mainpage"),
    # a session that both logs hold, in another order of rows: one session
    event(13, "site", "fay", "9", "2022-03-12 10:00", "cart", 50),
    event(14, "app", "fay", "9", "2022-03-12 10:02", "confirmation", 50),
    event(15, "app", "fay", "9", "2022-03-12 10:01", "checkout", 50),
    event(16, "site", "fay", "9", "2022-03-12 10:01", "checkout", 50),
    event(17, "app", "fay", "9", "2022-03-12 10:00", "cart", 50),
    event(18, "site", "fay", "9", "2022-03-12 10:02", "confirmation", 50),
    # goods that the log names nothing of, bought the next day
    replace(event(19, "site", "gus", "1", "2022-03-31 10:00", "cart", 100), category=UNKNOWN),
    event(20, "site", "gus", "2", "2022-04-01 10:00", "checkout", 90),
    event(21, "site", "gus", "2", "2022-04-01 10:01", "confirmation", 90),
]


@pytest.fixture(scope="module")
def project(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = tmp_path_factory.mktemp("two_logs") / "project"
    project = Project(shutil.copytree(seeded, home, symlinks=True))
    loads = [random_shop.load(log, log, [row for row in ROWS if row.log == log]) for log in ("site", "app")]
    project.ask(commands=tuple(command for load in loads for command in load))
    models = ("+fct_sessions", "+fct_orders", "+mart_notebook_parity")
    their_tests = ("--exclude-resource-type", "unit_test", "--indirect-selection", "buildable")
    project.run("dbt", "build", "--quiet", "-s", *models, *their_tests)
    return project


def test_sessions(project: Project) -> None:
    (rows,) = project.ask("""
        select user_id, toString(session_started_at), n_events, carted, abandoned, recovered, ordered
        from telemetry_marts.fct_sessions order by all
    """)
    found = [(user, start, events, *map(Decimal, money)) for user, start, events, *money in rows]
    assert found == [
        ("ann", "2022-03-10 10:00:00", 2, 100, 100, 0, 0),
        ("ann", "2022-05-10 12:00:00", 4, 250, 0, 0, 250),
        ("bob", "2022-03-11 10:00:00", 1, 0, 0, 0, 0),
        ("bob", "2022-03-11 10:20:00", 1, 0, 0, 0, 0),
        ("bob", "2022-03-11 10:40:00", 1, 0, 0, 0, 0),
        ("eve", "2022-03-12 10:00:00", 1, 0, 0, 0, 0),
        ("fay", "2022-03-12 10:00:00", 3, 50, 0, 0, 50),
        ("gus", "2022-03-31 10:00:00", 1, 100, 100, 100, 0),
        ("gus", "2022-04-01 10:00:00", 2, 0, 0, 0, 0),
    ]


def test_order(project: Project) -> None:
    (rows,) = project.ask("""
        select user_id, toString(confirmed_at), line_count, lines_value, revenue
        from telemetry_marts.fct_orders order by all
    """)
    assert [(*rest, Decimal(lines), Decimal(revenue)) for *rest, lines, revenue in rows] == [
        ("ann", "2022-05-10 12:03:00", 1, 250, 260),
        ("fay", "2022-03-12 10:02:00", 1, 50, 50),
        ("gus", "2022-04-01 10:01:00", 1, 100, 90),
    ]


def test_rows(project: Project) -> None:
    """Twenty-one rows, three of them copies of another log's and two of their own log's."""
    (rows,) = project.ask("""
        select sum(raw_row_count), sum(distinct_row_count), sum(event_count), sum(key_event_count)
        from telemetry_marts.mart_notebook_parity
    """)
    assert [[int(cell) for cell in row] for row in rows] == [[21, 16, 16, 16]]
