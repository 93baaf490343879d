"""Basket pairs, price outliers, seed parity and data health against an independent computation."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from statistics import fmean, median

import pytest
import reference
from project import Project
from reference import UNKNOWN, Event

from shop_simulator.schema import CATEGORIES

Group = tuple[str, str, str, str, str]


@pytest.fixture(scope="module")
def raw(demo_log: Path) -> list[Event]:
    """Valid rows of the log, copies included."""
    events, _ = reference.read_events(demo_log)
    return events


@pytest.fixture(scope="module")
def kept(raw: list[Event]) -> list[Event]:
    return reference.deduplicate(raw)


@pytest.fixture(scope="module")
def orders(kept: list[Event]) -> list[reference.Order]:
    return reference.orders_of(kept)


def test_basket_pairs(demo: Project, orders: list[reference.Order]) -> None:
    months: dict[str, list[set[str]]] = defaultdict(list)
    for order in orders:
        basket = {category for category, _ in order.lines} - {UNKNOWN}
        months[order.confirmation.stamp.strftime("%Y-%m-01")].append(basket)
    expected = {
        (month, left, right): (
            sum({left, right} <= basket for basket in baskets),
            sum(left in basket for basket in baskets),
            sum(right in basket for basket in baskets),
            len(baskets),
            sum(left in basket and len(basket) > 1 for basket in baskets),
            sum(right in basket and len(basket) > 1 for basket in baskets),
            sum(len(basket) > 1 for basket in baskets),
        )
        for month, baskets in months.items()
        for left, right in permutations(CATEGORIES, 2)
    }
    (rows,) = demo.ask(
        "select month, category_a, category_b, n_ab, n_a, n_b, n, n_a_mixed, n_b_mixed, n_mixed"
        " from telemetry_marts.mart_basket_pairs"
    )
    found = {(month, left, right): tuple(counts) for month, left, right, *counts in rows}
    assert found == expected
    assert sum(counts[0] for counts in found.values()) > 50, "the log has pairs to count"
    assert any(not basket for baskets in months.values() for basket in baskets), "and orders without lines"


def group_of(event: Event) -> Group:
    return (str(event.stamp.date()), event.category, event.city, event.gender, event.action)


def test_notebook_parity(demo: Project, raw: list[Event], kept: list[Event]) -> None:
    by_key = reference.deduplicate_by_key(raw)
    key_events, key_value = Counter(map(group_of, by_key)), Counter[Group]()
    raw_rows, raw_value = Counter(map(group_of, raw)), Counter[Group]()
    events, value = Counter(map(group_of, kept)), Counter[Group]()
    distinct: dict[Group, set[tuple[object, ...]]] = defaultdict(set)
    for event in raw:
        raw_value[group_of(event)] += event.value  # type: ignore[assignment]
        distinct[group_of(event)].add((event.user, event.session, event.stamp, event.value, event.age))
    for event in kept:
        value[group_of(event)] += event.value  # type: ignore[assignment]
    for event in by_key:
        key_value[group_of(event)] += event.value  # type: ignore[assignment]
    expected = {
        key: (
            *(raw_rows[key], len(distinct[key]), events[key], key_events[key]),
            *(Decimal(raw_value[key]), Decimal(value[key]), Decimal(key_value[key])),
        )
        for key in raw_rows
    }
    (rows,) = demo.ask("""
        select
            event_date, category, city, gender, action,
            raw_row_count, distinct_row_count, event_count, key_event_count,
            raw_value, deduplicated_value, key_value
        from telemetry_marts.mart_notebook_parity
    """)
    found = {tuple(row[:5]): (*row[5:9], *map(Decimal, row[9:])) for row in rows}
    assert found == expected
    assert len(raw) > len(kept) > len(by_key), "the log has copies, and events of one second"


def test_notebook_conversion_counts_distinct_users(demo: Project, raw: list[Event]) -> None:
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    for event in raw:
        if event.action in ("checkout", "confirmation"):
            users[str(event.stamp.date()), event.action].add(event.user)
    (rows,) = demo.ask("""
        select event_date, action, sum(purchaser_count) from telemetry_marts.mart_notebook_parity
        group by event_date, action having sum(purchaser_count) > 0
    """)
    assert {(day, action): int(count) for day, action, count in rows} == {
        key: len(names) for key, names in users.items()
    }


def test_price_outliers(demo: Project, kept: list[Event]) -> None:
    prices: dict[tuple[str, str], list[float]] = defaultdict(list)
    for session in reference.by_session(kept).values():
        month = session[0].stamp.strftime("%Y-%m-01")
        for event in session:
            if event.action == "cart" and event.value > 0:
                prices[month, event.category].append(math.log(event.value))
    norms = {}
    for key, logs in prices.items():
        middle = median(logs)
        distances = [abs(each - middle) for each in logs]
        norms[key] = (middle, median(distances) / 0.6745 or 1.253314 * fmean(distances))
    (rows,) = demo.ask("""
        select toStartOfMonth(session_date), category, price, price_robust_z
        from telemetry_marts.fct_order_lines where price > 0
    """)
    assert len(rows) > 100
    for month, category, price, score in rows:
        middle, spread = norms[month, category]
        if spread == 0:
            assert score is None
        else:
            assert score == pytest.approx((math.log(float(price)) - middle) / spread, abs=1e-9)


def test_data_health(
    demo: Project, raw: list[Event], kept: list[Event], orders: list[reference.Order]
) -> None:
    confirmed: dict[str, Counter[date]] = {"unchecked": Counter(), "reloaded": Counter()}
    idle = {event.index for event in reference.read_shop(kept).idle}
    for session in reference.by_session(kept).values():
        steps = [event for event in session if event.action in ("checkout", "confirmation")]
        for number, event in enumerate(steps):
            if event.index in idle:
                confirmed["reloaded" if number else "unchecked"][event.stamp.date()] += 1
    expected = {
        "orders_without_lines": Counter(
            order.confirmation.stamp.date() for order in orders if order.lines == [(UNKNOWN, order.value)]
        ),
        "confirmations_without_checkout": confirmed["unchecked"],
        "confirmations_reloaded": confirmed["reloaded"],
    }
    (rows,) = demo.ask("""
        select check_name, event_date, issue_count from telemetry_marts.mart_data_health
        where city = 'Все' and issue_count > 0
    """)
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for name, day, count in rows:
        found[name][date.fromisoformat(day)] = count
    for name, days in expected.items():
        assert found[name] == dict(days), name
        assert days, f"the log has none of {name}"
    assert sum(found["duplicate_rows"].values()) == len(raw) - len(kept)
    by_key = reference.deduplicate_by_key(raw)
    assert sum(found["events_of_one_second"].values()) == len(kept) - len(by_key) > 0
    assert "conflicting_rows" not in found
