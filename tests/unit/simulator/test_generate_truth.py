"""The ground truth equals what an independent reader counts in the file."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from generated_log import ACTIONS, GeneratedLog, Row

from shop_simulator import truth_path

Sessions = dict[tuple[str, str], list[Row]]


@pytest.fixture(scope="module")
def events(crowded_log: GeneratedLog) -> list[Row]:
    """Distinct rows, in order of user, session, time and depth."""
    distinct = {row.content: row for row in crowded_log.rows}.values()
    return sorted(
        distinct, key=lambda row: (row.user, row.session, row.stamp, ACTIONS.index(row.action), row.place)
    )


@pytest.fixture(scope="module")
def sessions(events: list[Row]) -> Sessions:
    """Events by user and session."""
    result: Sessions = defaultdict(list)
    for row in events:
        result[row.user, row.session].append(row)
    return result


def test_rows(crowded_log: GeneratedLog, events: list[Row]) -> None:
    by_second = {(row.user, row.stamp) for row in events}
    assert crowded_log.truth["rows"] == {
        "total": len(crowded_log.rows) + len(crowded_log.rejected),
        "valid": len(crowded_log.rows),
        "rejected": len(crowded_log.rejected),
        "distinct": len(events),
        "distinct_by_user_and_second": len(by_second),
        "distinct_by_action": {a: sum(row.action == a for row in events) for a in ACTIONS},
    }
    assert sum(crowded_log.truth["rejected_by_kind"].values()) == len(crowded_log.rejected)
    assert all(count > 0 for count in crowded_log.truth["rejected_by_kind"].values())
    assert 0.015 < len(crowded_log.rejected) / crowded_log.truth["rows"]["total"] < 0.025


def test_written_truth_is_the_returned_one(crowded_log: GeneratedLog) -> None:
    assert json.loads(truth_path(crowded_log.path).read_text(encoding="utf-8")) == crowded_log.truth


def test_traps_of_delivery(crowded_log: GeneratedLog, events: list[Row]) -> None:
    latest = datetime.min
    late = 0
    for row in crowded_log.rows:
        late += row.stamp < latest
        latest = max(latest, row.stamp)
    by_second = Counter((row.user, row.stamp) for row in events)
    users_by_id = defaultdict(set)
    for row in events:
        users_by_id[row.session].add(row.user)
    expect(
        crowded_log,
        exact_duplicates=len(crowded_log.rows) - len(events),
        same_second_pairs=sum(count - 1 for count in by_second.values()),
        late_rows=late,
        session_ids_of_several_users=sum(len(users) > 1 for users in users_by_id.values()),
    )


def test_traps_of_sessions(crowded_log: GeneratedLog, sessions: Sessions) -> None:
    edges = [(rows[0].stamp, rows[-1].stamp) for rows in sessions.values()]
    expect(
        crowded_log,
        sessions_across_midnight=sum(start.date() != end.date() for start, end in edges),
        sessions_across_month=sum(start.month != end.month for start, end in edges),
        sessions_across_year=sum(start.year != end.year for start, end in edges),
        sessions_without_cart=sum(all(row.action != "cart" for row in rows) for rows in sessions.values()),
    )
    assert len(sessions) == crowded_log.truth["totals"]["sessions"] == crowded_log.config.sessions


def test_traps_of_rows(crowded_log: GeneratedLog, events: list[Row]) -> None:
    order_rows = [row for row in events if row.action in ("checkout", "confirmation")]
    cities = defaultdict(set)
    for row in events:
        cities[row.user].add(row.city)
    expect(
        crowded_log,
        order_rows_without_category=sum(row.category == "" for row in order_rows),
        order_rows_with_category=sum(row.category != "" for row in order_rows),
        rows_of_children=sum(row.age != "" and int(row.age) < 18 for row in events),
        rows_without_age=sum(row.age == "" for row in events),
        rows_without_city=sum(row.city == "" for row in events),
        users_with_two_cities=sum(len(names) == 2 for names in cities.values()),
    )


def test_orders(crowded_log: GeneratedLog, sessions: Sessions) -> None:
    """An order is the first confirmation after a checkout; its value falls back on checkout, then lines."""
    orders: list[Decimal] = []
    unchecked: list[Decimal] = []
    counts: Counter[str] = Counter()
    for rows in sessions.values():
        found = 0
        lines, checkouts = Decimal(0), list[Decimal]()
        has_lines = had_order = False
        for before, row in pairwise([None, *rows]):
            assert row is not None
            if row.action == "cart":
                lines, has_lines = lines + row.value, True
            elif row.action == "checkout":
                counts["checkouts_repeated"] += bool(checkouts)
                checkouts.append(row.value)
            elif row.action == "confirmation" and checkouts:
                orders.append(row.value or checkouts[-1] or lines)
                counts["orders_without_lines"] += not has_lines
                counts["confirmations_without_value"] += row.value == 0
                counts["checkouts_differing_from_lines"] += checkouts[-1] != lines
                found += 1
                lines, checkouts, has_lines, had_order = Decimal(0), [], False, True
            elif row.action == "confirmation" and had_order:
                counts["confirmations_reloaded"] += 1
            elif row.action == "confirmation" and before is not None and before.action != "confirmation":
                unchecked.append(row.value or lines)
                counts["confirmations_without_checkout"] += 1
            elif row.action == "confirmation":
                counts["confirmations_reloaded"] += 1
        counts["checkouts_differing_from_lines"] += bool(checkouts) and checkouts[-1] != lines
        counts["sessions_with_two_orders"] += found == 2
    expect(crowded_log, **counts)
    totals = crowded_log.truth["totals"]
    assert (totals["orders"], Decimal(totals["revenue"])) == (len(orders), sum(orders))
    assert totals["orders_without_checkout"] == len(unchecked)
    assert Decimal(totals["revenue_without_checkout"]) == sum(unchecked)
    assert len(orders) > 500


def test_every_trap_is_planted(crowded_log: GeneratedLog) -> None:
    assert all(count > 0 for count in crowded_log.truth["traps"].values()), crowded_log.truth["traps"]


def test_money_by_month_and_by_attribute(crowded_log: GeneratedLog, events: list[Row]) -> None:
    months: dict[str, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for row in events:
        months[f"{row.stamp:%Y-%m}"][0] += 1
        months[f"{row.stamp:%Y-%m}"][1] += row.value if row.action == "cart" else 0
    assert {
        month: [part["events"], Decimal(part["cart_value"])]
        for month, part in crowded_log.truth["totals"]["by_month"].items()
    } == months
    for name in ("category", "gender", "city"):
        raw: dict[str, Decimal] = defaultdict(Decimal)
        for row in crowded_log.rows:
            raw[getattr(row, name)] += row.value
        planted = {key: Decimal(value) for key, value in crowded_log.truth["raw_value"][name].items()}
        assert {key: value for key, value in planted.items() if value} == {k: v for k, v in raw.items() if v}


def test_labels_name_every_incident(crowded_log: GeneratedLog) -> None:
    incidents = crowded_log.truth["incidents"]
    assert {incident["kind"] for incident in incidents} == {"spike", "dip", "outage", "drift", "level_shift"}
    for incident in incidents:
        assert incident["sign"] == (1 if incident["factor"] > 1 else -1)
        assert incident["size"] == pytest.approx(incident["factor"] - 1)
        assert incident["metrics"] and incident["start"] <= incident["end"]
    assert [promotion["kind"] for promotion in crowded_log.truth["promotions"]] == ["promotion"] * 4
    assert {step["start"] for step in crowded_log.truth["seasons"]} == {
        "2021-12-01",
        "2022-09-01",
        "2022-12-01",
    }


def expect(log: GeneratedLog, **counts: int) -> None:
    """Compares traps with an independent count."""
    assert {name: log.truth["traps"][name] for name in counts} == counts
