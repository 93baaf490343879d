"""Connections: one per thread, all of them on one engine."""

from __future__ import annotations

from dbt.adapters.clickhouse.connections import ClickHouseConnectionManager
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.clickhouse_py.engine import EmbeddedClient, agree, open_client


class ClickHousePyConnectionManager(ClickHouseConnectionManager):  # type: ignore[misc]
    """dbt-clickhouse's connections, and those to the embedded engine."""

    TYPE = "clickhouse_py"
    _is_cancelled = False

    def cancel_open(self) -> list[str] | None:
        """Ctrl-C: stop what runs, and let no thread begin that was just about to."""
        self._is_cancelled = True
        cancelled: list[str] | None = super().cancel_open()
        return cancelled

    def set_connection_name(self, name: str | None = None) -> Connection:
        if self._is_cancelled:
            raise DbtRuntimeError("Cancelled.")
        return super().set_connection_name(name)

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
