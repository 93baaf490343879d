"""One task: read a piece of a file, judge its rows, hand them on. Runs on Spark's workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet

from business_telemetry.ingest.columns import COLUMNS, reasons_of
from business_telemetry.ingest.contract import Contract, Layout, sources
from business_telemetry.ingest.cut import Lines, cut, cut_records
from business_telemetry.ingest.encoding import as_utf8
from business_telemetry.ingest.errors import IngestError
from business_telemetry.ingest.files import Piece, blocks, compression, open_bytes
from business_telemetry.ingest.rules import judge
from business_telemetry.ingest.sink import Sink, SinkSpec
from business_telemetry.ingest.stitch import Line, stitch
from business_telemetry.ingest.tables import as_json, parse, read_batch

#: So many loose lines at the beginning of a piece may belong to a record of the piece before it.
HEAD_LINES: Final = 10_000
BATCH_ROWS: Final = 50_000


@dataclass(frozen=True)
class Task:
    """A piece of a file to read.

    Attributes:
        number: of the task within the load.
        file: its name.
        kind: csv, jsonl or parquet; a piece of Parquet counts row groups, not bytes.
        names: the columns of the file, without case; of JSON lines, whatever a line may have.
        is_last: is there nothing behind the piece?
    """

    number: int
    file: str
    kind: str
    piece: Piece
    layout: Layout
    names: tuple[str, ...]
    is_last: bool


@dataclass
class Outcome:
    """What a task has found.

    Attributes:
        task: its number; -1 for lines at the edges of pieces.
        lines: physical lines (rows of Parquet), header included.
        blank: blank lines, which are no rows.
        joined: lines that continue a record.
        rows: rows handed on, ignored ones included.
        ignored: rows by the log's own word for an action that the contract ignores.
        told: the log's names for columns of JSON lines that a line has a value of.
        edges: loose lines that only the neighbouring pieces can tell more of.
        error: why the piece could not be read, with the exit code.
    """

    task: int
    lines: int = 0
    blank: int = 0
    joined: int = 0
    rows: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)
    edges: list[Line] = field(default_factory=list)
    error: tuple[str, int] | None = None


@dataclass(frozen=True)
class Batch:
    """Rows as text, and what each looks like in the file, by its number."""

    rows: pl.DataFrame
    raw: Callable[[int], bytes]


def run(task: Task, contract: Contract, spec: SinkSpec) -> Outcome:
    """Read, judge and hand on. What goes wrong is told, not raised: Java would wrap it in its own text."""
    outcome = Outcome(task.number)
    try:
        sink = spec.open(task.number)
        for batch in _READERS[task.kind](task, contract, outcome):
            _hand_on(batch, task.file, contract, sink, outcome)
        sink.close()
    except IngestError as error:
        outcome.error = (str(error), error.exit_code)
    except (Exception, pl.exceptions.PanicException) as error:
        reason = (str(error).splitlines() or [""])[0]
        outcome.error = (f"{task.file}: {type(error).__name__}: {reason}", 1)
    return outcome


def run_edges(task: Task, edges: Sequence[Line], contract: Contract, sink: Sink) -> Outcome:
    """Put the loose lines at the edges of a file's pieces together, and hand them on as `run` does."""
    outcome = Outcome(-1)
    delimiter = contract.format.delimiter
    records, _ = stitch(sorted(edges), task.layout.width, delimiter.encode(), last=0)
    _hand_on(_records(records, task, delimiter, outcome), task.file, contract, sink, outcome)
    return outcome


def absent_columns(task: Task, outcomes: Sequence[Outcome], contract: Contract) -> list[str]:
    """The log's names for columns that a file has not; of JSON lines, those of which no line has a value.

    Args:
        task: any of the file's.
        outcomes: of all its tasks.
        contract: what the tasks looked for.
    """
    if task.kind != "jsonl":
        return list(task.layout.absent)
    told = {name for outcome in outcomes for name in outcome.told}
    return [name for name in dict.fromkeys(sources(contract).values()) if name not in told]


