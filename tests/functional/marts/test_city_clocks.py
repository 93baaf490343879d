"""Hours and days of sales on the clocks of their cities, against the zone database."""

from __future__ import annotations

import csv
from datetime import datetime
from zoneinfo import ZoneInfo

from project import ROOT, Project

SHOP = ZoneInfo("Europe/Moscow")


def test_hours_and_days_are_those_of_the_city_clocks(demo: Project) -> None:
    with (ROOT / "seeds" / "cities.csv").open(encoding="utf-8", newline="") as file:
        zones = {row["city"]: ZoneInfo(row["timezone"]) for row in csv.DictReader(file)}
    (rows,) = demo.ask(
        "select distinct city, toUnixTimestamp(event_hour), local_hour, toString(local_date),"
        " event_date < local_date from telemetry_marts.fct_sales"
    )
    wrong = [
        (city, hour, found, day)
        for city, hour, found, day, _ in rows
        for local in [datetime.fromtimestamp(hour, zones.get(city, SHOP))]
        if (local.hour, local.date().isoformat()) != (found, day)
    ]
    assert wrong == []
    offsets = {zones[city].utcoffset(datetime(2022, 1, 1)) for city, *_ in rows if city in zones}
    assert len(offsets) > 3
    assert any(later for *_, later in rows)  # where it is tomorrow already
