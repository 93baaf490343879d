"""The adapter: dbt-clickhouse's, on our connections, with Python models."""

from __future__ import annotations

from typing import Any

from dbt.adapters.base import available
from dbt.adapters.clickhouse.impl import ClickHouseAdapter
from dbt.adapters.clickhouse.query import quote_identifier
from dbt.adapters.clickhouse.relation import ClickHouseRelation
from dbt.adapters.contracts.connection import AdapterResponse

from dbt.adapters.clickhouse_py.connections import ClickHousePyConnectionManager
from dbt.adapters.clickhouse_py.engine import client_of


class ClickHouse_PyAdapter(ClickHouseAdapter):  # type: ignore[misc]
    """dbt-clickhouse's adapter with an embedded engine and Python models.

    The class is spelt so because dbt derives the plugin's package (`clickhouse_py`) from its name.
    """

    ConnectionManager = ClickHousePyConnectionManager

    @available  # type: ignore[untyped-decorator]
    def python_staging(self, relation: ClickHouseRelation) -> ClickHouseRelation:
        """The table that takes a Python model's result, for the materialization to select from."""
        return relation.incorporate(path={"identifier": f"{relation.identifier}__dbt_python"}, type="table")

    @available  # type: ignore[untyped-decorator]
    def python_columns(self, model: dict[str, Any]) -> str:
        """The column list of the staging table, from the model's YAML."""
        from dbt.adapters.clickhouse_py.python_model import declared_columns

        return ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in declared_columns(model).items())

    def submit_python_job(self, parsed_model: dict[str, Any], compiled_code: str) -> AdapterResponse:
        """Run a Python model in this process and fill its staging table, or drop that table and raise."""
        from dbt.adapters.clickhouse_py.python_model import fill

        staging = self.python_staging(
            self.Relation.create(
                schema=parsed_model["schema"],
                identifier=parsed_model["alias"],
                can_on_cluster=self.should_on_cluster(),
            )
        )
        client = client_of(self.connections.get_thread_connection().handle)
        try:
            rows = fill(str(staging), parsed_model, compiled_code, client, self.config.project_root)
        except Exception:
            self.drop_relation(staging)
            raise
        return AdapterResponse(_message="OK", rows_affected=rows)