def _hand_on(batch: Batch, file: str, contract: Contract, sink: Sink, outcome: Outcome) -> None:
    if not len(batch.rows):
        return
    judged = judge(batch.rows, contract).with_columns(
        pl.lit(file, dtype=pl.Enum([file])).alias("source_file"), pl.col("line").alias("source_line")
    )
    outcome.rows += len(judged)
    words = judged["ignored"].drop_nulls()
    outcome.ignored.update(words.to_list())
    is_good = judged["broken"] == 0
    good = judged.filter(is_good & judged["ignored"].is_null()) if len(words) or not is_good.all() else judged
    if len(good):
        sink.write("events", good.select(column.name for column in COLUMNS))
    bad = judged.filter(~is_good).select("source_file", "source_line", "broken")
    if len(bad):
        raw = [batch.raw(number) for number in bad["source_line"]]
        reasons = [reasons_of(bits) for bits in bad["broken"]]
        sink.write(
            "rejected",
            bad.select(
                "source_file",
                "source_line",
                pl.Series("raw_line", raw, dtype=pl.Binary),
                pl.Series("reasons", reasons, dtype=pl.List(pl.String)),
            ),
        )


def _lines(task: Task, contract: Contract, outcome: Outcome, header: bool) -> Iterator[Lines]:
    """The lines of a piece, block by block, in UTF-8, without the header."""
    number, encoding = task.piece.line, contract.format.encoding
    end = None if compression(task.file) else task.piece.end
    for found in blocks(task.file, task.piece.start, end):
        block = as_utf8(found, encoding)
        if number == 1:
            if header:
                block, number = block[block.find(b"\n") + 1 or len(block) :], 2
                outcome.lines += 1
            else:
                block = block.removeprefix(b"\xef\xbb\xbf")
        if block:
            lines = Lines.of(block, number)
            outcome.lines += len(lines.starts)
            number += len(lines.starts)
            yield lines


def _csv(task: Task, contract: Contract, outcome: Outcome) -> Iterator[Batch]:
    width, delimiter = task.layout.width, contract.format.delimiter
    records: list[Line] = []
    pending: list[Line] = []
    next_head = task.piece.line if task.piece.line > 1 else -1
    for lines in _lines(task, contract, outcome, header=True):
        rows, loose = cut(lines, task.layout, delimiter)
        yield Batch(rows, lines.text)
        while loose and loose[0].number == next_head and len(outcome.edges) < HEAD_LINES:
            outcome.edges.append(loose.pop(0))
            next_head += 1
        last = lines.first + len(lines.starts) - 1
        if next_head <= last:
            next_head = -1
        whole, pending = stitch([*pending, *loose], width, delimiter.encode(), last)
        records += whole
        if len(records) > BATCH_ROWS:
            yield _records(records, task, delimiter, outcome)
            records = []
    if task.is_last:
        whole, pending = stitch(pending, width, delimiter.encode(), last=0)
        records += whole
    outcome.edges += pending
    yield _records(records, task, delimiter, outcome)


def _records(records: Sequence[Line], task: Task, delimiter: str, outcome: Outcome) -> Batch:
    rows, texts = cut_records(records, task.layout, delimiter)
    outcome.joined += sum(record.lines - 1 for record in records)
    outcome.blank += len(records) - len(rows)
    return Batch(rows, texts.__getitem__)


def _jsonl(task: Task, contract: Contract, outcome: Outcome) -> Iterator[Batch]:
    names = sources(contract)
    for lines in _lines(task, contract, outcome, header=False):
        rows, blank = parse(lines, task.layout, task.names)
        outcome.blank += blank
        outcome.told.update(name for key, name in names.items() if rows[key].null_count() < len(rows))
        yield Batch(rows, lines.text)


def _row_of(batch: pa.RecordBatch, first: int, number: int) -> bytes:
    return as_json(batch, number - first)


def _parquet(task: Task, contract: Contract, outcome: Outcome) -> Iterator[Batch]:
    first = task.piece.line
    with open_bytes(task.file) as raw, pyarrow.parquet.ParquetFile(raw) as file:
        groups = range(task.piece.start, task.piece.end)
        for batch in file.iter_batches(BATCH_ROWS, row_groups=list(groups), use_threads=False):
            rows = read_batch(batch, task.layout, first, task.file)
            yield Batch(rows, partial(_row_of, batch, first))
            first += len(batch)
            outcome.lines += len(batch)


_READERS: Final = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
