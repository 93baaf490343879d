"""Loads over time: repeated, grown, changed, refused, interrupted, and two at once."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from ingest_server import Server, event, log
from raw_state import has_leftovers, run_here

from business_telemetry.ingest import land, task
from business_telemetry.ingest import run as ingestion
from business_telemetry.ingest.errors import (
    BadSource,
    IngestError,
    LoadFailed,
    NeedsReplace,
    TooManyRejected,
    WarehouseBusy,
)
from business_telemetry.ingest.files import scan
from business_telemetry.ingest.loads import forget_load
from business_telemetry.ingest.lock import Lock, Owner, began
from business_telemetry.ingest.plan import plan_load
from business_telemetry.ingest.raw_layer import RawLayer, ensure_raw_tables

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
    return plan_load([scan(str(source))], [], replace=False).load_id


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


def test_a_file_that_becomes_what_another_one_holds(server: Server, tmp_path: Path) -> None:
    """What it held counts no more when that is asked for, and not before."""
    one, two = write(tmp_path / "one.csv", "a"), write(tmp_path / "two.csv", "b", "c")
    first, second = (server.ingest(each)["load_id"] for each in (one, two))
    write(two, "a")
    with pytest.raises(NeedsReplace, match=r"two\.csv has changed"):
        server.ingest(one, two)
    assert users(server) == ["a", "b", "c"]

    result = server.ingest(one, two, replace=True)

    assert (result["status"], result["replaced"]) == ("replaced", [second])
    assert users(server) == ["a"]
    assert server.ask(LOADS) == [(first, "loaded", 1), (second, "replaced", 2)]
    assert server.ask("select distinct load_id from raw.events") == [(first,)]
    assert server.ingest(one, two)["status"] == "nothing to load"


def test_a_log_that_is_rotated(server: Server, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "a")
    server.ingest(tmp_path)
    source.rename(tmp_path / "log-1.csv")
    write(source, "b", "c")
    assert server.ingest(tmp_path)["files"] == [str(source)]
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


@pytest.mark.parametrize("ask", ["events", "rejected"])
def test_lost_rows_are_noticed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    source = write(tmp_path / "log.csv", "a", "b", "")
    count = land.count

    def count_what_is_left(client: Any, landing: Any) -> land.Landed:
        client.command(f"truncate table {getattr(landing, ask)}")
        return count(client, landing)

    monkeypatch.setattr(land, "count", count_what_is_left)
    held = {"events": "0 loaded and 1 rejected", "rejected": "2 loaded and 0 rejected"}[ask]
    with pytest.raises(IngestError, match=f"has read 3 rows, but ClickHouse holds {held}"):
        server.ingest(source, max_rejected=1)
    assert server.ask("select count() from raw.loads") == [(0,)]
    monkeypatch.undo()
    assert server.ingest(source, max_rejected=1)["rows_loaded"] == 2


def test_a_piece_that_was_not_read_to_its_end_is_noticed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "log.csv", "a", "b")
    run = task.run

    def run_and_forget(*arguments: Any, **options: Any) -> Any:
        outcome = run(*arguments, **options)
        return replace(outcome, lines=outcome.lines - 1)

    monkeypatch.setattr(
        ingestion.Ingestion,
        "_run",
        lambda self, tasks, spec: [run_and_forget(each, self._contract, spec) for each in tasks],
    )
    with pytest.raises(LoadFailed, match=r"log\.csv: Spark has read 2 of 3 lines"):
        server.ingest(source)
    assert users(server) == []


def claim(server: Server, host: str, pid: int, load_id: str) -> None:
    """What a process leaves that has begun to load."""
    owner = Owner(host, pid, began(pid), load_id)
    server.ask(
        f"create table raw.ingest_claim_7 (x UInt8) engine Memory comment '{json.dumps(owner.__dict__)}'"
    )


def leave_behind(server: Server, source: Path, host: str, pid: int) -> str:
    """What a process leaves that is killed after its rows were swapped in and before its manifest row."""
    load_id = load_id_of(source)
    ensure_raw_tables(server.warehouse.client, "telemetry", "UTC")
    raw = RawLayer(server.warehouse.client, "telemetry")
    landing = raw.create_landing(load_id)
    for table in (landing.events, "raw.events"):
        server.ask(
            f"insert into {table} (load_id, userid, timestamp, value, action)"
            f" values ('{load_id}', 'half', 0, 1, 'cart')"
        )
    server.ask(
        "insert into raw.loads (load_id, status, updated_at)"
        f" select '{load_id}', 'loading', now64(3) - interval 1 minute"
    )
    claim(server, host, pid, load_id)
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


def test_rows_that_vanish_after_the_swap_are_noticed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "log.csv", "a", "b", "")
    publish = RawLayer.publish

    def publish_and_lose(self: RawLayer, landing: Any) -> None:
        publish(self, landing)
        server.ask("alter table raw.events drop partition all")

    monkeypatch.setattr(RawLayer, "publish", publish_and_lose)
    with pytest.raises(LoadFailed, match=r"Of 2 rows and 1 rejected .* 0 and 1 are there"):
        server.ingest(source, max_rejected=1)
    monkeypatch.undo()
    assert server.ask("select count() from raw.loads") == [(0,)]
    assert server.ingest(source, max_rejected=1)["rows_loaded"] == 2
    assert users(server) == ["a", "b"]


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
    """And it tidies nothing: what lies there belongs to the other one."""
    source = write(tmp_path / "log.csv", "a")
    count = land.count

    def count_and_be_overtaken(*arguments: Any) -> land.Landed:
        claim(server, "elsewhere", 1, load_id_of(source))
        return count(*arguments)

    monkeypatch.setattr(land, "count", count_and_be_overtaken)
    with pytest.raises(WarehouseBusy, match="taken over"):
        server.ingest(source)
    assert server.ask("select count() from raw.events") == [(0,)]
    assert server.ask("select status from raw.loads final") == [("loading",)]
    tables = server.ask("select name from system.tables where database = 'telemetry_raw' order by name")
    assert [name.partition("_")[0] for (name,) in tables] == [
        *("events", "ingest", "landing", "landing", "loads", "rejected")
    ]


def test_leftovers_of_a_published_load_are_swept_though_nothing_is_to_load(
    server: Server, tmp_path: Path
) -> None:
    source = write(tmp_path / "log.csv", "a")
    server.ingest(source)
    claim(server, socket.gethostname(), dead_process(), load_id_of(source))
    RawLayer(server.warehouse.client, "telemetry").create_landing("x")
    server.ask("insert into raw.events (load_id, userid, action) values ('replaced', 'old', 'cart')")
    assert server.ingest(source)["status"] == "nothing to load"
    assert server.ask("select userid from raw.events") == [("a",)]
    assert server.ask("select count() from system.tables where database = 'telemetry_raw'") == [(3,)]


class Interrupting:
    """A client before each of whose statements something else happens."""

    def __init__(self, client: Any, before: Callable[[], None]) -> None:
        self._client, self._before = client, before

    def __getattr__(self, name: str) -> Any:
        if name in ("command", "query", "insert", "raw_insert"):
            self._before()
        return getattr(self._client, name)


def at_step(step: int, what: Callable[[], None]) -> tuple[Callable[[], None], list[int]]:
    """Do something before one statement; the list counts them."""
    count = [0]

    def before() -> None:
        count[0] += 1
        if count[0] == step:
            what()

    return before, count


@pytest.mark.parametrize("dead", [False, True], ids=["free", "after a dead owner"])
@pytest.mark.parametrize("released", [False, True], ids=["and keeps it", "and is done"])
def test_two_that_claim_at_once(server: Server, dead: bool, released: bool) -> None:
    """One is stopped between any two statements while the other claims: never do both hold the claim."""
    client = server.warehouse.client
    ensure_raw_tables(client, "telemetry", "UTC")
    step, steps = 1, 2
    while step <= steps:
        if dead:
            claim(server, socket.gethostname(), dead_process(), "dead")
        second = Lock(client, "telemetry_raw", False)
        won: list[str] = []

        def others_turn(second: Lock = second, won: list[str] = won) -> None:
            try:
                second.claim("b")
                won.append("b")
                if released:
                    second.release()
            except WarehouseBusy:
                pass

        before, count = at_step(step, others_turn)
        first = Lock(Interrupting(client, before), "telemetry_raw", False)
        try:
            first.claim("a")
            won.append("a")
            first.require()
        except WarehouseBusy:
            pass
        assert won in ([["a"], ["b"], ["b", "a"]] if released else [["a"], ["b"]]), step
        first.release()
        second.release()
        assert server.ask("select count() from system.tables where startsWith(name, 'ingest_claim')") == [
            (0,)
        ]
        step, steps = step + 1, max(steps, count[0])
    assert steps >= 4


@pytest.mark.slow
def test_two_ingests_at_once_at_every_step(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole ingestion of a directory runs while another one of a file of it stands still.

    What they say to the server is interleaved, so the tasks may run in this process and not in Spark.
    """
    monkeypatch.setattr(ingestion.Ingestion, "_run", run_here)
    one, two = write(tmp_path / "one.csv", "a"), write(tmp_path / "two.csv", "b")
    step, steps = 1, 2
    both = 0
    while step <= steps:
        server.ask("drop database if exists telemetry_raw sync")
        failed: list[str] = []

        def others_turn(failed: list[str] = failed) -> None:
            try:
                server.ingest(one, two)
            except WarehouseBusy:
                failed.append("b")

        before, count = at_step(step, others_turn)
        slow = Server(
            replace(server.warehouse, client=Interrupting(server.warehouse.client, before)), server.home
        )
        try:
            slow.ingest(one)
        except WarehouseBusy:
            failed.append("a")
        both += not failed
        assert len(failed) < 2, step
        if "b" in failed:
            server.ingest(one, two)
        assert users(server) == ["a", "b"], step
        step, steps = step + 1, max(steps, count[0])
    assert steps > 15


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def on_another_host(last_act: str) -> Iterator[None]:
    """What runs here runs elsewhere, and is gone when it has done the act; what it asks for then is lost."""
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setattr(socket, "gethostname", lambda: "elsewhere")
        act = getattr(RawLayer, last_act, None)

        def die(*_: object, **__: object) -> None:
            raise Killed

        def act_and_die(self: RawLayer, *arguments: Any, **options: Any) -> None:
            assert act is not None
            act(self, *arguments, **options)
            for name in ("command", "query", "raw_insert"):
                elsewhere.setattr(self.client, name, die, raising=False)
            die()

        if act:
            elsewhere.setattr(RawLayer, last_act, act_and_die)
        yield


