"""What is stale, and in which batch it is built: the queries behind `month_rebuild`, on hand-made months."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from jinja2 import Environment, Template

from dbt.adapters.clickhouse_py.credentials import ClickHousePyCredentials
from dbt.adapters.clickhouse_py.engine import connect

MACROS = Path(__file__).parents[3] / "macros"
FILES = ("months.sql", "month_plan.sql", "event_month_versions.sql")


@pytest.fixture(scope="module")
def macros() -> Any:
    text = "".join((MACROS / name).read_text(encoding="utf-8") for name in FILES)
    template: Template = Environment(extensions=["jinja2.ext.do"]).from_string(text)
    return template.module


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = connect(ClickHousePyCredentials(driver="chdb", path=":memory:", schema="shop"))
    yield client
    client.close()


Months = dict[int, tuple[int, int]]  # month -> version, rows


def rows_of(months: Months) -> str:
    tuples = ", ".join(f"({month}, {version}, {rows})" for month, (version, rows) in months.items())
    structure = "month UInt32, input_version UInt64, row_count UInt64"
    return (
        f"select * from values('{structure}', {tuples})" if months else f"select * from null('{structure}')"
    )


def table(client: Client, name: str, months: Months) -> str:
    """A table by months, as a model that is rebuilt by month leaves it."""
    client.command(f"drop table if exists {name}")
    client.command(
        f"create table {name} (day Date, input_version UInt64) engine = MergeTree"
        " partition by toYYYYMM(day) order by day"
    )
    client.command(
        f"insert into {name} select YYYYMMDDToDate(month * 100 + 1), input_version from ({rows_of(months)})"
        " array join range(row_count)"
    )
    return name


Plan = list[tuple[str, str, str, int]]  # month, version, status, batch


def plan(
    macros: Any, client: Client, wanted: Months, held: Months, empty: dict[str, str] | None, batch_rows: int
) -> Plan:
    name = table(client, "held", held)
    sql = macros.month_plan(rows_of(wanted), macros.held_months(name, empty or {}), batch_rows)
    return [(row[0], row[1], row[2], row[4]) for row in client.query(sql).result_rows]


@pytest.mark.parametrize(
    ("wanted", "held", "empty", "expected"),
    [
        pytest.param({202201: (7, 1)}, {202201: (7, 1)}, {}, [], id="as it should be"),
        pytest.param({202201: (7, 1)}, {}, {}, [("202201", "7", "stale", 0)], id="new"),
        pytest.param({202201: (8, 1)}, {202201: (7, 1)}, {}, [("202201", "8", "stale", 0)], id="changed"),
        pytest.param({}, {202201: (7, 1)}, {}, [("202201", "0", "gone", 0)], id="gone"),
        pytest.param(
            {202202: (7, 1)},
            {202201: (7, 1), 202202: (7, 1)},
            {},
            [("202201", "0", "gone", 0)],
            id="one gone",
        ),
        pytest.param({202201: (7, 1)}, {}, {"202201": "7"}, [("202201", "7", "empty", 0)], id="known"),
        pytest.param({202201: (8, 1)}, {}, {"202201": "7"}, [("202201", "8", "stale", 0)], id="not known"),
        pytest.param({}, {}, {"202201": "7"}, [], id="known and gone"),
        pytest.param(
            {202201: (7, 1)},
            {202201: (8, 1)},
            {"202201": "7"},
            [("202201", "7", "stale", 0)],
            id="rows outrank what is remembered",
        ),
        pytest.param(
            {202201: (2**64 - 1, 1)}, {}, {}, [("202201", str(2**64 - 1), "stale", 0)], id="no digit is lost"
        ),
    ],
)
def test_status(
    macros: Any, client: Client, wanted: Months, held: Months, empty: dict[str, str], expected: Plan
) -> None:
    assert plan(macros, client, wanted, held, empty, 100) == expected


def test_batches_close_when_their_rows_are_enough(macros: Any, client: Client) -> None:
    wanted = {202201: (1, 4), 202202: (1, 5), 202203: (1, 3), 202204: (1, 30), 202205: (1, 1), 202206: (1, 1)}
    batches = [row[3] for row in plan(macros, client, wanted, {}, {}, 10)]
    assert batches == [0, 0, 0, 1, 4, 4], "months before, in tens: 0, 4, 9, 12, 42, 43"
    held = {202202: (1, 1), 202204: (1, 1)}
    assert [row[3] for row in plan(macros, client, wanted, held, {}, 10)] == [0, 0, 0, 0], (
        "months that are as they should be are not read"
    )


def test_month_list_is_what_the_query_would_have_given(macros: Any, client: Client) -> None:
    some = client.query(macros.month_list({"202201": "7", "202203": str(2**64 - 1)}))
    assert some.result_rows == [(202201, 7), (202203, 2**64 - 1)]
    none = client.query(macros.month_list({}) + " settings limit = 1")
    assert none.result_rows == []
    assert [kind.name for kind in some.column_types] == ["UInt32", "UInt64"]


def test_swap_is_one_statement(macros: Any) -> None:
    def swap(built: list[str], dropped: list[str]) -> str:
        return " ".join(macros.swap_months("t", "a", built, dropped).split())

    assert swap(["1", "2"], ["3"]) == (
        "alter table t replace partition id '1' from a, replace partition id '2' from a,"
        " drop partition id '3'"
    )
    assert swap(["1"], []) == "alter table t replace partition id '1' from a"
    assert swap([], ["3", "4"]) == "alter table t drop partition id '3', drop partition id '4'"


class TestInputVersions:
    def versions(self, macros: Any, client: Client, months_back: int, *inputs: Months) -> Months:
        names = [table(client, f"input_{n}", months) for n, months in enumerate(inputs)]
        rows = client.query(macros.input_versions(names, months_back, "0")).result_rows
        return {month: (version, count) for month, version, count in rows}

    def test_months_of_all_inputs_and_their_rows(self, macros: Any, client: Client) -> None:
        found = self.versions(
            macros, client, 0, {202112: (1, 2), 202201: (1, 3)}, {202201: (2, 4), 202202: (2, 5)}
        )
        assert {month: rows for month, (_, rows) in found.items()} == {202112: 2, 202201: 7, 202202: 5}
        assert len({version for version, _ in found.values()}) == 3

    def test_a_look_back_is_part_of_the_version(self, macros: Any, client: Client) -> None:
        before = self.versions(macros, client, 2, {202111: (1, 1), 202112: (1, 1), 202202: (1, 1)})
        assert sorted(before) == [202111, 202112, 202202], "what is only read for later is not held"
        changed = self.versions(macros, client, 2, {202111: (9, 1), 202112: (1, 1), 202202: (1, 1)})
        assert [before[month] == changed[month] for month in sorted(before)] == [False, False, True]
        gone = self.versions(macros, client, 2, {202111: (1, 1), 202202: (1, 1)})
        assert before[202111] == gone[202111]
        assert before[202202] != gone[202202]

    def test_which_month_has_which_version_matters(self, macros: Any, client: Client) -> None:
        one = self.versions(macros, client, 1, {202201: (1, 1), 202202: (2, 1)})
        other = self.versions(macros, client, 1, {202201: (2, 1), 202202: (1, 1)})
        assert one[202202] != other[202202]


Sessions = dict[int, dict[str, int | None]]  # session -> day of an event -> the user's age in it
ACROSS: Sessions = {
    1: {"2022-01-31": 30, "2022-02-01": None},
    2: {"2022-03-05": 30, "2022-06-05": 30},  # a number used again
    3: {"2022-04-01": 30, "2022-04-30": None},
    4: {"2022-02-10": 30},
}


class TestEventMonths:
    """Each month of staging has a version, each event something that may be unknown."""

    def versions(
        self,
        macros: Any,
        client: Client,
        sessions: Sessions,
        changed: tuple[str, ...] = (),
        known: Sessions | None = None,
    ) -> dict[int, int]:
        """Months of int_events; `known` are the sessions when int_crossing_events was built, if not these."""
        events, of_crossing = (
            [
                (key, day, "null" if age is None else age, 2 if day[:7] in changed else 1)
                for key, days in source.items()
                for day, age in days.items()
            ]
            for source in (sessions, known or sessions)
        )
        crossing = [row for row in of_crossing if len({day[:7] for day in (known or sessions)[row[0]]}) > 1]
        for name, rows in (("staged", events), ("crossing", crossing)):
            client.command(f"drop table if exists {name}")
            client.command(
                f"create table {name}"
                " (session_key UInt64, event_date Date, age Nullable(UInt8), input_version UInt64)"
                " engine = MergeTree partition by toYYYYMM(event_date) order by session_key"
            )
            if rows:
                cells = ", ".join(f"({key}, '{day}', {age}, {version})" for key, day, age, version in rows)
                client.command(f"insert into {name} values {cells}")
        return {
            month: version
            for month, version, _ in client.query(
                macros.event_month_versions("staged", "crossing"), settings={"join_use_nulls": 1}
            ).result_rows
        }

    def stale(self, before: dict[int, int], after: dict[int, int]) -> set[int]:
        return {month for month in before if before[month] != after.get(month)}

    @pytest.mark.parametrize("month", ["2022-01", "2022-02", "2022-03", "2022-04", "2022-06"])
    def test_other_events_of_a_month_leave_those_alone_that_share_a_session(
        self, macros: Any, client: Client, month: str
    ) -> None:
        before = self.versions(macros, client, ACROSS)
        assert set(before) == {202201, 202202, 202203, 202204, 202206}
        assert self.stale(before, self.versions(macros, client, ACROSS, (month,))) == {
            int(month.replace("-", ""))
        }

    @pytest.mark.parametrize(
        ("key", "day", "age", "stale"),
        [
            (1, "2022-01-31", 31, {202201, 202202}),
            (1, "2022-01-31", None, {202201, 202202}),
            (1, "2022-02-01", 30, {202201, 202202}),
            (1, "2022-02-02", None, {202201, 202202}),  # one event more
            (2, "2022-03-05", 31, {202203, 202206}),
            (2, "2022-08-05", 30, {202203, 202206, 202208}),
            (3, "2022-04-30", 31, {202204}),
            (4, "2022-02-10", 31, {202202}),
            (4, "2022-04-10", 31, {202202, 202204}),
        ],
    )
    def test_an_event_changes_each_month_that_its_session_touches(
        self, macros: Any, client: Client, key: int, day: str, age: int | None, stale: set[int]
    ) -> None:
        before = {202208: 0, **self.versions(macros, client, ACROSS)}
        edited: Sessions = {**ACROSS, key: {**ACROSS[key], day: age}}
        after = {202208: 0, **self.versions(macros, client, edited, (day[:7],))}
        assert self.stale(before, after) == stale

    def test_a_session_that_moves_changes_both_months(self, macros: Any, client: Client) -> None:
        across: Sessions = {
            1: {"2022-01-31": 30, "2022-02-01": 30},
            2: {"2022-01-05": 30},
            3: {"2022-03-01": 30},
        }
        without_first: Sessions = {**across, 1: {"2022-02-01": 30}}
        before = self.versions(macros, client, across)
        assert self.stale(before, self.versions(macros, client, without_first, ("2022-01",))) == {
            202201,
            202202,
        }

    def test_a_build_that_did_not_know_a_crossing_session_is_made_again(
        self, macros: Any, client: Client
    ) -> None:
        edited: Sessions = {**ACROSS, 4: {"2022-02-10": 30, "2022-04-10": 30}}
        unaware = self.versions(macros, client, edited, ("2022-04",), known=ACROSS)
        assert self.stale(unaware, self.versions(macros, client, edited, ("2022-04",))) == {202202, 202204}


class TestCrossingMonths:
    def versions(
        self, macros: Any, client: Client, months: dict[str, tuple[int, set[int]]]
    ) -> dict[int, tuple[int, int]]:
        cells = ", ".join(
            f"({key}, '{month}-01', {version})" for month, (version, keys) in months.items() for key in keys
        )
        session_months = f"values('session_key UInt64, month Date, input_version UInt64', {cells})"
        rows = client.query(macros.crossing_month_versions(session_months)).result_rows
        return {month: (version, count) for month, version, count in rows}

    def test_months_by_their_events_and_by_which_sessions_they_share(
        self, macros: Any, client: Client
    ) -> None:
        months = {"2022-01": (1, {1, 2}), "2022-02": (1, {1, 3}), "2022-03": (1, {4}), "2022-05": (1, {5, 2})}
        before = self.versions(macros, client, months)
        assert {month: count for month, (_, count) in before.items()} == {202201: 2, 202202: 1, 202205: 1}
        for changed, stale in (
            ({"2022-02": (2, {1, 3})}, {202202}),
            ({"2022-02": (1, {1, 3, 5})}, {202202, 202205}),
            ({"2022-05": (2, {5})}, {202201, 202205}),  # session 2 crosses no more
        ):
            after = self.versions(macros, client, {**months, **changed})
            assert {month for month in before if before[month] != after.get(month)} == stale
