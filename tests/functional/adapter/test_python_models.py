"""Python models as tables: configuration, hooks, docs, and what remains after a failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dbt.tests.util import run_dbt, write_file

Rows = Callable[[str], list[tuple[Any, ...]]]

SQUARES = '''

"""Two blank lines above, so that line 9 is the one that fails."""
import pandas


def squares(count):
    if count < 0:
        raise ValueError(f"no {count} squares")
    return pandas.DataFrame({"square": [i * i for i in range(count)], "number": range(count)})


def model(dbt, session):
    dbt.config(materialized="table", order_by=["number"], partition_by="number % 2", engine="MergeTree()")
    before = session.command(f"exists {dbt.this}") and session.command(f"select count() from {dbt.this}")
    session.command(f"insert into {dbt.this.schema}.log values (%(before)s)", {"before": before})
    return squares(dbt.config.get("count"))
'''

SCHEMA = """
models:
  - name: squares
    description: Squares of small numbers
    config:
      count: "{{ var('count', 5) }}"
      persist_docs: {relation: true, columns: true}
      pre_hook: "create table if not exists {{ this.schema }}.log (before UInt64) engine = Log"
      post_hook: "insert into {{ this.schema }}.log select 1000 + count() from {{ this }}"
    columns:
      - {name: number, data_type: UInt8, description: The number}
      - {name: square, data_type: UInt16}
"""


class TestOneModel:
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {"squares.py": SQUARES, "schema.yml": SCHEMA}

    def fail(self, *args: str) -> str:
        (result,) = run_dbt(["run", *args], expect_pass=False)
        return str(result.message)

    def test_life(self, project: Any, rows: Rows) -> None:
        run_dbt(["run"])
        assert rows("select * from squares order by number") == [(i, i * i) for i in range(5)]
        ((ddl,),) = rows("select create_table_query from system.tables where name = 'squares'")
        assert "`number` UInt8 COMMENT 'The number', `square` UInt16" in ddl
        assert "ENGINE = MergeTree PARTITION BY (number % 2) ORDER BY (number)" in ddl
        assert "COMMENT 'Squares of small numbers'" in ddl

        # the old table is there until the new one is complete; hooks run before and after
        run_dbt(["run", "--vars", "count: 3"])
        assert rows("select * from squares order by number") == [(i, i * i) for i in range(3)]
        assert rows("select before from log settings max_threads = 1") == [(0,), (1005,), (5,), (1003,)]

        # a failure keeps the table, leaves nothing behind and points at the model's own line
        message = self.fail("--vars", "count: -1")
        assert "ValueError: no -1 squares" in message
        path = Path(project.project_root, "models", "squares.py")
        assert f'File "{path}", line 9, in squares' in message
        assert 'raise ValueError(f"no {count} squares")' in message
        assert "clickhouse_py" not in message
        assert rows("select count() from squares") == [(3,)]

        # so does a value that does not fit: 256 squared is more than UInt16 holds
        message = self.fail("--vars", "count: 257")
        assert "number (UInt8): Integer value 256 not in range: 0 to 255" in message
        assert "square (UInt16): Integer value 65536 not in range: 0 to 65535" in message
        assert rows("select count() from squares") == [(3,)]
        assert rows("show tables") == [("log",), ("squares",)]

    def test_columns_must_be_declared(self, project: Any) -> None:
        def declare(columns: str) -> str:
            head, _ = SCHEMA.split("    columns:\n")
            write_file(head + columns, project.project_root, "models", "schema.yml")
            return self.fail()

        assert "models/schema.yml: squares lacks a `data_type` for square" in declare(
            "    columns: [{name: number, data_type: UInt8}, {name: square}]"
        )
        assert "without a declaration: square; declared but not returned: root" in declare(
            "    columns: [{name: number, data_type: UInt8}, {name: root, data_type: UInt8}]"
        )
        assert "List its `columns` with `name` and `data_type` in models/schema.yml" in declare("")
        assert "Unknown data type family: Unt8" in declare("    columns: [{name: number, data_type: Unt8}]")