@pytest.mark.slow
@pytest.mark.parametrize(
    "last_act",
    [
        *("sweep", "publish"),
        *(
            pytest.param(act, marks=pytest.mark.exhaustive)
            for act in ("all", "currencies", "write", "forget")
        ),
    ],
)
def test_a_takeover_at_every_step(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last_act: str
) -> None:
    """A process stands still between any two statements, while another host begins the same load.

    That one loads all, or dies when it has done an act, and the first one goes on. What it says must be true,
    no load may count whose rows are not there, and the same command again ends right.
    """
    monkeypatch.setattr(ingestion.Ingestion, "_run", run_here)
    source = write(tmp_path / "log.csv", "a", "b", "")
    step, steps, overtaken = 1, 2, 0
    while step <= steps:
        server.ask("drop database if exists telemetry_raw sync")

        def others_turn() -> None:
            client = clickhouse_connect.get_client(
                host="127.0.0.1", port=server.warehouse.client.url.rpartition(":")[2], compress=False
            )
            other = Server(replace(server.warehouse, client=client), server.home)
            with closing(client), suppress(Killed, IngestError), on_another_host(last_act):
                other.ingest(source, max_rejected=1)

        before, count = at_step(step, others_turn)
        slow = Server(
            replace(server.warehouse, client=Interrupting(server.warehouse.client, before)), server.home
        )
        status = "overtaken"
        try:
            status = slow.ingest(source, max_rejected=1)["status"]
            assert users(server) == ["a", "b"] or status == "nothing to load", step
        except IngestError:
            overtaken += 1
        counted = """select rows_loaded, rows_rejected,
                (select count() from raw.events), (select count() from raw.rejected_events)
            from raw.loads final where status = 'loaded'"""
        assert server.ask(counted) in ([], [(2, 1, 2, 1)]), step

        server.ingest(source, max_rejected=1)

        assert server.ask(counted) == [(2, 1, 2, 1)], step
        assert users(server) == ["a", "b"], step
        if has_leftovers(server):
            # the other one's claim, which came when all was done: only the user knows that it is dead
            assert status == "loaded", step
            forget_load(server.warehouse, load_id_of(source))
        assert not has_leftovers(server), step
        step, steps = step + 1, max(steps, count[0])
    assert steps > 25 and overtaken > 5


