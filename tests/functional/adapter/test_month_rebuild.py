"""`month_rebuild` on hand-made months: what is built, what is left alone, what a table holds at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dbt.tests.util import run_dbt, run_dbt_and_capture, write_file

MACROS = Path(__file__).parents[3] / "macros"
FILES = ("months.sql", "month_plan.sql", "materializations/month_rebuild.sql")

BY_DAY = """
with

months as (
    {% set versions %}
    select toYYYYMM(day) as month, any(version) as input_version, count() as row_count
    from {{ target.schema }}.raw_days
    group by month
    {% endset %}
    {{ months_of(versions) }}
),

final as (
    select raw_days.day as day, raw_days.value as value, months.input_version as input_version
    from {{ target.schema }}.raw_days as raw_days
    inner join months on toYYYYMM(raw_days.day) = months.month
    where raw_days.value != 0
)

select * from final
"""
TWO_MONTHS = """
with

months as (
    {{ months(months_back=1) }}
),

days as (
    select value, arrayJoin([0, 1]) as months_later, toYYYYMM(addMonths(day, months_later)) as read_for
    from {{ ref('by_day') }}
    where toYYYYMM(day) in (select arrayJoin({{ months_before('months.month', 1) }}) from months)
),

final as (
    select
        YYYYMMDDToDate(months.month * 100 + 1) as month,
        toInt64(sum(days.value)) as total,
        any(months.input_version) as input_version
    from days
    inner join months on days.read_for = months.month
    group by months.month
)

select * from final
"""
SCHEMA = """
models:
  - name: by_day
    config: {materialized: month_rebuild, partition_by: toYYYYMM(day), order_by: day}
  - name: two_months
    config:
      materialized: month_rebuild
      partition_by: toYYYYMM(month)
      order_by: month
      contract: {enforced: true}
    constraints: [{type: check, name: not_too_much, expression: total < 1000}]
    columns:
      - {name: month, data_type: Date}
      - {name: total, data_type: Int64}
      - {name: input_version, data_type: UInt64}
unit_tests:
  - name: without_a_warehouse
    model: two_months
    given:
      - input: ref('by_day')
        rows:
          - {day: '2022-01-31', value: 1}
          - {day: '2022-02-01', value: 2}
          - {day: '2022-03-01', value: 4}
    expect:
      rows:
        - {month: '2022-01-01', total: 1}
        - {month: '2022-02-01', total: 3}
        - {month: '2022-03-01', total: 6}
        - {month: '2022-04-01', total: 4}
