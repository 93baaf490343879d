"""Loads over time: repeated, grown, changed, refused, interrupted, and two at once."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ingest_server import Server, event, log

from business_telemetry.ingest import land
from business_telemetry.ingest.errors import (
    BadSource,
    IngestError,
    NeedsReplace,
    TooManyRejected,
    WarehouseBusy,
)
from business_telemetry.ingest.plan import plan_load
from business_telemetry.ingest.raw_layer import RawLayer, ensure_raw_tables
from business_telemetry.ingest.session import spark_session
from business_telemetry.ingest.sources import fingerprint
from business_telemetry.ingest.staging import Staging

LOADS = "select load_id, status, rows_loaded from raw.loads order by started_at"
USERS = """select userid from raw.events
    where load_id in (select load_id from raw.loads where status = 'loaded') order by userid"""


def write(path: Path, *users: str) -> Path:
    path.write_text(log(*(event(n, userid=user) for n, user in enumerate(users))), encoding="utf-8")
    return path


def users(server: Server) -> list[str]:
    """The users whose events count, one entry an event."""
    return [user for (user,) in server.ask(USERS)]


def load_id_of(source: Path) -> str:
    return plan_load([fingerprint(str(source), None)], [], replace=False).load_id


def test_the_same_file_again_and_a_growing_directory(server: Server, tmp_path: Path) -> None:
    write(tmp_path / "day1.csv", "a", "b")
    first = server.ingest(tmp_path)
    again = server.ingest(tmp_path)
    assert again["status"] == "nothing to load"
    assert again["skipped"] == {str(tmp_path / "day1.csv"): f"already loaded as load {first['load_id']}"}

    write(tmp_path / "day2.csv", "c")
    second = server.ingest(tmp_path)
    assert second["files"] == [str(tmp_path / "day2.csv")]
    assert users(server) == ["a", "b", "c"]
    assert server.ask(LOADS) == [(first["load_id"], "loaded", 2), (second["load_id"], "loaded", 1)]


def test_a_changed_file_replaces_its_load_only_when_asked(server: Server, tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.csv", "a", "b"), write(tmp_path / "two.csv", "c")
    first = server.ingest(one, two)
    write(one, "a", "B", "d")
    with pytest.raises(NeedsReplace, match=r"one\.csv has changed"):
        server.ingest(one, two)
    with pytest.raises(NeedsReplace, match=r"two\.csv"):
        server.ingest(one, replace=True)
    assert users(server) == ["a", "b", "c"]

    second = server.ingest(one, two, replace=True)

    assert second["replaced"] == [first["load_id"]]
    assert users(server) == ["B", "a", "c", "d"]
    assert server.ask(LOADS) == [(first["load_id"], "replaced", 3), (second["load_id"], "loaded", 4)]
    assert server.ask("select distinct load_id from raw.events") == [(second["load_id"],)]

    write(one, "a", "b")  # and back
    third = server.ingest(one, two, replace=True)
    assert third["load_id"] == first["load_id"]
    assert users(server) == ["a", "b", "c"]


def test_too_many_rejected_rows_load_nothing(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "log.csv", "a", "", "c", "d")
    with pytest.raises(TooManyRejected, match=r"1 of 4 rows \(25.0%\)") as error:
        server.ingest(source, max_rejected=0.24)
    assert error.value.exit_code == 3
    shown = capfd.readouterr().err
    assert "missing_user: 1" in shown
    assert f"{source}:3: '1,,1,2024-02-29T12:28:45,cart," in shown
    for table in ("events", "rejected_events"):
        assert server.ask(f"select count() from raw.{table}") == [(0,)]
    assert server.ask("select status, rows_read, rows_rejected, rejected_by_reason from raw.loads") == [
        ("refused", 4, 1, {"missing_user": 1})
    ]
    assert server.ingest(source, max_rejected=0.25)["status"] == "loaded"
    assert users(server) == ["a", "c", "d"]
    assert server.ask("select status from raw.loads") == [("loaded",)]


def test_lost_rows_are_noticed(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "log.csv", "a", "b")
    parts = Staging.parts

    def only_when_counting(self: Staging, folder: str) -> list[str]:
        counting = sys._getframe(1).f_code.co_name == "pieces"
        return parts(self, folder) if counting or "true" not in folder else []

    monkeypatch.setattr(Staging, "parts", only_when_counting)
    with pytest.raises(IngestError, match="has read 2 rows, but ClickHouse holds 0 loaded and 0 rejected"):
        server.ingest(source)
    assert server.ask("select count() from raw.loads") == [(0,)]
    monkeypatch.undo()
    assert server.ingest(source)["rows_loaded"] == 2


def leave_behind(server: Server, source: Path, host: str, pid: int) -> str:
    """What a process leaves that is killed after its rows were swapped in and before its manifest row."""
    load_id = load_id_of(source)
    ensure_raw_tables(server.warehouse.client, "telemetry")
    raw = RawLayer(server.warehouse.client, "telemetry")
    landing = raw.create_landing(load_id)
    for table in (landing.events, "raw.events"):
        server.ask(
            f"insert into {table} (load_id, userid, timestamp, value) values ('{load_id}', 'half', 0, 1)"
        )
    server.ask(
        "insert into raw.loads (load_id, status, tool_versions, updated_at)"
        f" select '{load_id}', 'loading', map('host', '{host}', 'pid', '{pid}'), now64(3) - interval 1 minute"
    )
    return load_id


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("same", [True, False], ids=["same command", "another command"])
def test_leftovers_of_a_dead_process_are_swept(server: Server, tmp_path: Path, same: bool) -> None:
    loaded = server.ingest(write(tmp_path / "old.csv", "old"))["load_id"]
    source = write(tmp_path / "log.csv", "a", "b")
    dead = leave_behind(server, source, socket.gethostname(), dead_process())
    assert users(server) == ["old"]

    result = server.ingest(source if same else write(tmp_path / "other.csv", "a", "b", "c"))

    assert users(server) == ["a", "b", *([] if same else ["c"]), "old"]
    assert server.ask("select count() from raw.events where userid = 'half'") == [(0,)]
    assert {row[:2] for row in server.ask(LOADS)} == {(loaded, "loaded"), (result["load_id"], "loaded")}
    assert (result["load_id"] == dead) == same
    assert server.ask("select name from system.tables where startsWith(name, 'landing_')") == []


def test_a_load_that_is_running_is_not_disturbed(server: Server, tmp_path: Path) -> None:
    server.ingest(write(tmp_path / "old.csv", "old"))
    source = write(tmp_path / "log.csv", "a")
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        load_id = leave_behind(server, source, socket.gethostname(), running.pid)
        for each in (source, write(tmp_path / "other.csv", "b")):
            with pytest.raises(WarehouseBusy, match=f"Process {running.pid} .*load {load_id}") as error:
                server.ingest(each)
        assert error.value.exit_code == 5
        # looking at what is there already disturbs nobody
        assert server.ingest(tmp_path / "old.csv")["status"] == "nothing to load"
        assert server.ask("select count() from raw.events where userid = 'half'") == [(1,)]
    finally:
        running.communicate(b"\n")
    assert server.ingest(source)["status"] == "loaded"
    assert users(server) == ["a", "old"]


def test_on_another_host_only_the_same_load_is_taken_over(server: Server, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "a")
    leave_behind(server, source, "elsewhere", 1)
    with pytest.raises(WarehouseBusy, match="on elsewhere"):
        server.ingest(write(tmp_path / "other.csv", "b"))
    assert server.ingest(source)["status"] == "loaded"
    assert users(server) == ["a"]


def test_a_load_that_was_taken_over_publishes_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "log.csv", "a")
    count = land.count

    def count_and_be_overtaken(*arguments: Any) -> land.Landed:
        server.ask(
            "insert into raw.loads (load_id, status, tool_versions, updated_at) select load_id, 'loading',"
            " map('host', 'elsewhere', 'pid', '1'), now64(3) + interval 1 minute from raw.loads"
        )
        return count(*arguments)

    monkeypatch.setattr(land, "count", count_and_be_overtaken)
    with pytest.raises(WarehouseBusy, match="taken over"):
        server.ingest(source)
    assert server.ask("select count() from raw.events") == [(0,)]
    assert server.ask("select tool_versions['host'] from raw.loads final") == [("elsewhere",)]


def test_sources_on_other_file_systems(server: Server, tmp_path: Path) -> None:
    """Hadoop's view file system: an URI that only Spark can read."""
    spark = spark_session("local[2]", server.home / "spark.log", size=0)
    mount = f"fs.viewfs.mounttable.{tmp_path.name}.link./logs"
    spark._jsc.hadoopConfiguration().set(mount, f"file://{tmp_path}")
    (tmp_path / "2024" / "_temporary").mkdir(parents=True)
    write(tmp_path / "2024" / "_temporary" / "x.csv", "x")
    write(tmp_path / "2024" / "day 1.csv", "a")
    write(tmp_path / "2024" / "day 2.csv", "b")
    write(tmp_path / "2025.csv", "c")
    root = f"viewfs://{tmp_path.name}/logs"

    assert server.ingest(f"{root}/2024")["files"] == [f"{root}/2024/day 1.csv", f"{root}/2024/day 2.csv"]
    assert server.ingest(f"{root}/*.csv", f"{root}/2024")["files"] == [f"{root}/2025.csv"]
    assert users(server) == ["a", "b", "c"]
    # the same content from the local disk is known
    assert server.ingest(tmp_path / "2025.csv")["status"] == "nothing to load"
    with pytest.raises(BadSource, match="no such file"):
        server.ingest(f"{root}/nothing.csv")
