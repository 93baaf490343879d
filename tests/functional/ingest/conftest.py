"""Ingestion into a server of the tests' own, with one Spark session for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from ingest_server import Server

from business_telemetry.warehouse import Warehouse


@pytest.fixture
def server(server_process: tuple[int, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An empty warehouse on the tests' server."""
    port, home = server_process
    client = clickhouse_connect.get_client(host="127.0.0.1", port=port, compress=False)
    client.command("drop database if exists telemetry_raw sync")
    yield Server(Warehouse(client, "telemetry", None, None, "test"), home)
    client.close()
