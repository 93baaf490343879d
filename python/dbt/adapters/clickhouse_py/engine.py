"""Clients: dbt-clickhouse's own for servers, and one for the engine inside this process.

chDB allows one data path per process and one process per path. Every connection is a handle of its own on
that one engine, so threads do not wait for each other; the engine stops when the last handle is closed.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from dbt.adapters.clickhouse.dbclient import ChClientWrapper, get_db_client
from dbt.adapters.clickhouse.httpclient import ChHttpClient
from dbt.adapters.exceptions import FailedToConnectError
from dbt_common.exceptions import DbtDatabaseError

from dbt.adapters.clickhouse_py.credentials import MEMORY, ClickHousePyCredentials
from dbt.adapters.clickhouse_py.turns import holder, refuse_if_held, turn_of_job

#: In bytes. The engine reserves one MiB for each thing that it writes, and a change of rows that finds none
#: waits for ever.
ROOM = 4 << 20
#: Statements that write a definition or change rows that are there.
DEFINES = re.compile(r"\s*(/\*.*?\*/\s*)*(create|alter|attach)\b", re.IGNORECASE | re.DOTALL)

_opening = threading.Lock()


def connect(credentials: ClickHousePyCredentials) -> Client:
    """A clickhouse-connect client for a profile entry, with the profile's schema as its database.

    Close it when done: with `driver: chdb`, other processes can use the path only after that.

    Raises:
        FailedToConnectError: the engine or the server cannot be reached, in one plain line.
    """
    return client_of(open_client(credentials))


def client_of(handle: ChClientWrapper) -> Client:
    """The clickhouse-connect client behind a dbt connection's handle."""
    if not isinstance(handle._client, Client):
        raise FailedToConnectError("`driver: native` has no clickhouse-connect client; use `driver: http`.")
    return handle._client


def open_client(credentials: ClickHousePyCredentials) -> ChClientWrapper:
    """The client that a dbt connection holds: for servers dbt-clickhouse's own."""
    if credentials.is_embedded:
        return EmbeddedClient(credentials)
    handle = get_db_client(credentials)
    agree(handle, credentials.cluster)
    return handle


def agree(handle: ChClientWrapper, cluster: str | None) -> None:
    """Let what this connection writes be on every replica before it goes on."""
    if cluster:
        for name, value in quorum(client_of(handle), cluster).items():
            handle._client.set_client_setting(name, value)


def quorum(client: Client, cluster: str | None) -> dict[str, str]:
    """The settings that let a statement see what the one before it wrote, whichever replica it reaches.

    An INSERT returns when every replica of the cluster's shard has its rows; ALTERs wait as dbt-clickhouse's
    `alter_sync` says. No settings without a cluster.

    Raises:
        FailedToConnectError: the server does not know the cluster, or it has several shards.
    """
    if not cluster:
        return {}
    ((shards, replicas),) = client.query(
        "select uniqExact(shard_num), uniqExact(host_name, port) from system.clusters"
        " where cluster = {cluster:String}",
        parameters={"cluster": cluster},
    ).result_rows
    if shards != 1:
        raise FailedToConnectError(
            f"The cluster {cluster} of the profile has {shards} shards: the project wants one shard with any"
            " number of replicas. `select cluster, shard_num, host_name from system.clusters` shows them."
        )
    return {"insert_quorum": str(replicas)} if replicas > 1 else {}


