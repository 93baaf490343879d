"""Death at every statement of an ingestion, a replacement and an undo: nothing lost, doubled or left over.

The dying process is this one: from one statement on, before it or after it was carried out, nothing that
it asks for reaches the server any more, as after `kill -9`. The claim that it leaves tells another start
time, so that the next run sees a dead owner. What a killed Spark and a killed engine do is tested with real
processes in test_ingest_command.py.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from ingest_server import Server, event, log

from business_telemetry.ingest import lock, task
from business_telemetry.ingest import run as ingestion
from business_telemetry.ingest.loads import undo_load
from business_telemetry.warehouse import Endpoint, Warehouse

STATEMENTS = ("command", "query", "raw_insert")
USERS = """select userid from raw.events
    where load_id in (select load_id from raw.loads final where status = 'loaded') order by userid"""
STALE = """select count() from raw.events
    where load_id not in (select load_id from raw.loads final where status = 'loaded')"""
TABLES = "select name from system.tables where database = 'telemetry_raw' order by name"


class Killed(BaseException):
    """The process is gone."""


class Dying:
    """A client that dies at one statement, before it or after it."""

    def __init__(self, client: Any, step: int, after: bool) -> None:
        self._client, self._step, self._after = client, step, after
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._mortal(found) if name in STATEMENTS else found

    def _mortal(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count > self._step or (self.count == self._step and not self._after):
                raise Killed
            answer = call(*arguments, **options)
            if self.count == self._step:
                raise Killed
            return answer

        return run


@pytest.fixture
def server(server_process: tuple[int, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A warehouse whose tasks run in this process: Spark is not what dies here."""
    port, home = server_process
    client = clickhouse_connect.get_client(host="127.0.0.1", port=port, compress=False)

    def run(self: ingestion.Ingestion, tasks: Any, spec: Any) -> Any:
        return [task.run(each, self._contract, spec) for each in tasks]

    monkeypatch.setattr(ingestion.Ingestion, "_run", run)
    endpoint = Endpoint(f"http://127.0.0.1:{port}", "default", "")
    yield Server(Warehouse(client, "telemetry", None, endpoint, None, "test"), home)
    client.command("drop database if exists telemetry_raw sync")
    client.close()


def write(path: Path, *users: str) -> Path:
    path.write_text(log(*(event(n, userid=user) for n, user in enumerate(users))), encoding="utf-8")
    return path


Act = Callable[[Server, Path], Any]


def load(server: Server, home: Path) -> None:
    server.ingest(home / "new.csv", max_rejected=1)


def replace_(server: Server, home: Path) -> None:
    write(home / "old.csv", "a", "B", "d")
    server.ingest(home / "old.csv", replace=True)


def undo(server: Server, home: Path) -> None:
    (row,) = server.ask(
        "select load_id from raw.loads final where has(files, '" + str(home / "old.csv") + "')"
    )
    if server.ask(
        f"select count() from raw.loads final where load_id = '{row[0]}' and status = 'loaded'"
    ) == [(1,)]:
        undo_load(server.warehouse, row[0])
    else:
        server.ingest(home / "kept.csv")  # any run finishes it


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "before", "afterwards", "least"),
    [
        (load, ["a", "b", "k"], ["a", "b", "k", "n", "n", "o"], 40),
        (replace_, ["a", "b", "k"], ["B", "a", "d", "k"], 40),
        (undo, ["a", "b", "k"], ["k"], 20),
    ],
    ids=["ingest", "replace", "undo"],
)
def test_death_at_every_statement(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Act,
    before: list[str],
    afterwards: list[str],
    least: int,
    record_property: Callable[[str, object], None],
) -> None:
    found = Counter[str]()
    for after in (False, True):
        step, finished = 1, False
        while not finished:
            server.ask("drop database if exists telemetry_raw sync")
            shutil.rmtree(tmp_path)
            tmp_path.mkdir()
            server.ingest(write(tmp_path / "kept.csv", "k"))
            server.ingest(write(tmp_path / "old.csv", "a", "b"))
            write(tmp_path / "new.csv", "n", "n", "o", "")
            dying = Dying(server.warehouse.client, step, after)
            mortal = Server(replace(server.warehouse, client=dying), server.home)
            with monkeypatch.context() as patch:
                patch.setattr(lock, "began", lambda pid: "before")
                try:
                    act(mortal, tmp_path)
                    finished = True
                except Killed:
                    found["killed"] += 1
            seen = [user for (user,) in server.ask(USERS)] if server.ask(TABLES) else before
            found["half"] += seen not in (before, afterwards)

            act(server, tmp_path)  # the same command again

            users = [user for (user,) in server.ask(USERS)]
            found["lost"] += bool(Counter(afterwards) - Counter(users))
            found["doubled"] += bool(Counter(users) - Counter(afterwards))
            tables = [name for (name,) in server.ask(TABLES)]
            stale = server.ask(STALE)[0][0]
            found["left over"] += tables != ["events", "loads", "rejected_events"] or stale > 0
            step += 1
    record_property("kills", dict(found))
    print(dict(found))
    assert found["killed"] >= least
    assert (found["half"], found["lost"], found["doubled"], found["left over"]) == (0, 0, 0, 0)
