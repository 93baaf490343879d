"""One process per path, and a plain line for the others; Ctrl-C stops a query at once."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbt.adapters.exceptions import FailedToConnectError

from dbt.adapters.clickhouse_py import turns
from dbt.adapters.clickhouse_py.credentials import ClickHousePyCredentials
from dbt.adapters.clickhouse_py.engine import connect

HOLD = """
import sys
from dbt.adapters.clickhouse_py.credentials import ClickHousePyCredentials
from dbt.adapters.clickhouse_py.engine import connect

client = connect(ClickHousePyCredentials(driver="chdb", path=sys.argv[1], schema="held"))
client.command("create table t engine = MergeTree order by x as select 1 as x")
print("held", flush=True)
sys.stdin.read()
client.close()
"""

SLOW_PROJECT = {
    "dbt_project.yml": "{name: slow, profile: slow, flags: {send_anonymous_usage_stats: false}}",
    "profiles.yml": "slow: {target: t, outputs: {t: {type: clickhouse_py, driver: chdb, path: data/warehouse,"
    " schema: slow, threads: 4}}}",
    "models/endless.sql": "select count() as x from numbers(1000000000000) where sipHash64(number) = 1",
    "models/as_endless.sql": "select count() as x from numbers(1000000000000) where sipHash64(number) = 2",
}


def credentials(path: Path) -> ClickHousePyCredentials:
    return ClickHousePyCredentials(driver="chdb", path=str(path), schema="held")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A warehouse in a directory yet to be made, held by another process until its stdin is closed."""
    path = tmp_path / "new" / "warehouse"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    yield path, holder
    holder.kill()
    holder.wait()


@pytest.fixture
def slow_project(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    for name, text in SLOW_PROJECT.items():
        materialized = "{{ config(materialized='table') }}\n" if name.endswith(".sql") else ""
        (tmp_path / name).write_text(materialized + text)
    return tmp_path


def dbt(project: Path, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [Path(sys.executable).with_name("dbt"), *args],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_held_path_is_one_plain_line(held: tuple[Path, subprocess.Popen[str]]) -> None:
    path, holder = held
    with pytest.raises(FailedToConnectError) as error:
        connect(credentials(path))
    assert str(error.value.msg) == (
        f"The warehouse {path} is held by another process (pid {holder.pid}): dbt, telemetry ingest or a"
        " preview. Wait for it or stop it, or set TELEMETRY_WAREHOUSE to another directory."
    )


@pytest.mark.parametrize(("name", "is_waited_for"), [("preview.lock", True), ("none.lock", False)])
def test_only_a_preview_is_waited_for_and_not_for_ever(
    held: tuple[Path, subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
    is_waited_for: bool,
) -> None:
    path, holder = held
    monkeypatch.setattr(turns, "SILENT", 0.1)
    monkeypatch.setattr(turns, "PATIENCE", 0.5)
    with (path / name).open("a") as mark:
        fcntl.flock(mark, fcntl.LOCK_SH)
        with pytest.raises(FailedToConnectError, match=rf"held by another process \(pid {holder.pid}\)"):
            connect(credentials(path))
    line = f"The warehouse {path} is being read by a preview: waiting for it.\n"
    assert capfd.readouterr().err == (line if is_waited_for else "")


@pytest.mark.parametrize("clean", [True, False])
def test_a_path_is_free_when_its_process_has_gone(
    held: tuple[Path, subprocess.Popen[str]], clean: bool
) -> None:
    path, holder = held
    if clean:
        holder.communicate("")
        assert holder.returncode == 0
    else:
        holder.kill()
        holder.wait()
    client = connect(credentials(path))
    assert client.query("select x from t").result_rows == [(1,)]
    client.close()


def test_one_process_opens_the_same_path_often_and_another_after_it(tmp_path: Path) -> None:
    clients = [connect(credentials(tmp_path / "one")) for _ in range(4)]
    clients[0].command("create table t (x UInt8) engine = Memory")
    assert clients[3].command("exists table t") == 1
    with pytest.raises(FailedToConnectError, match="one engine"):
        connect(credentials(tmp_path / "two"))
    for client in clients:
        client.close()
    connect(credentials(tmp_path / "two")).close()


def test_dbt_says_so_too_and_does_not_need_the_engine_to_parse(slow_project: Path) -> None:
    path = slow_project / "data" / "warehouse"
    parse = dbt(slow_project, "parse")
    assert parse.wait() == 0
    assert not path.exists()
    client = connect(credentials(path))
    run = dbt(slow_project, "run")
    output, _ = run.communicate()
    client.close()
    assert run.returncode == 2
    assert [line.strip() for line in output.splitlines()][-2:] == [
        "Database Error",
        f"The warehouse {path} is held by another process (pid {os.getpid()}): dbt, telemetry ingest or a"
        " preview. Wait for it or stop it, or set TELEMETRY_WAREHOUSE to another directory.",
    ]


def test_ctrl_c_stops_the_queries_of_all_threads(slow_project: Path) -> None:
    run = dbt(slow_project, "run")
    assert run.stdout is not None
    lines = iter(run.stdout.readline, "")
    for _ in range(2):
        assert any("START" in line for line in lines), "dbt ended before its models ran"
    time.sleep(1)
    interrupted = time.monotonic()
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=60)
    assert time.monotonic() - interrupted < 30
    assert run.returncode != 0
    assert "CANCEL" in output
    connect(credentials(slow_project / "data" / "warehouse")).close()
