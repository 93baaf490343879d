"""Uneven loads, built one after another, end in what one full build of the same rows gives."""

from __future__ import annotations

import random
import shutil
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import random_shop
from order_rules import Event
from project import Project

EVENT_COLUMNS = (
    "load_id, source_file, source_line, row_index, userid, sessionid, timestamp, "
    "action, value, quantity, category, product, order_id, age, gender, city"
)
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
# versions name the loads and thus their times; everything else must agree.
# A tuple has a hash even where a part is NULL.
CONTENT = """
    select count(), sum(sipHash64(tuple(* except (input_version))))
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
        at = f"toDateTime('{stamp:%Y-%m-%d %H:%M:%S}', 'Europe/Moscow')"
        cells = f"'log.csv', {line}, {line}, 'user_{user}', '{session}', {at}"
        return f"{cells}, '{action}', {value}, 1, '{category}', '', '', 30, 'Ж', 'Казань'"


def load(name: str, rows: list[str]) -> tuple[str, ...]:
    """Commands that put a load into the raw tables as the ingestion would."""
    values = ", ".join(f"('{name}', {row})" for row in rows)
    insert = f"insert into telemetry_raw.events ({EVENT_COLUMNS}) values {values}"
    return (*((insert,) if rows else ()), random_shop.publish(name, "shop"))


def replace(old: str, new: str, rows: list[str]) -> tuple[str, ...]:
    """Commands that put a changed version of a load in its place."""
    return (
        *load(new, rows),
        REPLACE.format(load=old),
        f"alter table telemetry_raw.events drop partition '{old}'",
    )


@pytest.fixture
def project(seeded: Path, tmp_path: Path) -> Project:
    return Project(shutil.copytree(seeded, tmp_path / "project", symlinks=True))


@pytest.mark.slow
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
    assert untouched == {"202203", "202204", "202206", "202207"}, (
        "one new day of August rebuilds August, and not July, whose last session it does not change"
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


def test_look_backs_equal_one_full_build(project: Project) -> None:
    """Carts, checkouts, order ids and refunds of earlier sessions and months come late, change and go."""
    rows = random_shop.numbered(row for seed in range(20, 26) for row in random_shop.random_log(seed))
    chance = random.Random(1)
    late = {row.index for row in rows if chance.random() < 0.1}
    # the first load has no checkout at all, as if the log told of none
    parts = {
        "february": [r for r in rows if r.at.month == 2 and r.index not in late and r.action != "checkout"],
        "march": [r for r in rows if r.at.month == 3 and r.index not in late],
        "late": [
            r
            for r in rows
            if r.at.month < 4 and (r.index in late or (r.at.month, r.action) == (2, "checkout"))
        ],
        "april": [r for r in rows if r.at.month > 3 and r.index not in late],
    }
    for name, part in parts.items():
        build(project, canonical_load(name, part))
    orders = "select count(), sum(revenue) from telemetry_marts.fct_order_lines"
    before = project.ask(orders)
    # a new version of a load: half of its carts are gone
    kept = [r for r in parts["february"] if r.action != "cart" or chance.random() < 0.5]
    build(project, (*canonical_load("february_2", kept), *retire("february")))
    assert project.ask(orders) != before

    incremental = contents(project)
    build(project, (), "--full-refresh")
    assert contents(project) == incremental


def test_more_loads_and_months_than_an_insert_may_have_partitions(project: Project) -> None:
    shop = Shop()
    months = [f"20{14 + number // 12}-{1 + number % 12:02d}-10 10:00:00" for number in range(110)]
    project.ask(
        commands=tuple(
            command
            for number, start in enumerate(months)
            for command in load(f"night_{number}", shop.session(start))
        )
    )
    for options in ((), ("--full-refresh",)):
        project.run("dbt", "run", "--quiet", "-s", "+int_sessions", *options)
        assert project.ask(
            "select count(), uniqExact(session_date) from telemetry_intermediate.int_sessions",
            "select uniqExact(load_id) from telemetry_staging.stg_load_days",
        ) == [[[110, 110]], [[110]]]


def test_another_zone_moves_rows_past_the_edge_of_the_log(project: Project) -> None:
    """The evening of 28 February in Moscow is 1 March in Vladivostok, a month that no load has in Moscow."""
    project.ask(commands=load("evening", Shop().session("2022-02-28 22:00:00")))
    found = "select distinct toString(session_date) from telemetry_intermediate.int_sessions"
    project.run("dbt", "run", "--quiet", "-s", "+int_sessions")
    assert project.ask(found) == [[["2022-02-28"]]]
    other = ("--vars", "{shop_timezone: Asia/Vladivostok}")
    told = project.run("dbt", "run", "--quiet", "-s", "+int_sessions", *other, expect=1)
    assert "run `dbt build --full-refresh -s stg_events+`" in " ".join(told.split()), (
        "a zone is of a column's type"
    )
    project.run("dbt", "run", "--quiet", "-s", "stg_events+,+int_sessions", "--full-refresh", *other)
    assert project.ask(found) == [[["2022-03-01"]]]


def canonical_load(name: str, rows: list[Event]) -> tuple[str, ...]:
    """One load for each log among the rows."""
    logs = sorted({row.log for row in rows})
    return tuple(
        command
        for log in logs
        for command in random_shop.load(f"{name}_{log}", log, [row for row in rows if row.log == log])
    )


def retire(name: str) -> tuple[str, ...]:
    """Commands that make the loads of this name count no more."""
    return tuple(
        command
        for log in ("checkouts", "confirmations", "purchases")
        for command in (
            REPLACE.format(load=f"{name}_{log}"),
            f"alter table telemetry_raw.events drop partition '{name}_{log}'",
        )
    )


def build(project: Project, commands: tuple[str, ...], *options: str) -> None:
    """Load, then run the incremental models and what they read."""
    project.ask(commands=commands)
    selection = ("-s", "+config.materialized:month_rebuild", "--exclude", "int_metric_series+")
    project.run("dbt", "run", "--quiet", *selection, *options)


def contents(project: Project) -> dict[str, list[int]]:
    """Row count and checksum of every table that is built incrementally."""
    names = [name for (name,) in project.ask(INCREMENTAL_TABLES)[0]]
    assert "telemetry_marts.fct_sales" in names
    answers = project.ask(*(CONTENT.format(table=name) for name in names))
    return {name: rows[0] for name, rows in zip(names, answers, strict=True)}
