"""Profile entries: what `driver: chdb` needs, and that everything else is dbt-clickhouse's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from dbt.adapters.clickhouse.credentials import ClickHouseCredentials
from dbt.adapters.clickhouse.dbclient import get_db_client
from dbt.adapters.clickhouse.httpclient import ChHttpClient
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.clickhouse_py.credentials import ClickHousePyCredentials
from dbt.adapters.clickhouse_py.engine import connect, open_client

SERVER: dict[str, Any] = {
    "driver": "http",
    "host": "ch.example",
    "port": 8443,
    "user": "loader",
    "password": "secret",
    "schema": "telemetry",
    "secure": True,
    "verify": False,
    "compression": "lz4",
    "connect_timeout": 3,
    "send_receive_timeout": 4,
    "server_host_name": "other.example",
    "custom_settings": {"max_threads": 2},
}


class Refused(Exception):
    """Stands for a server that is not there."""


def test_chdb_needs_a_path_and_knows_no_cluster() -> None:
    with pytest.raises(DbtRuntimeError, match="needs `path`"):
        ClickHousePyCredentials(driver="chdb", schema="s")
    with pytest.raises(DbtRuntimeError, match="remove `cluster`"):
        ClickHousePyCredentials(driver="chdb", schema="s", path="w", cluster="c")
    with pytest.raises(DbtRuntimeError, match="belongs to `driver: chdb`"):
        ClickHousePyCredentials(driver="http", schema="s", path="w")


def test_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")

    def resolved(path: str) -> str:
        return ClickHousePyCredentials(driver="chdb", schema="s", path=path).data_path

    assert resolved("w/../warehouse") == str(tmp_path / "warehouse")
    assert resolved("~/warehouse") == "/home/someone/warehouse"
    assert resolved(":memory:") == ":memory:"


def test_a_password_is_never_shown() -> None:
    assert "secret" not in str(dict(ClickHousePyCredentials(**SERVER).connection_info()))


def test_http_is_what_dbt_clickhouse_does(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []

    def get_client(**arguments: Any) -> None:
        calls.append(arguments)
        raise Refused

    monkeypatch.setattr(clickhouse_connect, "get_client", get_client)
    built = []
    create_client = ChHttpClient._create_client

    def spy(self: ChHttpClient, credentials: ClickHouseCredentials) -> Any:
        built.append(type(self))
        return create_client(self, credentials)

    monkeypatch.setattr(ChHttpClient, "_create_client", spy)
    with pytest.raises(Refused):
        get_db_client(ClickHouseCredentials(**SERVER))
    with pytest.raises(Refused):
        open_client(ClickHousePyCredentials(**SERVER))
    with pytest.raises(Refused):
        connect(ClickHousePyCredentials(**SERVER))
    assert built == [ChHttpClient] * 3
    for call in calls:  # the one argument that is random
        assert call["settings"].pop("session_id").startswith("dbt::")
    assert calls[0]["host"] == "ch.example" and calls[0]["interface"] == "https"
    assert calls[0] == calls[1] == calls[2]


def test_memory_forgets_and_a_second_engine_starts_afresh() -> None:
    memory = ClickHousePyCredentials(driver="chdb", path=":memory:", schema="shop")
    for _ in range(2):
        client = connect(memory)
        client.command("create table t (x UInt8) engine = Memory")
        assert client.command("select currentDatabase()") == "shop"
        client.close()


def test_on_a_cluster_nothing_is_tried_out_on_one_replica() -> None:
    server = {"driver": "http", "host": "x", "schema": "s"}
    assert ClickHousePyCredentials(**server).check_exchange
    assert not ClickHousePyCredentials(**server, cluster="shop").check_exchange