"""
RAW_DAYS = (
    "create or replace table raw_days (day Date, value Int32, version UInt64) engine MergeTree order by day"
)
TOTALS = "select month, total from two_months order by month"
LEFT = "select name from system.tables where name like '%dbt_%' and database = currentDatabase()"
Query = Callable[[str], list[tuple[Any, ...]]]
Days = dict[str, tuple[int, int]]  # day -> value, version of its month

JANUARY, FEBRUARY, MARCH = {"2022-01-31": (1, 1)}, {"2022-02-01": (2, 1)}, {"2022-03-01": (4, 1)}
STRAY = {"1999-05-01": (0, 1)}


class Months:
    """A project of two models; `batch_rows` decides whether the months are built together or each alone."""

    batch_rows = 1

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {"by_day.sql": BY_DAY, "two_months.sql": TWO_MONTHS, "schema.yml": SCHEMA}

    @pytest.fixture(scope="class")
    def macros(self) -> dict[str, str]:
        return {name.split("/")[-1]: (MACROS / name).read_text(encoding="utf-8") for name in FILES}

    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, Any]:
        return {"vars": {"build_batch_rows": self.batch_rows}}

    def load(self, rows: Query, days: Days) -> None:
        rows(RAW_DAYS)
        cells = ", ".join(f"('{day}', {value}, {version})" for day, (value, version) in days.items())
        rows(f"insert into raw_days values {cells}")

    def parts(self, rows: Query, name: str) -> dict[str, str]:
        return dict(
            rows(
                "select partition, any(name) from system.parts"
                f" where active and database = currentDatabase() and table = '{name}' group by partition"
            )
        )

    def totals(self, rows: Query) -> dict[str, int]:
        return {
            str(month)[:7]: total
            for month, total in rows("select month, total from two_months order by month")
        }


def statements(output: str, words: str) -> int:
    return sum(line.strip().lower().startswith(words) for line in output.splitlines())


class TestMonthsOneByOne(Months):
    def test_months_come_change_and_go(self, project: Any, rows: Query) -> None:
        self.load(rows, {**JANUARY, **FEBRUARY, **MARCH, **STRAY})
        _, output = run_dbt_and_capture(["--debug", "build"])
        assert self.totals(rows) == {"2022-01": 1, "2022-02": 3, "2022-03": 6}
        assert statements(output, "insert into") == (7 if self.batch_rows == 1 else 2)

        _, output = run_dbt_and_capture(["--debug", "run"])
        done = [statements(output, words) for words in ("create table", "insert", "alter", "drop")]
        assert done == [0, 0, 0, 0], "nothing is stale, not even the month that came out empty"

        before = self.parts(rows, "two_months")
        self.load(rows, {**JANUARY, "2022-02-01": (20, 2), **MARCH, **STRAY})
        _, output = run_dbt_and_capture(["--debug", "run"])
        assert self.totals(rows) == {"2022-01": 1, "2022-02": 21, "2022-03": 24}
        after = self.parts(rows, "two_months")
        assert {month for month in before if before[month] == after[month]} == {"202201"}
        assert statements(output, "alter table") == 2

        # January is gone, March comes out empty: both models drop them
        self.load(rows, {"2022-02-01": (20, 2), "2022-03-01": (0, 2), **STRAY})
        run_dbt(["run"])
        assert list(self.parts(rows, "by_day")) == ["202202"]
        assert self.totals(rows) == {"2022-02": 20}

        # what was known to be empty has rows again, and a version that was there before
        self.load(rows, {**JANUARY, "2022-02-01": (20, 2), **MARCH, "1999-05-01": (8, 2)})
        run_dbt(["run"])
        incremental = self.totals(rows)
        assert incremental == {"1999-05": 8, "2022-01": 1, "2022-02": 21, "2022-03": 24}
        run_dbt(["run", "--full-refresh"])
        assert self.totals(rows) == incremental
        assert (
            rows("select name from system.tables where name like '%dbt_%' and database = currentDatabase()")
            == []
        )

    def test_checks_stand_on_the_table_and_on_what_is_built(self, project: Any, rows: Query) -> None:
        ((code,),) = rows("select create_table_query from system.tables where name = 'two_months' limit 1")
        assert "CONSTRAINT not_too_much CHECK" in code and "total < 1000" in code, code
        before = self.totals(rows)
        self.load(rows, {**JANUARY, "2022-02-01": (999, 3), **MARCH})
        assert [str(result.status) for result in run_dbt(["run"], expect_pass=False)] == ["success", "error"]
        assert self.totals(rows) == before
        self.load(rows, {**JANUARY, "2022-02-01": (20, 4), **MARCH})
        run_dbt(["run"])
        assert self.totals(rows) == {"2022-01": 1, "2022-02": 21, "2022-03": 24}


class TestMonthsTogether(TestMonthsOneByOne):
    batch_rows = 1000


class TestCode(Months):
    """Another text, var or seed makes months stale, and those of what reads them."""

    @pytest.fixture(scope="class")
    def seeds(self) -> dict[str, str]:
        return {"factor_by_hand.csv": "factor\n1\n"}

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        factor = "{{ var('sign', 1) }} * coalesce((select any(factor) from {{ ref('factors') }}), 0)"
        by_day = BY_DAY.replace("raw_days.value as value", f"toInt32(raw_days.value * {factor}) as value")
        return {
            "by_day.sql": by_day,
            "two_months.sql": TWO_MONTHS,
            "factors.sql": "select factor from {{ ref('factor_by_hand') }}",
            "schema.yml": SCHEMA,
        }

    def test_a_change_reaches_every_month(self, project: Any, rows: Query) -> None:
        self.load(rows, {**JANUARY, **FEBRUARY, **STRAY})
        run_dbt(["seed"])
        run_dbt(["run"])
        assert self.totals(rows) == {"2022-01": 1, "2022-02": 3}

        write_file("factor\n10\n", "seeds", "factor_by_hand.csv")
        run_dbt(["seed"])
        run_dbt(["run"])
        assert self.totals(rows) == {"2022-01": 10, "2022-02": 30}

        run_dbt(["run", "--vars", "{sign: -1}"])
        assert self.totals(rows) == {"2022-01": -10, "2022-02": -30}
        _, output = run_dbt_and_capture(["--debug", "run", "--vars", "{sign: -1}"])
        assert statements(output, "insert") == 0, "the same code again"

        write_file("select 2 * factor as factor from {{ ref('factor_by_hand') }}", "models", "factors.sql")
        run_dbt(["run"])
        assert self.totals(rows) == {"2022-01": 20, "2022-02": 60}

    def test_a_month_that_came_out_empty_is_tried_again(self, project: Any, rows: Query) -> None:
        assert "1999-05" not in self.totals(rows)
        all_rows = BY_DAY.replace("raw_days.value as value", "toInt32(raw_days.value + 1) as value")
        write_file(all_rows.replace("where raw_days.value != 0", ""), "models", "by_day.sql")
        run_dbt(["run"])
        assert self.totals(rows)["1999-05"] == 1


class TestColumns(Months):
    def test_other_columns_want_a_full_refresh_or_get_one(self, project: Any, rows: Query) -> None:
        self.load(rows, {**JANUARY, **FEBRUARY})
        run_dbt(["run", "-s", "by_day"])
        write_file(BY_DAY.replace("as value", "as number"), "models", "by_day.sql")
        _, output = run_dbt_and_capture(["run", "-s", "by_day"], expect_pass=False)
        words = " ".join(output.split())
        assert "(new: number; gone: value; of another type: none)" in words
        assert "dbt build --full-refresh -s by_day+" in words
        assert rows("select day, value from by_day order by day limit 1")[0][1] == 1

        synced = SCHEMA.replace("order_by: day", "order_by: day, on_schema_change: sync_all_columns")
        write_file(synced, "models", "schema.yml")
        run_dbt(["run", "-s", "by_day"])
        assert [number for (number,) in rows("select number from by_day order by day")] == [1, 2]

    def test_an_empty_run_leaves_an_empty_table(self, project: Any, rows: Query) -> None:
        write_file(BY_DAY, "models", "by_day.sql")
        write_file(SCHEMA, "models", "schema.yml")
        rows(RAW_DAYS)
        run_dbt(["run", "--empty", "--full-refresh"])
        assert rows("select count() from by_day") == [(0,)]
        self.load(rows, JANUARY)
        run_dbt(["run"])
        assert self.totals(rows) == {"2022-01": 1}

    def test_an_empty_run_takes_no_month_for_empty(self, project: Any, rows: Query) -> None:
        self.load(rows, JANUARY)
        run_dbt(["run"])
        run_dbt(["run", "--empty", "--full-refresh", "-s", "two_months"])
        assert self.totals(rows) == {}
        run_dbt(["run"])
        assert self.totals(rows) == {"2022-01": 1}
        self.load(rows, {**JANUARY, **FEBRUARY})
        run_dbt(["run", "--empty"])
        assert self.totals(rows) == {"2022-01": 1}, "what is there stays"
        run_dbt(["run"])
        assert self.totals(rows) == {"2022-01": 1, "2022-02": 3}

    def test_a_model_without_months_is_told_how(self, project: Any, rows: Query) -> None:
        write_file("select 1 as day, 1 as input_version", "models", "by_day.sql")
        _, output = run_dbt_and_capture(["run", "-s", "by_day"], expect_pass=False)
        assert "it needs one CTE `months as ( {{ months() }} )`" in " ".join(output.split())
