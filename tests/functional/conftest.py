"""One small log, ingested and built once by the commands that a user runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import chdb_http
import clickhouse_connect
import pytest
from ingest_server import Server
from project import Project

from business_telemetry.warehouse import Endpoint, Warehouse


@pytest.fixture(scope="session")
def demo_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated log with every trap and 1 % malformed rows; its ground truth stands beside it."""
    log = tmp_path_factory.mktemp("log") / "log.csv"
    home = tmp_path_factory.mktemp("generate")
    Project(home).run(
        *("telemetry", "generate", str(log), "--quiet", "--sessions", "4000"),
        *("--users", "150", "--days", "120", "--bad-rate", "0.01", "--seed", "5"),
    )
    return log


@pytest.fixture(scope="session")
def demo(demo_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after `telemetry ingest` and `dbt build` of that log: all built, every test passed."""
    project = Project(tmp_path_factory.mktemp("demo"))
    project.run("telemetry", "ingest", str(demo_log), "--quiet")
    # the example campaigns, plans and experiments belong to the log of this name
    project.ask(
        commands=(
            "alter table telemetry_raw.loads update contract = 'demo' where true settings mutations_sync = 1",
        )
    )
    project.run("dbt", "build")
    return project


@pytest.fixture(scope="session")
def demo_warehouse(demo: Project) -> Path:
    """The directory of the demo's warehouse."""
    return demo.home / "warehouse"


@pytest.fixture(scope="session")
def server_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A server's port, and a directory for those who use it."""
    home = tmp_path_factory.mktemp("server")
    process = subprocess.Popen(
        [sys.executable, chdb_http.__file__, str(home / "data")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield int(process.stdout.readline()), home
    process.kill()
    process.wait()


@pytest.fixture
def server(server_process: tuple[int, Path]) -> Iterator[Server]:
    """An empty warehouse on the tests' server."""
    port, home = server_process
    client = clickhouse_connect.get_client(host="127.0.0.1", port=port, compress=False)
    client.command("drop database if exists telemetry_raw sync")
    endpoint = Endpoint(f"http://127.0.0.1:{port}", "default", "")
    yield Server(Warehouse(client, "telemetry", None, endpoint, None, "test"), home)
    client.close()
