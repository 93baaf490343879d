"""fct_sales against an independent computation of the same log."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import reference
from project import Project

FIGURES = """
    select
        {member} as member,
        sum(revenue) as revenue,
        sum(cart_value) as cart_value,
        uniqExactIf(order_key, is_order) as orders,
        uniqExact(user_id) as users,
        uniqExactIf(user_id, is_order) as buyers,
        uniqExact(session_key) as sessions
    from telemetry_marts.fct_sales
    group by member
"""
MEMBERS = {"all": "''", "category": "category", "city": "city", "month": "toStartOfMonth(event_date)"}


@pytest.fixture(scope="module")
def expected(demo_log: Path) -> dict[tuple[str, str], reference.Totals]:
    events, _ = reference.read_events(demo_log)
    return reference.totals(reference.deduplicate(events))


def test_every_slice_equals_the_reference(
    demo: Project, expected: dict[tuple[str, str], reference.Totals]
) -> None:
    answers = demo.ask(*(FIGURES.format(member=member) for member in MEMBERS.values()))
    found = {
        (dimension, member): (Decimal(revenue), Decimal(cart_value), *counts)
        for dimension, rows in zip(MEMBERS, answers, strict=True)
        for member, revenue, cart_value, *counts in rows
    }
    assert found.keys() == expected.keys()
    assert len(found) > 20
    for key, (revenue, *others) in found.items():
        wanted_revenue, *wanted_others = expected[key].figures()
        assert others == wanted_others, key
        # each line is cut to six digits, in binary there and in decimal here
        assert abs(revenue - wanted_revenue) < Decimal("0.001"), key
    assert found["all", ""] == expected["all", ""].figures()


def test_manifest_equals_the_reference(demo: Project, demo_log: Path) -> None:
    events, rows = reference.read_events(demo_log)
    truth = json.loads(demo_log.with_suffix(".truth.json").read_text(encoding="utf-8"))
    ((read, loaded, rejected),), ((staged,),) = demo.ask(
        "select rows_read, rows_loaded, rows_rejected from telemetry_raw.loads",
        "select count() from telemetry_staging.stg_events",
    )
    assert loaded == len(events)
    assert read == loaded + rejected
    assert read == truth["rows"]["total"]
    assert staged == len(reference.deduplicate(events))
    assert rows >= read  # a record with an embedded newline has more lines than rows
