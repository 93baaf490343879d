"""Uneven loads, built one after another, end in what one full build of the same rows gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from project import Project

EVENT_COLUMNS = (
    "load_id, source_file, source_line, row_index, userid, sessionid, timestamp, "
    "action, value, category, age, gender, city"
)
PUBLISH = """
    insert into telemetry_raw.loads
    select '{load}', ['{load}.csv'], ['{load}'], '{load}', count(), count(), 0, map(),
        if(count() = 0, null, min(timestamp)), if(count() = 0, null, max(timestamp)),
        now64(3), now64(3), 'loaded', map(), now64(3)
    from telemetry_raw.events
    where load_id = '{load}'
"""
REPLACE = """
    insert into telemetry_raw.loads
    select * replace('replaced' as status, now64(3) as updated_at)
    from telemetry_raw.loads final
    where load_id = '{load}'
"""
INCREMENTAL_TABLES = """
    select concat(database, '.', table)
    from system.columns
    where name = 'input_version' and startsWith(database, 'telemetry_')
    order by 1
"""
# versions name the loads and thus their times; everything else must agree
CONTENT = """
    select count(), sum(sipHash64(* except (input_version)))
    from {table}
"""
PARTS = """
    select partition, groupArray(name)
    from (
        select partition, name from system.parts
        where active and database = 'telemetry_marts' and table = 'fct_sales'
        order by partition, name
    )
    group by partition
"""


class Shop:
    """Hand-made sessions; every second session buys."""

    def __init__(self) -> None:
        self.lines = count(1)
        self.sessions = count(1)

    def session(self, start: str, minutes: int = 10, user: int = 1, number: int | None = None) -> list[str]:
        """Rows of one session of five events, evenly spaced, without their load."""
        number = next(self.sessions) if number is None else number
        first = datetime.fromisoformat(start)
        steps = [("mainpage", 0), ("product", 0), ("cart", 100 + number), ("checkout", 110 + number)]
        steps.append(("confirmation", 0) if number % 2 else ("search", 0))
        return [
            self.row(user, number, first + timedelta(minutes=minutes * i / 4), action, value)
            for i, (action, value) in enumerate(steps)
        ]

    def row(self, user: int, session: int, stamp: datetime, action: str, value: int) -> str:
        line = next(self.lines)
        category = "Одежда и обувь" if action == "cart" else ""
        cells = f"'log.csv', {line}, {line}, 'user_{user}', {session}, '{stamp:%Y-%m-%d %H:%M:%S}'"
        return f"{cells}, '{action}', {value}, '{category}', 30, 'Ж', 'Казань'"


def load(name: str, rows: list[str]) -> tuple[str, ...]:
    """Commands that put a load into the raw tables as the ingestion would."""
    values = ", ".join(f"('{name}', {row})" for row in rows)
    insert = f"insert into telemetry_raw.events ({EVENT_COLUMNS}) values {values}"
    return (*((insert,) if rows else ()), PUBLISH.format(load=name))


def replace(old: str, new: str, rows: list[str]) -> tuple[str, ...]:
    """Commands that put a changed version of a load in its place."""
    return (
        *load(new, rows),
        REPLACE.format(load=old),
        f"alter table telemetry_raw.events drop partition '{old}'",
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project(tmp_path_factory.mktemp("incremental"))
    from business_telemetry.ingest import raw_layer

    statements = ["create database if not exists telemetry_raw"]
    for name, structure in raw_layer.TABLES.items():
        statements.append(f"create table telemetry_raw.{name} {structure.format(engine='')}")
    project.ask(commands=tuple(statements))
    project.run("dbt", "seed", "--quiet")
    yield project


def test_uneven_loads_equal_one_full_build(project: Project) -> None:
    shop = Shop()
    march, april = [], []
    for day in range(1, 29, 3):
        march += shop.session(f"2022-03-{day:02d} 10:00:00", user=day % 4)
        april += shop.session(f"2022-04-{day:02d} 10:00:00", user=day % 4)
    across_month = shop.session("2022-03-31 23:55:00", user=7)
    june = shop.session("2022-06-10 10:00:00", user=8)
    stale_tail = shop.session("2022-08-01 00:05:00", user=9)

    build(project, load("a", march + across_month[:2] + june))
    # late rows of March, the rest of a session that crossed the month, a month of its own
    build(project, load("b", shop.session("2022-03-05 12:00:00", user=2) + across_month[2:] + april))
    build(project, load("nothing", []))
    # a session whose first events come last, from the month before
    build(project, load("c", stale_tail[1:]))
    build(project, load("d", [stale_tail[0].replace("2022-08-01 00:05:00", "2022-07-31 23:58:00")]))

    parts_before = dict(map(tuple, project.ask(PARTS)[0]))
    build(project, load("new_day", shop.session("2022-08-20 09:00:00", user=1)))
    parts_after = dict(map(tuple, project.ask(PARTS)[0]))
    untouched = {month for month in parts_before if parts_before[month] == parts_after.get(month)}
    assert untouched == {"202203", "202204", "202206"}, (
        "one new day of August rebuilds August and its neighbour"
    )

    # June disappears with the version of the load that replaces it, and March changes
    build(project, replace("a", "a2", march[5:] + across_month[:2]))
    # the first event of a session goes, so that it now starts in the next month
    build(project, replace("d", "d2", shop.session("2022-07-15 10:00:00", user=3)))

    incremental = contents(project)
    months = {
        row[0]
        for row in project.ask("select distinct toYYYYMM(session_date) from telemetry_marts.fct_sales")[0]
    }
    assert months == {202203, 202204, 202207, 202208}
    build(project, (), "--full-refresh")
    assert contents(project) == incremental


def build(project: Project, commands: tuple[str, ...], *options: str) -> None:
    """Load, then run the incremental models and what they read."""
    project.ask(commands=commands)
    selection = ("-s", "+config.materialized:incremental", "--exclude", "int_metric_series+")
    project.run("dbt", "run", "--quiet", *selection, *options)


def contents(project: Project) -> dict[str, list[int]]:
    """Row count and checksum of every table that is built incrementally."""
    names = [name for (name,) in project.ask(INCREMENTAL_TABLES)[0]]
    assert "telemetry_marts.fct_sales" in names
    answers = project.ask(*(CONTENT.format(table=name) for name in names))
    return {name: rows[0] for name, rows in zip(names, answers, strict=True)}
