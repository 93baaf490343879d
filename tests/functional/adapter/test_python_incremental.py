"""Python models with dbt-clickhouse's incremental strategies: four models at once on four threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dbt.tests.util import run_dbt, write_file

# the columns come in another order than in the table, which must not matter
DAILY = """
import pandas


def model(dbt, session):
    days = [2, 3] if dbt.is_incremental else [1, 2]
    frame = pandas.DataFrame({"run": 1 + dbt.is_incremental, "day": days})
    return frame.assign(note="late") if dbt.config.get("note") else frame
"""

STRATEGIES = {
    "appended": "incremental_strategy: append",
    "replaced": "incremental_strategy: delete_insert, unique_key: day, on_schema_change: append_new_columns",
    "overwritten": "incremental_strategy: insert_overwrite, partition_by: day",
    "rebuilt": "incremental_strategy: legacy, unique_key: day",
}


def schema(noted: str = "") -> str:
    """The YAML of all models; the one called `noted` has a third column."""
    text = "models:\n"
    for name, config in STRATEGIES.items():
        note = ", {name: note, data_type: String}" if name == noted else ""
        text += (
            f"  - name: {name}\n"
            f"    config: {{materialized: incremental, order_by: day, note: {bool(note)}, {config}}}\n"
            f"    columns: [{{name: day, data_type: UInt8}}, {{name: run, data_type: UInt8}}{note}]\n"
        )
    return text


class TestIncremental:
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {**{f"{name}.py": DAILY for name in STRATEGIES}, "schema.yml": schema()}

    def test_strategies(self, project: Any, rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
        def table(name: str) -> list[tuple[Any, ...]]:
            return rows(f"select * from {name} order by day, run")

        run_dbt(["run"])
        assert [table(name) for name in STRATEGIES] == [[(1, 1), (2, 1)]] * 4

        run_dbt(["run"])
        assert table("appended") == [(1, 1), (2, 1), (2, 2), (3, 2)]
        assert [table(name) for name in ("replaced", "overwritten", "rebuilt")] == [
            [(1, 1), (2, 2), (3, 2)]
        ] * 3

        write_file(schema(noted="replaced"), project.project_root, "models", "schema.yml")
        run_dbt(["run", "-s", "replaced"])
        assert table("replaced") == [(1, 1, ""), (2, 2, "late"), (3, 2, "late")]

        run_dbt(["run", "--full-refresh", "-s", "replaced", "overwritten"])
        assert table("replaced") == [(1, 1, "late"), (2, 1, "late")]
        assert table("overwritten") == [(1, 1), (2, 1)]
        assert rows("show tables") == [(name,) for name in sorted(STRATEGIES)]
