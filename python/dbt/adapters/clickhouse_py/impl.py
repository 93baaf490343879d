"""The adapter: dbt-clickhouse's, on our connections."""

from __future__ import annotations

from dbt.adapters.clickhouse.impl import ClickHouseAdapter

from dbt.adapters.clickhouse_py.connections import ClickHousePyConnectionManager


class ClickHouse_PyAdapter(ClickHouseAdapter):  # type: ignore[misc]
    """dbt-clickhouse's adapter with an embedded engine and Python models.

    The class is spelt so because dbt derives the plugin's package (`clickhouse_py`) from its name.
    """

    ConnectionManager = ClickHousePyConnectionManager