class EmbeddedClient(ChHttpClient):  # type: ignore[misc]
    """dbt-clickhouse's clickhouse-connect client, opened on the engine in this process."""

    def __init__(self, credentials: ClickHousePyCredentials) -> None:
        self._running = threading.RLock()
        self._cancelled = False
        super().__init__(credentials)

    def query(self, sql: str, **kwargs: Any) -> Any:
        with self._running:
            self._refuse_if_cancelled()
            return super().query(sql, **kwargs)

    def command(self, sql: str, **kwargs: Any) -> Any:
        with self._running:
            self._refuse_if_cancelled()
            return super().command(sql, **kwargs)

    def cancel(self) -> None:
        """Stop what another thread is running here, and refuse what it asks for next.

        Closing the handle would wait for the query instead. It is killed until it has gone, because it may be
        just about to start.
        """
        self._cancelled = True
        other = _open(self._client.path, {})
        try:
            self._kill(other)
            while not self._running.acquire(timeout=0.2):
                self._kill(other)
            self._running.release()
        finally:
            other.close()

    def _create_client(self, credentials: ClickHousePyCredentials) -> Client:
        # names this connection's queries for `cancel`
        self._conn_settings.setdefault("log_comment", self._conn_settings["session_id"])
        with _opening:
            return _open(credentials.data_path, self._conn_settings)

    def _ensure_database(self, database_engine: str | None, cluster_name: str | None) -> None:
        # the parent looks once per process; an engine that was closed and opened again may hold other data
        self.database_dropped(self.database)
        super()._ensure_database(database_engine, cluster_name)

    def _kill(self, other: Client) -> None:
        tag = self._conn_settings["log_comment"]
        other.command(
            "kill query where Settings['log_comment'] = {tag:String} async", parameters={"tag": tag}
        )

    def _refuse_if_cancelled(self) -> None:
        if self._cancelled:
            raise DbtDatabaseError("Cancelled.")


def _open(path: str, settings: dict[str, Any]) -> Client:
    import clickhouse_connect

    if "?" in path:
        raise FailedToConnectError(
            f"The warehouse {path} has a question mark in its path, and the engine takes what follows for"
            " settings: set TELEMETRY_WAREHOUSE to another directory."
        )
    try:
        with turn_of_job(path):
            if path != MEMORY:
                Path(path).mkdir(parents=True, exist_ok=True)
                _require_writable(path)
                _forget_unmade_tables(path)
            client = clickhouse_connect.get_client(interface="chdb", path=path, settings=settings)
            return client if path == MEMORY else _careful(client, path)
    except OSError as error:
        raise FailedToConnectError(
            f"The warehouse {path} cannot be written: {error.strerror}. Mend that, or set TELEMETRY_WAREHOUSE"
            " to another directory."
        ) from error
    except ClickHouseError as error:
        refuse_if_held(path)  # somebody was faster
        raise FailedToConnectError(_reason(error, path)) from error


def _careful(client: Client, path: str) -> Client:
    """Let nothing be defined or altered while the disk is full.

    The engine would say that a table is made and leave an empty definition (`_forget_unmade_tables`); and an
    ALTER would not come back.
    """
    command = client.command

    def careful(cmd: str, *arguments: Any, **options: Any) -> Any:
        if DEFINES.match(cmd):
            try:
                _require_writable(path)
            except OSError as error:
                raise OperationalError(f"The warehouse cannot be written: {error.strerror}") from error
        return command(cmd, *arguments, **options)

    client.command = careful
    return client


def _require_writable(path: str) -> None:
    """The engine itself would fail too, but say why on stderr or not at all.

    Raises:
        OSError: the disk is full or read-only, or permission is lacking.
    """
    if shutil.disk_usage(path).free < ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with tempfile.TemporaryFile(dir=path, buffering=0) as file:  # quotas and permissions
        file.write(bytes(1 << 16))


def _forget_unmade_tables(path: str) -> None:
    """Delete the empty definitions of tables without rows, with which the engine would not start.

    It leaves one where the disk became full within a CREATE. Rows behind an empty definition would be those
    of a table that was there before: that is left to a person (`_reason`).
    """
    if holder(path) is None:
        for file in _empty_definitions(path):
            if not _has_rows(file):
                file.unlink()


def _empty_definitions(path: str) -> list[Path]:
    return [file for file in Path(path).glob("metadata/*/*.sql") if not file.stat().st_size]


def _has_rows(definition: Path) -> bool:
    """Whether the directory of a table holds more than one without rows has."""
    warehouse, database = definition.parents[2], definition.parent.name
    files = Path(warehouse, "data", database, definition.stem).glob("*")
    return any(file.name not in ("detached", "format_version.txt") for file in files)


def _reason(error: Exception, path: str) -> str:
    if other := re.search(r"already initialized with path '(.*?)'", str(error)):
        return f"This process has its one engine on {other[1]}; close that before opening {path}."
    if empty := _empty_definitions(path):
        return (
            f"The warehouse {path} cannot be opened: {empty[0]} is empty, since the disk was full when the"
            " table was changed. Its rows are still there: bring the file back from a backup, or delete it"
            " and load or build the table again."
        )
    return str(error).split(", Stack trace", 1)[0].split("\n", 1)[0]
