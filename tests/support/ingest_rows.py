"""Runs the tasks of ingestion without Spark and without a warehouse: files in, rows out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from business_telemetry.ingest.columns import COLUMNS, KEYS, REASONS
from business_telemetry.ingest.contract import Contract
from business_telemetry.ingest.contract_file import load_contract
from business_telemetry.ingest.files import scan
from business_telemetry.ingest.header import tasks_of
from business_telemetry.ingest.rules import judge
from business_telemetry.ingest.task import Outcome, run, run_edges

NAMES = {column.key: column.name for column in COLUMNS if column.key}


@dataclass
class Collected:
    """A sink of the test's own, and what it was handed."""

    outcomes: list[Outcome] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[tuple[int, bytes, list[str]]] = field(default_factory=list)

    def open(self, task: int) -> Collected:
        return self

    def write(self, kind: str, rows: pl.DataFrame) -> None:
        if kind == "events":
            self.events += rows.to_dicts()
        else:
            self.rejected += rows.select("source_line", "raw_line", "reasons").rows()

    def close(self) -> None:
        self.events.sort(key=lambda row: row["source_line"])
        self.rejected.sort()

    @property
    def ignored(self) -> int:
        return sum(sum(outcome.ignored.values()) for outcome in self.outcomes)

    @property
    def read(self) -> int:
        """Rows by the count of lines, as `run` compares it with what has arrived."""
        return sum(each.lines - each.blank - each.joined for each in self.outcomes) - self.header

    header: int = 0


def read(path: Path, contract: Contract | None = None, piece: int = 1 << 25) -> Collected:
    """Read a file as ingestion does, in pieces of `piece` bytes.

    Raises:
        IngestError: as ingestion.
    """
    contract = contract or load_contract("dataset_telemetry")
    collected = Collected()
    file = scan(str(path), piece)
    opened = tasks_of(file, contract)
    if opened is None:
        return collected
    tasks, _ = opened
    for task in tasks:
        collected.outcomes.append(outcome := run(task, contract, collected))
        if outcome.error:
            raise RuntimeError(outcome.error)
    if edges := [line for outcome in collected.outcomes for line in outcome.edges]:
        collected.outcomes.append(run_edges(tasks[0], edges, contract, collected))
    collected.close()
    if file.lines:
        assert sum(outcome.lines for outcome in collected.outcomes) == file.lines
    collected.header = int(bool(tasks) and tasks[0].kind == "csv")
    assert collected.read == len(collected.events) + len(collected.rejected) + collected.ignored
    return collected


def judged(contract: Contract, *rows: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Judge rows by canonical keys, and give the columns by them too, with the names of broken rules."""
    keys = [key for key in (*KEYS, "currency") if any(key in row for row in rows)]
    frame = pl.DataFrame(
        {
            **{key: pl.Series([row.get(key) for row in rows], dtype=pl.String) for key in keys},
            "line": pl.Series(range(2, len(rows) + 2), dtype=pl.UInt64),
            "broken": pl.Series([0] * len(rows), dtype=pl.UInt32),
        }
    )
    found = judge(frame, contract).rename({name: key for key, name in NAMES.items()}).to_dicts()
    for row in found:
        row["reasons"] = [name for place, name in enumerate(REASONS) if row["broken"] >> place & 1]
    return found
