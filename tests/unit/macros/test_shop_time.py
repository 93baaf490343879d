"""The hour on a city's clocks, against the zone database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clickhouse_connect.driver.client import Client
from jinja2 import Environment

from dbt.adapters.clickhouse_py.credentials import ClickHousePyCredentials
from dbt.adapters.clickhouse_py.engine import connect

MACRO = Path(__file__).parents[3] / "macros" / "shop_time.sql"


def city_clock(part: str, shop: str, is_local: bool = False) -> str:
    """The macro's SQL for a column `hour` of this shop."""
    environment = Environment(extensions=["jinja2.ext.do"])
    environment.globals["var"] = {"shop_timezone": shop, "timestamps_are_local": is_local}.__getitem__
    macros: Any = environment.from_string(MACRO.read_text(encoding="utf-8")).module
    return str(macros.on_city_clock(part, "hour", "utc_offset"))


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = connect(ClickHousePyCredentials(driver="chdb", path=":memory:", schema="shop"))
    yield client
    client.close()


def clocks(
    client: Client, shop: str, starts: list[datetime], offset: str, is_local: bool = False
) -> list[tuple[date, int]]:
    """Day and hour in the city."""
    seconds = [int(start.timestamp()) for start in starts]
    rows = client.query(
        f"""select {city_clock("toDate", shop, is_local)}, {city_clock("toHour", shop, is_local)} from (
            select
                toDateTime(arrayJoin({seconds}), '{shop}') as hour,
                cast({offset} as Nullable(Int8)) as utc_offset
        )"""
    ).result_rows
    return [(day, hour) for day, hour in rows]


@pytest.mark.parametrize("shop", ["Europe/Moscow", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize(
    ("zone", "offset"), [("Europe/Moscow", "3"), ("Asia/Vladivostok", "10"), ("", "null")]
)
def test_days_and_hours_are_those_of_the_city_when_the_shops_clocks_change(
    client: Client, shop: str, zone: str, offset: str
) -> None:
    days = ((3, 13), (3, 27), (10, 30))
    starts = [datetime(2022, *day, hour, tzinfo=UTC) for day in days for hour in range(24)]
    local = [start.astimezone(ZoneInfo(zone or shop)) for start in starts]
    assert clocks(client, shop, starts, offset) == [(moment.date(), moment.hour) for moment in local]


def test_a_log_on_the_users_own_clocks_needs_no_shift(client: Client) -> None:
    start = datetime(2022, 3, 1, 5, tzinfo=ZoneInfo("Europe/Moscow"))
    assert clocks(client, "Europe/Moscow", [start], "7", is_local=True) == [(date(2022, 3, 1), 5)]