def grow(path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(event(9, userid="late") + "\n")


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 10)


def swap(path: Path) -> None:
    """Same size, same time, another content."""
    times = path.stat()
    path.write_text(path.read_text(encoding="utf-8").replace(",a,", ",z,"), encoding="utf-8")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def rotate(path: Path) -> None:
    path.rename(path.with_suffix(".old"))
    write(path, "new")


@pytest.mark.parametrize("change", [grow, shrink, swap, rotate, Path.unlink])
@pytest.mark.parametrize("late", [False, True], ids=["before reading", "after reading"])
def test_a_file_that_changes_while_it_is_read_publishes_nothing(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    late: bool,
) -> None:
    source = write(tmp_path / "log.csv", "a", "b")
    run = ingestion.Ingestion._run

    def run_and_change(self: ingestion.Ingestion, *arguments: Any) -> Any:
        if not late:
            change(source)
        outcomes = run(self, *arguments)
        if late:
            change(source)
        return outcomes

    monkeypatch.setattr(ingestion.Ingestion, "_run", run_and_change)
    with pytest.raises(IngestError, match=r"log\.csv"):
        server.ingest(source)
    assert server.ask("select count() from raw.events") == [(0,)]
    assert server.ask("select count() from raw.loads") == [(0,)]


def test_a_server_that_refuses_in_the_middle(server: Server, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "a")
    endpoint = server.warehouse.server
    assert endpoint is not None
    gone = replace(server.warehouse, server=replace(endpoint, url="http://127.0.0.1:9"))
    with pytest.raises(LoadFailed, match="the server does not take the rows") as error:
        Server(gone, server.home).ingest(source)
    assert "\n" not in str(error.value)
    assert server.ingest(source)["rows_loaded"] == 1


def test_amounts_of_two_currencies_are_not_added(server: Server, tmp_path: Path) -> None:
    server.ingest(write(tmp_path / "log.csv", "a"))
    other = tmp_path / "other.csv"
    other.write_text("event_time,event_type,user_id\n2019-10-01 00:00:00 UTC,view,1\n", encoding="utf-8")
    with pytest.raises(BadSource, match="holds amounts in RUB"):
        server.ingest(other, log="multi_category_store")
    assert users(server) == ["a"]
    # of a contract that said `rub`
    server.ask("alter table raw.loads update currency = 'rub' where 1 settings mutations_sync = 2")
    server.ingest(write(tmp_path / "more.csv", "b"))
    assert users(server) == ["a", "b"]
