"""A clock that is set back: what is written last wins and comes last, as with a clock that is right.

The engine's clock cannot be set, so the past is moved instead: what was written before gets stamps of the
day after tomorrow. To who comes next that is a clock that was set back by two days.
"""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest
from ingest_server import Server, event, log
from raw_state import run_here, users

from business_telemetry.alerts.alert import Alert
from business_telemetry.alerts.find import Band
from business_telemetry.alerts.ledger import Ledger
from business_telemetry.ingest import lock
from business_telemetry.ingest.loads import read_loads, undo_load
from business_telemetry.ingest.raw_layer import RawLayer
from business_telemetry.ingest.run import Ingestion

SHIFT = """insert into raw.{0} select * replace ({1} updated_at + interval 2 day as updated_at)
    from raw.{0} final"""
LOADS = "started_at + interval 2 day as started_at, finished_at + interval 2 day as finished_at,"


@pytest.fixture(autouse=True)
def _tasks_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ingestion, "_run", run_here)


def write(path: Path, *users: str) -> Path:
    path.write_text(log(*(event(n, userid=user) for n, user in enumerate(users))), encoding="utf-8")
    return path


def set_back(server: Server, table: str = "loads") -> None:
    """From now on the clock shows two days less than before."""
    server.ask(SHIFT.format(table, LOADS if table == "loads" else ""))
    server.ask(f"optimize table raw.{table} final")


def test_loads_keep_their_order_and_the_last_word_counts(server: Server, tmp_path: Path) -> None:
    first = server.ingest(write(tmp_path / "one.csv", "a", "b"))["load_id"]
    set_back(server)
    second = server.ingest(write(tmp_path / "two.csv", "c"))["load_id"]
    assert [load["load_id"] for load in read_loads(server.warehouse)] == [first, second]
    assert server.ask("select load_id from raw.loads final order by finished_at") == [(first,), (second,)]

    set_back(server)
    replaced = server.ingest(write(tmp_path / "one.csv", "A"), replace=True)["load_id"]
    assert users(server) == ["A", "c"]

    set_back(server)
    undo_load(server.warehouse, second)
    assert users(server) == ["A"]
    stamps = server.ask(
        "select load_id, status, finished_at >= started_at from raw.loads final order by updated_at"
    )
    assert [(load_id, status) for load_id, status, _ in stamps][-1] == (second, "undone")
    assert {(load_id, status) for load_id, status, _ in stamps} == {
        (first, "replaced"),
        (replaced, "loaded"),
        (second, "undone"),
    }
    assert all(in_order for *_, in_order in stamps)

    set_back(server)
    again = server.ingest(tmp_path / "two.csv")
    assert (again["load_id"], again["status"]) == (second, "loaded")
    assert users(server) == ["A", "c"]


def test_a_clock_that_is_set_back_while_a_load_runs(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = RawLayer.create_landing

    def create_and_set_back(self: RawLayer, load_id: str) -> object:
        set_back(server)
        return create(self, load_id)

    monkeypatch.setattr(RawLayer, "create_landing", create_and_set_back)
    server.ingest(write(tmp_path / "one.csv", "a"))
    assert server.ask("select status from raw.loads final") == [("loaded",)]
    assert server.ingest(tmp_path / "one.csv")["status"] == "nothing to load"
    assert users(server) == ["a"]


def test_a_reload_is_another_version_to_the_models(server: Server, tmp_path: Path) -> None:
    """Months are built again when (load, end of load) is new: no end may come twice."""
    ends = set()
    for _ in range(3):
        load_id = server.ingest(write(tmp_path / "one.csv", "a"))["load_id"]
        ends |= set(server.ask("select finished_at from raw.loads final"))
        set_back(server)
        undo_load(server.warehouse, load_id)
    assert len(ends) == 3


def test_a_sent_alert_stays_sent(server: Server, tmp_path: Path) -> None:
    server.ingest(write(tmp_path / "one.csv", "a"))
    ledger = Ledger(server.warehouse)
    ledger.create()
    alert = Alert(key="dip/1", text="Выручка ниже ожидаемой", state="dip")
    ledger.remember([alert])
    ledger.mark([alert], "webhook", "sending")
    set_back(server, "alerts")
    ledger.mark([alert], "webhook", "sent")
    assert ledger.pending("webhook") == ([], set())
    assert [each.key for each in ledger.pending("mail")[0]] == ["dip/1"]
    set_back(server, "alerts")
    ledger.end(["dip/1"])
    assert ledger.known().states == {}

    day = date(2024, 3, 1)
    ledger.keep_forecast(day, [Band(day.replace(day=2), 10.0, 5.0, 15.0)])
    set_back(server, "alert_forecasts")
    ledger.keep_forecast(day, [Band(day.replace(day=2), 20.0, 15.0, 25.0)])
    assert ledger.forecast(day.replace(day=9), 7) == [Band(day.replace(day=2), 20.0, 15.0, 25.0)]


def test_whether_an_owner_lives_does_not_depend_on_the_clock(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process began so many ticks after the machine did, whatever the clock says."""
    mine = lock.began(os.getpid())
    assert mine.isdigit() and mine == lock.began(os.getpid())
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert server.ingest(write(tmp_path / "one.csv", "a"))["status"] == "loaded"
