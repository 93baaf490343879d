"""Connections: one per thread, all of them on one engine."""

from __future__ import annotations

from dbt.adapters.clickhouse.connections import ClickHouseConnectionManager
from dbt.adapters.contracts.connection import Connection, ConnectionState

from dbt.adapters.clickhouse_py.engine import EmbeddedClient, agree, open_client


class ClickHousePyConnectionManager(ClickHouseConnectionManager):  # type: ignore[misc]
    """dbt-clickhouse's connections, and those to the embedded engine."""

    TYPE = "clickhouse_py"

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        credentials = cls.get_credentials(connection.credentials)
        if connection.state == "open":
            return connection
        if not credentials.is_embedded:
            opened = super().open(connection)
            agree(opened.handle, credentials.cluster)
            return opened
        try:
            connection.handle = open_client(credentials)
        except Exception:
            connection.handle, connection.state = None, ConnectionState.FAIL
            raise
        connection.state = ConnectionState.OPEN
        return connection

    def cancel(self, connection: Connection) -> None:
        """Ctrl-C: closing an embedded handle would wait for its query to end, so the query is killed."""
        if not isinstance(connection.handle, EmbeddedClient):
            super().cancel(connection)
        else:
            connection.handle.cancel()
