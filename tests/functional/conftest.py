"""One small log, ingested and built once by the commands that a user runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import chdb_http
import clickhouse_connect
import pytest
import random_shop
from ingest_server import Server
from once import once
from project import Project

from business_telemetry.warehouse import Endpoint, Warehouse


@pytest.fixture(scope="session", autouse=True)
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of this run, which all of pytest's processes share."""
    own = tmp_path_factory.getbasetemp()
    Project.shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"
    Project.shared.mkdir(exist_ok=True)
    return Project.shared


@pytest.fixture(scope="session")
def demo_log(shared: Path) -> Path:
    """A generated log with every trap and 1 % malformed rows; its ground truth stands beside it."""

    def generate(home: Path) -> None:
        Project(home / "project").run(
            *("telemetry", "generate", str(home / "log.csv"), "--quiet", "--sessions", "4000"),
            *("--users", "150", "--days", "120", "--bad-rate", "0.01", "--seed", "5"),
        )

    return once(shared / "log", generate) / "log.csv"


@pytest.fixture(scope="session")
def demo(demo_log: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after `telemetry ingest` and `dbt build` of that log: all built, every data test passed.

    It is built once a run, and each of pytest's processes has a copy. Unit tests, which look at no warehouse,
    have a test of their own (core/test_unit_tests.py).
    """

    def build(home: Path) -> None:
        project = Project(home)
        project.run("telemetry", "ingest", str(demo_log), "--quiet")
        # the example campaigns, plans and experiments belong to the log of this name
        project.ask(
            commands=(
                "alter table telemetry_raw.loads update contract = 'demo' where true"
                " settings mutations_sync = 1",
            )
        )
        project.run("dbt", "build", "--exclude-resource-type", "unit_test")

    built = once(shared / "demo", build)
    return Project(shutil.copytree(built, tmp_path_factory.mktemp("demo") / "project", symlinks=True))


@pytest.fixture(scope="session")
def demo_warehouse(demo: Project) -> Path:
    """The directory of the demo's warehouse."""
    return demo.home / "warehouse"


@pytest.fixture(scope="session")
def seeded(shared: Path) -> Path:
    """A project with empty raw tables and the seeds, for a test to copy."""

    def seed(home: Path) -> None:
        project = Project(home)
        project.ask(commands=random_shop.raw_tables())
        project.run("dbt", "seed", "--quiet")

    return once(shared / "seeded", seed)


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
