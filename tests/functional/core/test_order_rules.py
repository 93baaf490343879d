"""Hand-made and random logs of every order model against an independent computation of the same rows."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import order_rules
import pytest
import random_shop
from order_rules import UNKNOWN, Event, Shop
from project import Project

SEEDS = range(1, 13)
LOGS = ("checkouts", "confirmations", "purchases")
MARTS = ("+fct_sales", "+fct_orders", "+fct_order_lines", "+fct_funnel", "+fct_sessions", "+mart_products")


@pytest.fixture(scope="module")
def rows() -> list[Event]:
    return random_shop.numbered(row for seed in SEEDS for row in random_shop.random_log(seed))


@pytest.fixture(scope="module")
def shop(rows: list[Event]) -> Shop:
    return order_rules.read(rows)


@pytest.fixture(scope="module")
def project(rows: list[Event], seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = tmp_path_factory.mktemp("orders") / "project"
    project = Project(shutil.copytree(seeded, home, symlinks=True))
    commands: list[str] = []
    for log in LOGS:
        commands += random_shop.load(log, log, [row for row in rows if row.log == log])
    project.ask(commands=tuple(commands))
    project.run("dbt", "run", "--quiet", "-s", *MARTS)
    return project


def test_every_order(project: Project, shop: Shop) -> None:
    (rows,) = project.ask("""
        select user_id, toUnixTimestamp(confirmed_at), line_count, quantity, lines_value, revenue
        from telemetry_marts.fct_orders
    """)
    found = Counter(
        (user, at, lines, int(units), Decimal(v), Decimal(r)) for user, at, lines, units, v, r in rows
    )
    expected = Counter(
        (
            order.session.user,
            int(order.closing.at.timestamp()),
            sum(line.quantity > 0 for line in order.lines),
            sum(line.quantity for line in order.lines),
            sum((line.amount for line in order.lines), Decimal(0)),
            order.value,
        )
        for order in shop.orders
    )
    assert found - expected == expected - found == Counter()
    assert len(rows) > 300


def test_every_line(project: Project, shop: Shop) -> None:
    (rows,) = project.ask("""
        select user_id, toUnixTimestamp(confirmed_at), category, product, quantity, revenue
        from telemetry_marts.fct_order_lines where not is_refund
    """)
    found = Counter((user, at, cat, prod, int(n), round(Decimal(r), 4)) for user, at, cat, prod, n, r in rows)
    expected = Counter(
        (
            order.session.user,
            int(order.closing.at.timestamp()),
            line.category,
            line.product or UNKNOWN,
            line.quantity,
            round(line.revenue, 4),
        )
        for order in shop.orders
        for line in order.lines
    )
    # each line is cut to six digits, in binary there and in decimal here
    assert found - expected == expected - found == Counter()


def test_every_refund(project: Project, shop: Shop) -> None:
    (rows,) = project.ask("""
        select lines.user_id, toUnixTimestamp(lines.confirmed_at), lines.refund_value,
            toUnixTimestamp(orders.confirmed_at)
        from telemetry_marts.fct_order_lines as lines
        left join telemetry_marts.fct_orders as orders on lines.order_key = orders.order_key
        where lines.is_refund
    """)
    found = Counter((user, at, Decimal(value), ordered or 0) for user, at, value, ordered in rows)
    expected = Counter(
        (
            event.user,
            int(event.at.timestamp()),
            event.amount,
            int(order.closing.at.timestamp()) if order else 0,
        )
        for event, order in shop.refunds
    )
    assert found - expected == expected - found == Counter()
    assert any(order for _, order in shop.refunds)


def test_totals_of_every_slice(project: Project, rows: list[Event], shop: Shop) -> None:
    """Money, orders, units, users, buyers and sessions, by category and city."""
    sums: dict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    sets: dict[tuple[str, str], dict[str, set[object]]] = defaultdict(lambda: defaultdict(set))
    for number, session in enumerate(shop.sessions):
        for event in session.events:
            for key in (("all", ""), ("category", event.category), ("city", event.city or UNKNOWN)):
                sets[key]["users"].add(event.user)
                sets[key]["sessions"].add(number)
                if event.action == "cart" and event.index not in shop.removed:
                    sums[key]["carts"] += event.amount
                if event.action == "refund":
                    sums[key]["refunds"] += event.amount
    for event in order_rules.final_checkouts(shop):
        for key in (("all", ""), ("category", event.category), ("city", event.city or UNKNOWN)):
            sums[key]["checkouts"] += event.value
    numbers = {id(session): number for number, session in enumerate(shop.sessions)}
    for order in shop.orders:
        for line in order.lines:
            city = order.closing.city or UNKNOWN
            for key in (("all", ""), ("category", line.category), ("city", city)):
                sums[key]["revenue"] += line.revenue
                sums[key]["units"] += line.quantity
                sets[key]["orders"].add(id(order))
                sets[key]["users"].add(order.session.user)
                sets[key]["buyers"].add(order.session.user)
                sets[key]["sessions"].add(numbers[id(order.session)])
    names = {"all": "''", "category": "category", "city": "city"}
    answers = project.ask(
        *(
            f"""select {member} as member, sum(revenue), sum(cart_value), sum(checkout_value),
            sum(refund_value), sum(quantity),
            uniqExactIf(order_key, is_order), uniqExact(user_id), uniqExactIf(user_id, is_order),
            uniqExact(session_key)
        from telemetry_marts.fct_sales group by member"""
            for member in names.values()
        )
    )
    found = {(name, row[0]): row[1:] for name, rows_ in zip(names, answers, strict=True) for row in rows_}
    assert found.keys() == sets.keys()
    for key, (revenue, carts, checkouts, refunds, units, *counts) in found.items():
        assert abs(Decimal(revenue) - sums[key]["revenue"]) < Decimal("0.001"), key
        amounts = [sums[key][name] for name in ("carts", "checkouts", "refunds")]
        assert [Decimal(carts), Decimal(checkouts), Decimal(refunds)] == amounts, key
        wanted = [len(sets[key][name]) for name in ("orders", "users", "buyers", "sessions")]
        assert [int(units), *counts] == [sums[key]["units"], *wanted], key


def test_every_funnel_row(project: Project, shop: Shop) -> None:
    (rows,) = project.ask("""
        select user_id, toUnixTimestamp(session_started_at), n_events, category, step_level
        from telemetry_marts.fct_funnel as funnel
        inner join telemetry_marts.fct_sessions as sessions on funnel.session_key = sessions.session_key
    """)
    expected = Counter(
        (
            shop.sessions[number].user,
            int(shop.sessions[number].events[0].at.timestamp()),
            len(shop.sessions[number].events),
            category,
            level,
        )
        for (number, category), level in order_rules.levels(shop).items()
    )
    found = Counter(map(tuple, rows))
    assert found - expected == expected - found == Counter()


def test_confirmations_that_make_no_order(project: Project, shop: Shop) -> None:
    ((count, amount),) = project.ask("""
        select count(), sum(value) from telemetry_intermediate.int_confirmations where outcome != 'order'
    """)[0]
    assert (count, Decimal(amount)) == (len(shop.idle), sum((event.value for event in shop.idle), Decimal(0)))
    assert count > 100
