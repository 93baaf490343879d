"""`telemetry loads` on a server, as functions, and `telemetry loads` and `telemetry sql` as commands."""

from __future__ import annotations

import csv
import io
import json
import socket
import subprocess
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import pytest
from ingest_server import Server, event, log
from project import BIN, Project

from business_telemetry.alerts import cli as alerts
from business_telemetry.ingest.errors import BadSource, WarehouseBusy
from business_telemetry.ingest.loads import find_load, forget_load, read_loads, undo_load
from business_telemetry.ingest.lock import Lock, Owner, began
from business_telemetry.ingest.raw_layer import RawLayer

COUNTS = (
    "select count() from raw.events",
    "select count() from raw.rejected_events",
    "select count() from system.tables where database = 'telemetry_raw' and name not in"
    " ('events', 'rejected_events', 'loads')",
)


def write(path: Path, *users: str) -> Path:
    path.write_text(log(*(event(n, userid=user) for n, user in enumerate(users))), encoding="utf-8")
    return path


def counts(server: Server) -> list[int]:
    return [server.ask(question)[0][0] for question in COUNTS]


def claim(server: Server, host: str, pid: int, load_id: str, task: str = "ingest") -> None:
    owner = Owner(host, pid, began(pid) or "1", load_id)
    server.ask(
        f"create table raw.{task}_claim_3 (x UInt8) engine Memory comment '{json.dumps(asdict(owner))}'"
    )


def test_an_undone_load_is_gone_and_can_be_loaded_again(server: Server, tmp_path: Path) -> None:
    kept = server.ingest(write(tmp_path / "one.csv", "a"))["load_id"]
    undone = server.ingest(write(tmp_path / "two.csv", "b", "c", ""), max_rejected=1)["load_id"]
    assert counts(server) == [3, 1, 0]

    assert "2 rows removed" in undo_load(server.warehouse, undone[:6])

    assert counts(server) == [1, 0, 0]
    assert {load["load_id"]: load["status"] for load in read_loads(server.warehouse)} == {
        kept: "loaded",
        undone: "undone",
    }
    with pytest.raises(BadSource, match="does not count"):
        undo_load(server.warehouse, undone)
    assert server.ingest(tmp_path / "two.csv", max_rejected=1)["load_id"] == undone
    assert counts(server) == [3, 1, 0]


def test_an_undo_that_was_killed_before_it_tidied_up_is_finished_by_the_next_ingestion(
    server: Server, tmp_path: Path
) -> None:
    server.ingest(write(tmp_path / "one.csv", "a"))
    undone = server.ingest(write(tmp_path / "two.csv", "b", "c"))["load_id"]
    RawLayer(server.warehouse.client, "telemetry").undo(undone)
    assert counts(server)[0] == 3
    server.ingest(tmp_path / "one.csv")
    assert counts(server) == [1, 0, 0]


def test_an_undo_waits_for_a_load_that_is_running(server: Server, tmp_path: Path) -> None:
    load_id = server.ingest(write(tmp_path / "one.csv", "a"))["load_id"]
    claim(server, "elsewhere", 1, "running")
    with pytest.raises(WarehouseBusy, match="telemetry loads --forget running"):
        undo_load(server.warehouse, load_id)
    assert counts(server) == [1, 0, 1]


def test_a_load_of_a_host_that_is_gone_is_forgotten(server: Server, tmp_path: Path) -> None:
    server.ingest(write(tmp_path / "one.csv", "a"))
    server.ask("insert into raw.loads (load_id, status, updated_at) select 'dead0', 'loading', now64(3)")
    server.ask("create table raw.landing_events_dead0 (x UInt8) engine Memory")
    claim(server, "elsewhere", 1, "dead0")

    assert "dead0 is forgotten" in forget_load(server.warehouse, "dead")

    assert [load["status"] for load in read_loads(server.warehouse)] == ["loaded"]
    assert counts(server) == [1, 0, 0]
    server.ingest(write(tmp_path / "two.csv", "b"))
    assert counts(server) == [2, 0, 0]


def test_a_claim_of_alerts_is_forgotten_too(server: Server, tmp_path: Path) -> None:
    server.ingest(write(tmp_path / "one.csv", "a"))
    claim(server, "elsewhere", 1, "alerts", task="alerts")
    forget_load(server.warehouse, "alerts")
    assert counts(server) == [1, 0, 0]


def claim_elsewhere(server: Server, task: str = "ingest") -> Lock:
    """Another host is at something that is no load."""
    lock = Lock.of(server.warehouse, task)
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setattr(socket, "gethostname", lambda: "elsewhere")
        lock.claim()
    return lock


