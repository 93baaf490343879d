"""A raw layer that is put aside and brought back, and what must hold of it after any fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest_server import Server

from business_telemetry.ingest.errors import of_code
from business_telemetry.ingest.task import Outcome, Task, run

if TYPE_CHECKING:
    from business_telemetry.ingest.run import Ingestion
    from business_telemetry.ingest.sink import SinkSpec

RAW = ("events", "rejected_events", "loads")
TABLES = "select name from system.tables where database = 'telemetry_raw' order by name"
USERS = """select userid from raw.events
    where load_id in (select load_id from raw.loads final where status = 'loaded') order by userid"""
STALE = """select count() from raw.events
    where load_id not in (select load_id from raw.loads final where status = 'loaded')"""


def run_here(self: Ingestion, tasks: Sequence[Task], spec: SinkSpec) -> list[Outcome]:
    """In the place of `Ingestion._run`: the tasks in this process, where Spark is not what fails."""
    outcomes = [run(task, self._contract, spec) for task in tasks]
    for outcome in outcomes:
        if outcome.error:
            raise of_code(*outcome.error)
    return outcomes


def keep(server: Server) -> None:
    """Put the raw layer aside."""
    server.ask("create database if not exists kept")
    for table in RAW:
        server.ask(f"create or replace table kept.{table} engine Memory as select * from raw.{table}")


def restore(server: Server) -> None:
    """Bring it back as it was."""
    for (table,) in server.ask(TABLES):
        server.ask(f"truncate table raw.{table}" if table in RAW else f"drop table raw.{table} sync")
    for table in RAW:
        server.ask(f"insert into raw.{table} select * from kept.{table}")


def users(server: Server) -> list[str]:
    """The users whose events count, one entry an event."""
    return [user for (user,) in server.ask(USERS)]


def has_leftovers(server: Server) -> bool:
    """Are there tables or rows that belong to no load?"""
    return [name for (name,) in server.ask(TABLES)] != sorted(RAW) or server.ask(STALE) != [(0,)]
