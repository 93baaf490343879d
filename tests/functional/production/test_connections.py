"""A connection that breaks and a server that goes away at a statement: one line, and the rerun ends right.

The line is a proxy in front of the tests' server, which loses, tears or refuses one statement
(`faulty_proxy.FAULTS`). Where the server had done what it was asked for, a second try must not do it twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from faulty_proxy import FAULTS, Line, gone_from, line_to, once
from ingest_server import Server, event, log
from raw_state import has_leftovers, keep, restore, run_here, users
from urllib3.exceptions import HTTPError

from business_telemetry.ingest import lock, sink
from business_telemetry.ingest import run as ingestion
from business_telemetry.ingest.errors import LoadFailed
from business_telemetry.ingest.loads import undo_load
from business_telemetry.warehouse import Endpoint, Warehouse

#: The suite breaks every so manieth statement, and all of them when it is asked to be exhaustive.
STRIDE = 9


@pytest.fixture
def line(server: Server, server_process: tuple[int, Path]) -> Iterator[Line]:
    with line_to(server_process[0]) as line:
        yield line


@pytest.fixture
def far(server: Server, line: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server at the other end of the line, with tasks in this process."""
    monkeypatch.setattr(ingestion.Ingestion, "_run", run_here)
    monkeypatch.setattr(sink, "PAUSES", (0, 0))
    client = clickhouse_connect.get_client(host="127.0.0.1", port=line.port, compress=False)
    endpoint = Endpoint(f"http://127.0.0.1:{line.port}", "default", "")
    yield Server(Warehouse(client, "telemetry", None, endpoint, None, "test"), server.home)
    client.close()


def write(path: Path, *users: str) -> Path:
    path.write_text(log(*(event(n, userid=user) for n, user in enumerate(users))), encoding="utf-8")
    return path


def load(server: Server, home: Path) -> None:
    server.ingest(write(home / "new.csv", "n", "n", "o", ""), max_rejected=1)


def replace(server: Server, home: Path) -> None:
    server.ingest(write(home / "old.csv", "a", "B", "d"), replace=True)


def undo(server: Server, home: Path) -> None:
    load_id, status = server.ask(
        f"select load_id, status from raw.loads final where has(files, '{home / 'old.csv'}')"
    )[0]
    if status == "loaded":
        undo_load(server.warehouse, load_id)
    else:
        server.ingest(home / "kept.csv")  # any run finishes it


ACTS: dict[str, tuple[Callable[[Server, Path], None], list[str]]] = {
    "ingest": (load, ["a", "b", "k", "n", "n", "o"]),
    "replace": (replace, ["B", "a", "d", "k"]),
    "undo": (undo, ["k"]),
}


class Sweep:
    """One act on one line, spoilt again and again from the same beginning."""

    def __init__(self, near: Server, far: Server, line: Line, home: Path, act: str) -> None:
        self.near, self.far, self.line, self.home = near, far, line, home
        self.act, self.afterwards = ACTS[act]
        self.found = Counter[str]()
        near.ask("drop database if exists telemetry_raw sync")
        far.ingest(write(home / "kept.csv", "k"))
        far.ingest(write(home / "old.csv", "a", "b"))
        keep(near)
        line.spoil()
        self.act(far, home)
        self.length = len(line.statements)

    def spoil(self, monkeypatch: pytest.MonkeyPatch, fault: Callable[[int, str], str]) -> None:
        """The act on a spoilt line, and again on a sound one."""
        restore(self.near)
        write(self.home / "old.csv", "a", "b")
        self.line.spoil(fault)
        with monkeypatch.context() as patch:
            # who comes next finds the owner of a claim that is left dead
            patch.setattr(lock, "began", lambda pid: "before")
            try:
                self.act(self.far, self.home)
                self.found["went on"] += 1
            except LoadFailed as error:
                self.found["stopped"] += 1
                assert "\n" not in str(error) and len(str(error)) < 500, str(error)
            except (ClickHouseError, HTTPError):
                self.found["stopped"] += 1
                assert self.act is undo  # the command says it in a line
        seen = self.line.statements[-3:]
        self.line.spoil()
        assert users(self.near) in (["a", "b", "k"], self.afterwards), seen

        self.act(self.far, self.home)

        assert users(self.near) == self.afterwards, seen
        assert not has_leftovers(self.near), seen


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("stride", [STRIDE, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_a_line_that_breaks(
    server: Server,
    far: Server,
    line: Line,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    stride: int,
    record_property: Callable[[str, object], None],
) -> None:
    """Once at one statement, or for good from it on."""
    sweep = Sweep(server, far, line, tmp_path, act)
    for place, step in enumerate(range(1, sweep.length + 1, stride)):
        for fault in FAULTS if stride == 1 else [FAULTS[place % len(FAULTS)]]:
            sweep.spoil(monkeypatch, once(step, fault))
        if stride == 1:
            sweep.spoil(monkeypatch, gone_from(step))
    sweep.spoil(monkeypatch, gone_from(sweep.length // 2))
    print(act, sweep.length, dict(sweep.found))
    record_property("faults", dict(sweep.found))
    assert sweep.length > 15 and sweep.found["stopped"] > 0


@pytest.mark.parametrize("fault", ["lost", "unanswered", "torn", "503"])
def test_rows_whose_answer_is_lost_are_sent_again_and_taken_once(
    server: Server, far: Server, line: Line, tmp_path: Path, fault: str
) -> None:
    spoilt = Counter[str]()

    def first_try(_: int, text: str) -> str:
        kind = next((kind for kind in ("events", "rejected") if f"landing_{kind}" in text), "")
        if not text.startswith("insert into") or not kind:
            return ""
        spoilt[kind] += 1
        return fault if spoilt[kind] == 1 else ""

    line.spoil(first_try)
    result = far.ingest(write(tmp_path / "new.csv", "n", "n", "o", ""), max_rejected=1)
    assert (result["rows_loaded"], result["rows_rejected"]) == (3, 1)
    assert users(server) == ["n", "n", "o"]
    assert spoilt == {"events": 2, "rejected": 2}
