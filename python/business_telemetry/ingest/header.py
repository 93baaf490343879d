"""The beginning of a file: what kind it is, which columns it has, and what is wrong with it as a whole."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
import pyarrow.parquet

from business_telemetry.ingest.contract import Contract, Layout, lay_out
from business_telemetry.ingest.encoding import UTF8, as_utf8, decodes
from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.files import (
    JSON,
    PARQUET,
    PIECE,
    TEXT,
    Piece,
    SourceFile,
    blocks,
    compression,
    is_parquet,
    open_bytes,
)
from business_telemetry.ingest.task import Task

SAMPLE: Final = 256 * 1024
MAX_HEADER: Final = 64 * 1024
#: How many lines of JSON tell which keys a log has.
SAMPLE_LINES: Final = 1000
#: With more lines that are no text in an encoding than this, the encoding is another one.
FOREIGN_SHARE: Final = 0.2
#: Endings of names that tell the kind, whatever follows: `.gz`, a number, or parts in a directory.
ENDINGS: Final = re.compile(rf"(?:{'|'.join(map(re.escape, TEXT))})(?![^./])")
#: The beginning of an array of objects, and of JSON that is written for people.
NOT_LINES: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*([\[{])(?:\s*\{|[ \t]*\r?\n)")
DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Head:
    """What the beginning of a file tells.

    Attributes:
        kind: csv, jsonl or parquet.
        names: the columns as the file names them; of JSON lines, the keys of the sample.
        sample: the first whole lines, as bytes; empty for Parquet.
    """

    kind: str
    names: tuple[str, ...]
    sample: bytes

    @property
    def plain(self) -> list[str]:
        """The names as columns are looked up by."""
        return [name.strip().lower() for name in self.names]


def read_head(name: str, contract: Contract) -> Head | None:
    """The head of a file; None when it is empty.

    Raises:
        BadSource: it is not what its name or the contract says; the message says what to write or do.
    """
    kind = kind_of(name, contract)
    if kind == "parquet":
        with open_bytes(name) as raw:
            try:
                return Head(kind, tuple(pyarrow.parquet.ParquetFile(raw).schema_arrow.names), b"")
            except (pa.ArrowException, OSError) as error:
                raise BadSource(
                    f"{name}: not Parquet, although its name says so; rename it, or copy it again"
                ) from error
    sample = next(blocks(name, size=SAMPLE), b"")
    if not sample:
        return None
    _require_text(name, sample, contract.format.encoding)
    if kind == "jsonl":
        if found := NOT_LINES.match(sample):
            step = ".[]" if found[1] == b"[" else "."
            raise BadSource(f"{name}: is JSON, but not an object a line; make it so: jq -c '{step}' {name}")
        return Head(kind, keys_of(as_utf8(sample, contract.format.encoding), SAMPLE_LINES), sample)
    line = sample.partition(b"\n")[0].rstrip(b"\r").removeprefix(b"\xef\xbb\xbf")
    if len(line) > MAX_HEADER:
        raise BadSource(f"{name}: its first line has {len(line):,} bytes, and no header is so long")
    text = line.decode(contract.format.encoding, "replace")
    try:
        names = next(csv.reader([text], delimiter=contract.format.delimiter, strict=True), [])
    except csv.Error as error:
        raise BadSource(f"{name}: the header line is not CSV ({error}): {text[:200]!r}") from error
    if len(names) == 1:
        _suggest_delimiter(name, text, contract.format.delimiter)
    return Head(kind, tuple(names), sample)


def kind_of(name: str, contract: Contract) -> str:
    """csv, jsonl or parquet: by the file's name, or its directory's, else by the contract."""
    if is_parquet(name):
        return "parquet"
    endings = ENDINGS.findall(name.lower())
    return "jsonl" if endings and endings[-1] in JSON else contract.format.kind


def tasks_of(file: SourceFile, contract: Contract) -> tuple[list[Task], Layout] | None:
    """The tasks that read a file, and its layout; None when it is empty.

    Raises:
        BadSource: as `read_head` and `lay_out`.
    """
    head = read_head(file.name, contract)
    if head is None:
        return None
    columns = head.names
    layout = lay_out(columns, contract, file.name)
    if head.kind == "jsonl":  # writers leave out what is null: any line may be the first to have a key
        columns = (*columns, *dict.fromkeys(name.strip().lower() for name in layout.absent))
        layout = lay_out(columns, contract, file.name)
    pieces = _row_groups(file.name) if head.kind == "parquet" else file.pieces
    names = tuple(name.strip().lower() for name in columns)
    tasks = [
        Task(number, file.name, head.kind, piece, layout, names, is_last=piece is pieces[-1])
        for number, piece in enumerate(pieces)
    ]
    return tasks, layout


def numbered(tasks: Sequence[Task]) -> list[Task]:
    """Tasks of several files, numbered through."""
    return [replace(task, number=number) for number, task in enumerate(tasks)]


def _row_groups(name: str) -> list[Piece]:
    """Row groups, as many together as make a piece; one piece of none where a file has none."""
    with open_bytes(name) as raw:
        metadata = pyarrow.parquet.ParquetFile(raw).metadata
    pieces, start, first, size, rows = [], 0, 1, 0, 0
    for group in range(metadata.num_row_groups):
        size += metadata.row_group(group).total_byte_size
        rows += metadata.row_group(group).num_rows
        if size >= PIECE or group == metadata.num_row_groups - 1:
            pieces.append(Piece(start, group + 1, first))
            start, first, size, rows = group + 1, first + rows, 0, 0
    return pieces or [Piece(0, 0, 1)]


def _require_text(name: str, sample: bytes, encoding: str) -> None:
    for packed, magic in (
        ("gzip: name it .gz", b"\x1f\x8b"),
        ("bzip2: name it .bz2", b"BZh9"),
        ("Zstandard: name it .zst", b"\x28\xb5\x2f\xfd"),
        (f"Parquet: name it {PARQUET[0]}", b"PAR1"),
        ("a ZIP archive: unpack it", b"PK\x03\x04"),
    ):
        if sample.startswith(magic) and not compression(name):
            raise BadSource(f"{name}: is {packed}")
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or sample[:1000].count(b"\0") > len(sample[:1000]) // 4:
        raise BadSource(f"{name}: is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8")
    lines = sample.splitlines()
    foreign = [line for line in lines if not decodes(line, encoding)]
    if len(foreign) > FOREIGN_SHARE * len(lines):
        raise BadSource(f"{name}: is not {encoding.upper()}{_likely(foreign)}")


def _likely(foreign: Sequence[bytes]) -> str:
    if all(decodes(line, UTF8) for line in foreign):
        return ", it looks like UTF-8 (write in the contract: format: {encoding: utf-8})"
    letters = b"".join(foreign)
    cyrillic = sum(each >= 0xC0 for each in letters) > 0.8 * sum(each >= 0x80 for each in letters)
    if cyrillic and all(decodes(line, "cp1251") for line in foreign):
        return ", it looks like Windows-1251 (write in the contract: format: {encoding: cp1251})"
    return "; write its encoding in the contract: format: {encoding: ...}"


def _suggest_delimiter(name: str, text: str, delimiter: str) -> None:
    counts = {other: text.count(other) for other in DELIMITERS if other != delimiter}
    other = max(counts, key=lambda each: counts[each])
    if counts[other] >= 2:
        shown = {"\t": '"\\t"'}.get(other, f'"{other}"')
        raise BadSource(
            f"{name}: one column with delimiter {delimiter!r}; its delimiter looks like {shown}"
            f" (write in the contract: format: {{delimiter: {shown}}})"
        )


def keys_of(sample: bytes, lines: int | None = None) -> tuple[str, ...]:
    """The keys of the objects on the first lines (None: on all), each once, whatever its case."""
    keys: dict[str, str] = {}
    for line in sample.removeprefix(b"\xef\xbb\xbf").splitlines()[:lines]:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            for name in found:
                keys.setdefault(name.strip().lower(), name)
    return tuple(keys.values())
