"""Anomalies and the forecast as of a day, on a copy of the demo with a broken day planted in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from project import Project

pytestmark = pytest.mark.slow

AS_OF = "2022-03-31"
BROKEN_DAY = "2022-03-15"
MARTS = {
    "mart_anomalies": "metric, segment_type, segment, day",
    "mart_anomaly_months": "metric, segment_type, segment, month",
    "mart_anomaly_drivers": "event_key, dimension, member",
    "mart_revenue_forecast": "origin_date, level, segment, date",
    "mart_forecast_accuracy": "level, candidate",
}
KEY_FIGURES = (
    f"""
    select metric, kind, direction, is_anomaly, toString(first_flagged_on), value
    from telemetry_marts.mart_anomalies
    where segment_type = 'all' and day = '{BROKEN_DAY}' and metric in ('sessions', 'users')
    order by metric
    """,
    "select toString(max(day)), toString(max(as_of)) from telemetry_marts.mart_anomalies",
    """
    select toString(min(date)), toString(max(date)), uniqExact(date), countIf(actual is not null)
    from telemetry_marts.mart_revenue_forecast
    where not is_backtest
    """,
)


def remove(condition: str) -> tuple[str, ...]:
    """Commands that delete sessions and their sales; the condition speaks of `day`."""
    days = {"fct_sales": "event_date", "fct_funnel": "session_date"}
    deletes = (
        f"alter table telemetry_marts.{table} delete where {condition.replace('day', column)}"
        " settings mutations_sync = 1"
        for table, column in days.items()
    )
    # whose months are counted anew only when those of the facts are built anew
    return (*deletes, "truncate table telemetry_intermediate.int_segment_days")


def build_as_of(project: Project, *command: str) -> list[list[list[Any]]]:
    """Build everything as of the day; the key figures and all rows of the marts."""
    project.run("dbt", *command, "-s", "int_segment_days+", "--vars", f"{{as_of: '{AS_OF}'}}")
    marts = (f"select * from telemetry_marts.{mart} order by {key}" for mart, key in MARTS.items())
    return project.ask(*KEY_FIGURES, *marts)


@pytest.fixture(scope="module")
def shop(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the demo whose log lacks one day."""
    project = Project(tmp_path_factory.mktemp("as_of"))
    shutil.copytree(demo_warehouse, project.home / "warehouse", symlinks=True)
    project.ask(commands=remove(f"day = '{BROKEN_DAY}'"))
    return project


@pytest.fixture(scope="module")
def known(shop: Project) -> list[list[list[Any]]]:
    """The marts as of the day, and that their tests pass, while the warehouse knows later days too."""
    return build_as_of(shop, "build", "--exclude-resource-type", "unit_test")


def test_planted_outage_is_flagged(known: list[list[list[Any]]]) -> None:
    flagged = [[metric, "outage", "down", True, AS_OF, 0.0] for metric in ("sessions", "users")]
    assert known[0] == flagged


def test_marts_end_on_the_day(known: list[list[list[Any]]]) -> None:
    assert known[1] == [[AS_OF, AS_OF]]
    assert known[2] == [["2022-04-01", "2022-07-01", 92, 0]]


def test_later_days_change_nothing(shop: Project, known: list[list[list[Any]]]) -> None:
    shop.ask(commands=remove(f"day > '{AS_OF}'"))
    assert build_as_of(shop, "run") == known
