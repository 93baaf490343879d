"""dbt's own adapter suite on the embedded engine.

These tests run dbt inside pytest's process, and a process has one engine on one path: the whole directory
shares one path, and every class has a schema of its own. The engine stops when dbt closes its connections, so
other tests of the same pytest process may use other paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas  # noqa: F401  (one of dbt's tests freezes the clock, which breaks an import under way)
import pytest
from dbt.tests.fixtures.project import *  # noqa: F403

from dbt.adapters.clickhouse_py.credentials import ClickHousePyCredentials
from dbt.adapters.clickhouse_py.engine import connect


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one path of this process's engine."""
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="class")
def dbt_profile_target(warehouse: Path) -> dict[str, Any]:
    """The profile entry that every class runs on, with a user because some of dbt's fixtures print one."""
    return {
        "type": "clickhouse_py",
        "driver": "chdb",
        "path": str(warehouse),
        "threads": 4,
        "user": "default",
        "use_lw_deletes": True,
    }


@pytest.fixture(scope="class", autouse=True)
def little_output(request: pytest.FixtureRequest) -> Iterator[None]:
    """Logs and artifacts take a third of dbt's time; a class that reads artifacts says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_LOG_LEVEL_FILE", "none")
        patch.setenv("DBT_WRITE_JSON", str(getattr(request.cls, "reads_artifacts", False)))
        yield


@pytest.fixture
def rows(warehouse: Path, project: Any) -> Callable[[str], list[tuple[Any, ...]]]:
    """A function that runs a query in the class's schema and returns its rows."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        client = connect(
            ClickHousePyCredentials(driver="chdb", path=str(warehouse), schema=project.test_schema)
        )
        try:
            return [tuple(row) for row in client.query(sql).result_rows]
        finally:
            client.close()

    return run
