"""What the log cannot tell is not drawn: unknown dimensions, steps that it does not have, its currency."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from business_telemetry.dashboard.describe import describe_chart
from business_telemetry.dashboard.facts import Facts, read_facts, untold_message
from business_telemetry.dashboard.gate import Gate, Table
from business_telemetry.dashboard.load import load_catalogue

CATALOGUE = load_catalogue(Path(__file__).parents[3] / "dashboard")


class Log:
    """Answers as a warehouse would; `dim_log` may be missing."""

    marts = "marts"

    def __init__(self, cities: list[str], dim_log: dict[str, Any] | None) -> None:
        self.cities = cities
        self.dim_log = dim_log

    def run(self, sql: str, parameters: dict[str, Any]) -> Table:
        if "system.columns" in sql:
            return Table(("name",), tuple((name,) for name in self.dim_log or {}))
        if "dim_log" in sql:
            assert self.dim_log is not None
            return Table(tuple(self.dim_log), (tuple(self.dim_log.values()),))
        return Table(("members",), ((self.cities if "(city)" in sql else ["a", "b"],),))


@pytest.mark.parametrize(
    ("dim_log", "currency", "tells"),
    [(None, "RUB", True), ({"currency": "KZT", "has_checkout": False}, "KZT", False)],
)
def test_facts_come_from_dim_log_where_there_is_one(
    dim_log: dict[str, Any] | None, currency: str, tells: bool
) -> None:
    facts = read_facts(cast(Gate, Log(["Москва", "Омск"], dim_log)), CATALOGUE)
    assert (facts.currency, facts.tells("has_checkout"), facts.tells(None)) == (currency, tells, True)
    assert facts.untold == frozenset()


@pytest.mark.parametrize(
    ("cities", "untold"),
    [(["Не определено"], True), ([""], True), (["Не определено", "Омск"], False), ([], False)],
)
def test_a_dimension_that_nobody_knows_is_told_so(cities: list[str], untold: bool) -> None:
    facts = read_facts(cast(Gate, Log(cities, None)), CATALOGUE)
    message = untold_message(CATALOGUE, CATALOGUE.charts["city_table"], facts)
    assert (
        message == "В журнале нет данных о поле «Город», поэтому график по нему показывать нечего."
    ) == untold
    assert untold_message(CATALOGUE, CATALOGUE.charts["category_pareto"], facts) is None


def test_a_log_without_products_says_so() -> None:
    chart = CATALOGUE.charts["product_table"]
    message = untold_message(CATALOGUE, chart, Facts(flags={"has_product": False}))
    assert message == "В журнале нет данных о поле «Товар», поэтому график по нему показывать нечего."
    assert untold_message(CATALOGUE, chart, Facts(flags={"has_product": True})) is None


def test_a_funnel_leaves_out_steps_that_the_log_has_not() -> None:
    steps = describe_chart(CATALOGUE, "funnel", Facts())["y"]
    left = describe_chart(CATALOGUE, "funnel", Facts(flags={"has_checkout": False}))["y"]
    assert set(steps) - set(left) == {"m_checked_out"}
    assert (
        "m_cr_checkout"
        not in describe_chart(CATALOGUE, "cr_table", Facts(flags={"has_checkout": False}))["y"]
    )


def test_ends_of_intervals_stand_in_the_cell_of_their_measure() -> None:
    shown = describe_chart(CATALOGUE, "campaign_table", Facts())
    assert "m_lift" in shown["y"]
    assert "m_lift_lower" not in shown["y"]
    assert shown["fields"]["m_lift"]["interval"] == ("m_lift_lower", "m_lift_upper")
