"""Ingestion into a server of the tests' own, with one Spark for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from ingest_server import Server

from business_telemetry.warehouse import Endpoint, Warehouse


@pytest.fixture
def server(server_process: tuple[int, Path]) -> Iterator[Server]:
    """An empty warehouse on the tests' server."""
    port, home = server_process
    client = clickhouse_connect.get_client(host="127.0.0.1", port=port, compress=False)
    client.command("drop database if exists telemetry_raw sync")
    endpoint = Endpoint(f"http://127.0.0.1:{port}", "default", "")
    yield Server(Warehouse(client, "telemetry", None, endpoint, None, "test"), home)
    client.close()
