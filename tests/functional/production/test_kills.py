"""Death at every statement of an ingestion, a replacement and an undo: nothing lost, doubled or left over.

The dying process is this one: from one statement on, nothing that it asks for reaches the server any more,
as after `kill -9`. The claim that it leaves tells another start time, so that the next run sees a dead
owner. What a killed Spark and a killed engine do is tested with real processes in test_ingest_command.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ingest_server import Server, event, log
from raw_state import has_leftovers, keep, restore, run_here, users

from business_telemetry.ingest import lock
from business_telemetry.ingest import run as ingestion
from business_telemetry.ingest.loads import undo_load

STATEMENTS = ("command", "query", "raw_insert")
#: The statement of a second try that is about what the first one has left.
TIDYING = 20


class Killed(BaseException):
    """The process is gone."""


class Dying:
    """A client that dies when one statement has been carried out, which is as well before the next one."""

    def __init__(self, client: Any, last: int) -> None:
        self._client, self._last = client, last
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._mortal(found) if name in STATEMENTS else found

    def _mortal(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count > self._last:
                raise Killed
            return call(*arguments, **options)

        return run


@pytest.fixture
def server(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A warehouse whose tasks run in this process: Spark is not what dies here."""
    monkeypatch.setattr(ingestion.Ingestion, "_run", run_here)
    return server


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
    question = "select load_id, status from raw.loads final where has(files, '{}')"
    ((load_id, status),) = server.ask(question.format(home / "old.csv"))
    if status == "loaded":
        undo_load(server.warehouse, load_id)
    else:
        server.ingest(home / "kept.csv")  # any run finishes it


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "before", "afterwards", "least", "deaths", "step"),
    [
        (load, ["a", "b", "k"], ["a", "b", "k", "n", "n", "o"], 30, 1, 1),
        (load, ["a", "b", "k"], ["a", "b", "k", "n", "n", "o"], 12, 2, 5),
        pytest.param(
            *(load, ["a", "b", "k"], ["a", "b", "k", "n", "n", "o"], 60, 2, 1), marks=pytest.mark.exhaustive
        ),
        (replace_, ["a", "b", "k"], ["B", "a", "d", "k"], 30, 1, 1),
        (undo, ["a", "b", "k"], ["k"], 15, 1, 1),
    ],
    ids=["ingest", "ingest, twice, every fifth", "ingest, twice", "replace", "undo"],
)
def test_death_at_every_statement(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Act,
    before: list[str],
    afterwards: list[str],
    least: int,
    deaths: int,
    step: int,
    record_property: Callable[[str, object], None],
) -> None:
    server.ask("drop database if exists telemetry_raw sync")
    server.ingest(write(tmp_path / "kept.csv", "k"))
    server.ingest(write(tmp_path / "old.csv", "a", "b"))
    write(tmp_path / "new.csv", "n", "n", "o", "")
    keep(server)
    found = Counter[str]()
    last, finished = 1, False
    while not finished:
        restore(server)
        write(tmp_path / "old.csv", "a", "b")
        with monkeypatch.context() as patch:
            patch.setattr(lock, "began", lambda pid: "before")
            # who tidies up after a death may die of it too
            for attempt, point in enumerate((last, TIDYING)[:deaths]):
                dying = Dying(server.warehouse.client, point)
                try:
                    act(Server(replace(server.warehouse, client=dying), server.home), tmp_path)
                    finished = finished or attempt == 0
                except Killed:
                    found["killed"] += 1
                patch.setattr(lock, "began", lambda pid: "later")
        found["half"] += users(server) not in (before, afterwards)

        act(server, tmp_path)  # the same command again

        counted = users(server)
        found["lost"] += bool(Counter(afterwards) - Counter(counted))
        found["doubled"] += bool(Counter(counted) - Counter(afterwards))
        found["left over"] += has_leftovers(server)
        last += step
    record_property("kills", dict(found))
    print(dict(found))
    assert found["killed"] >= least
    assert (found["half"], found["lost"], found["doubled"], found["left over"]) == (0, 0, 0, 0)