def test_alerts_are_sent_by_one_host_at_a_time(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.ingest(write(tmp_path / "one.csv", "a"))
    first = claim_elsewhere(server, "alerts")
    monkeypatch.setattr(alerts, "open_warehouse", lambda *_: server.warehouse)
    monkeypatch.setattr(alerts, "closing", nullcontext)
    with pytest.raises(WarehouseBusy, match="on elsewhere is writing to this warehouse") as error:
        alerts.run(None, tmp_path)
    assert (error.value.exit_code, first.holds) == (5, True)
    # what the message says to do, should that host be gone for good
    forget_load(server.warehouse, str(error.value).rpartition(" ")[2])
    with pytest.raises(alerts.NothingBuilt):
        alerts.run(None, tmp_path)
    assert counts(server)[2] == 2  # what was told


def test_what_is_no_load_is_taken_over_by_nobody(server: Server, tmp_path: Path) -> None:
    """Undoing, forgetting and tidying up on two hosts at once."""
    source = write(tmp_path / "one.csv", "a")
    load_id = server.ingest(source)["load_id"]
    first = claim_elsewhere(server)
    with pytest.raises(WarehouseBusy, match="on elsewhere"):
        undo_load(server.warehouse, load_id)
    claim(server, "elsewhere", 1, "other")
    with pytest.raises(WarehouseBusy, match="on elsewhere"):
        forget_load(server.warehouse, "other")
    assert server.ingest(source)["status"] == "nothing to load"
    assert first.holds
    assert counts(server) == [1, 0, 1]


def test_a_process_that_lives_on_this_host_is_not_forgotten(server: Server, tmp_path: Path) -> None:
    server.ingest(write(tmp_path / "one.csv", "a"))
    with subprocess.Popen(["sleep", "60"]) as process:
        claim(server, socket.gethostname(), process.pid, "alive")
        with pytest.raises(WarehouseBusy, match=f"process {process.pid} on this host. Stop it first"):
            forget_load(server.warehouse, "alive")
        process.kill()
    assert "forgotten" in forget_load(server.warehouse, "alive")


def test_a_claim_whose_answer_was_lost_is_still_the_own_one(server: Server, tmp_path: Path) -> None:
    server.ingest(write(tmp_path / "one.csv", "a"))
    client = server.warehouse.client
    command = client.command

    def twice(statement: str, *arguments: object, **options: object) -> object:
        if statement.startswith("create table"):
            command(statement)
        return command(statement, *arguments, **options)

    client.command = twice
    lock = Lock(client, "telemetry_raw", is_embedded=False)
    lock.claim("mine")
    assert lock.holds
    lock.release()
    del client.command
    assert counts(server)[2] == 0


def test_which_load_is_meant() -> None:
    found = [{"load_id": name} for name in ("abcd1", "abcd2", "abcd1")]
    assert find_load(found, "abcd1") == "abcd1"
    with pytest.raises(BadSource, match="begins 2 loads"):
        find_load(found, "abcd")
    with pytest.raises(BadSource, match="no load of this warehouse"):
        find_load(found, "xxxx")
    with pytest.raises(BadSource, match="give at least 4 characters"):
        find_load(found[:1], "abc")


def test_the_commands(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert "Nothing was loaded yet" in project.run("telemetry", "loads")
    source = tmp_path / "log.csv"
    lines = [
        event(1),
        event(2, value="-5"),
        event(3, userid="", value="-7"),
        event(4, city="\udc98Омск"),
        '=1+1;"',
    ]
    source.write_bytes(log(*lines).encode(errors="surrogateescape"))
    project.run("telemetry", "ingest", str(source), "--quiet", "--max-rejected", "100%")
    (told,) = (json.loads(line) for line in project.run("telemetry", "loads", "--json").splitlines())
    assert (told["status"], told["rows_read"], told["rows_loaded"], told["rows_rejected"]) == (
        "loaded",
        5,
        1,
        4,
    )
    assert told["load_id"] in project.run("telemetry", "loads")

    shown = project.run("telemetry", "loads", "--rejected", told["load_id"][:5])
    assert f"{source}:4: missing_user, negative_value: '3,," in shown
    assert f"{source}:5: encoding: '4,user_1,1,2024-02-29T12:28:45,cart" in shown
    assert shown.splitlines()[-2].endswith(r",Ж,\\x98Омск'")
    exact = project.run("telemetry", "loads", "--rejected", told["load_id"], "--json").splitlines()
    assert json.loads(exact[0]) == {
        "file": str(source),
        "line": 3,
        "reasons": ["negative_value"],
        "raw_line": lines[1],
    }
    text = lines[3].replace("\udc98", r"\x98")
    assert json.loads(exact[2])["raw_line"] == text
    table = csv.DictReader(
        io.StringIO(project.run("telemetry", "loads", "--rejected", told["load_id"], "--csv"))
    )
    *_, torn, last = table
    assert torn["raw_line"] == text
    assert last["raw_line"] == "'=1+1;\"", "no spreadsheet runs it"

    assert project.run("telemetry", "loads", "--undo", "nope", expect=2) == ""
    project.run("telemetry", "loads", "--undo", told["load_id"], "--forget", "x", expect=2)
    assert "undone" in project.run("telemetry", "loads", "--undo", told["load_id"])

    question = "select load_id, status from telemetry_raw.loads"
    assert project.run("telemetry", "sql", "--format", "csv", question) == (
        f'"load_id","status"\n"{told["load_id"]}","undone"\n'
    )
    script = (
        "\ufeffcreate table telemetry_raw.t (x Int8)\n engine Memory;\n-- a;b\n/* c */ select 3 as x;\n"
        "select nope;\nselect 4 as x;\ndrop table telemetry_raw.t;\n"
    )
    done = subprocess.run(
        [str(BIN / "telemetry"), "sql", "--format", "json"],
        input=script,
        cwd=project.home,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, '{"x":3}\n')
    assert done.stderr.count("\n") == 1
    assert "UNKNOWN_IDENTIFIER" in done.stderr
    assert project.ask("exists table telemetry_raw.t") == [[[1]]], "nothing was done after the mistake"
