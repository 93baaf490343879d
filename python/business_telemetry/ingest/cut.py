"""CSV blocks -> columns of text, without a Python loop over ordinary lines.

Arrow cuts the lines that it can be trusted with. Those with a quote, a lone carriage return or broken UTF-8
are cut one by one, and those that are no row by themselves (loose lines) are handed back to be put together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from business_telemetry.ingest.columns import bit
from business_telemetry.ingest.contract import Layout
from business_telemetry.ingest.stitch import Line, fields_of

NEWLINE, RETURN, QUOTE = b'\n\r"'
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Lines:
    """A block of bytes and where its lines are, without their line ends.

    Attributes:
        block: the bytes.
        first: the number of the first line in the file.
        starts: the offset of each line.
        ends: the offset behind each line.
    """

    block: bytes
    first: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, block: bytes, first: int) -> Lines:
        """Find the lines of a block; only the last may lack a newline."""
        data = np.frombuffer(block, np.uint8)
        stops = np.flatnonzero(data == NEWLINE)
        if not block.endswith(b"\n"):
            stops = np.append(stops, len(block))
        starts = np.concatenate(([0], stops[:-1] + 1))
        has_return = (stops > starts) & (data[np.maximum(stops - 1, 0)] == RETURN)
        return cls(block, first, starts, stops - has_return)

    def text(self, number: int) -> bytes:
        """The line with a number."""
        place = number - self.first
        return self.block[self.starts[place] : self.ends[place]]

    def at(self, value: int) -> NDArray[np.int64]:
        """The places of the lines that hold a byte."""
        found = np.flatnonzero(np.frombuffer(self.block, np.uint8) == value)
        return np.unique(np.searchsorted(self.starts, found, side="right") - 1)

    def not_utf8(self) -> list[int]:
        """The places of the lines that are no UTF-8."""
        offsets = np.append(self.starts, len(self.block)).astype(np.int64)
        texts = pa.LargeStringArray.from_buffers(
            len(self.starts), pa.py_buffer(offsets), pa.py_buffer(self.block)
        )
        found, start = [], 0
        while start < len(texts):
            try:
                texts.slice(start).validate(full=True)
                break
            except pa.ArrowInvalid as error:  # its message ends with the number of the first
                start += int(str(error).rsplit(" ", 1)[1])
                found.append(start)
                start += 1
        return found


def cut(lines: Lines, layout: Layout, delimiter: str) -> tuple[pl.DataFrame, list[Line]]:
    """Cut lines into the columns of a layout.

    Args:
        lines: of a CSV file.
        layout: how many fields a row has, and which are wanted.
        delimiter: one character.

    Returns:
        The rows: the layout's keys as text, `line` and `broken`; and the loose lines, in order.
    """
    special = lines.ends == lines.starts
    special[lines.not_utf8()] = True
    if RETURN in lines.block:
        # a carriage return that is not the line end's
        special[[place for place in lines.at(RETURN) if b"\r" in lines.text(lines.first + int(place))]] = True
    if BOM in lines.block:
        # Arrow takes one off its first line
        special[
            [place for place in lines.at(BOM[0]) if lines.text(lines.first + int(place)).startswith(BOM)]
        ] = True
    quoted = np.zeros(len(special), bool)
    if QUOTE in lines.block:
        quoted[lines.at(QUOTE)] = True
        quoted &= ~special
        places = np.flatnonzero(quoted)
        texts = pl.Series(
            [lines.text(lines.first + int(place)).decode() for place in places], dtype=pl.String
        )
        odd = places[~texts.str.contains(_regular(delimiter)).to_numpy()]
        special[odd], quoted[odd] = True, False
    frames, loose = [], []
    for chosen, quote in ((~special & ~quoted, None), (quoted, '"')):
        rows, ragged = _cut_plain(lines, chosen, layout, delimiter, quote)
        frames.append(rows)
        loose += [Line(number, lines.text(number)) for number in ragged]
    single = []
    for place in np.flatnonzero(special):
        line = Line(lines.first + int(place), lines.text(lines.first + int(place)))
        fields = line.text.split(delimiter.encode())
        # a stray quote may be the end of a record that an earlier line opens
        if b'"' in line.text or not line.text or len(fields) != layout.width:
            loose.append(line)
        else:
            single.append((line, fields))
    return pl.concat([*frames, _frame(single, layout)]), sorted(loose)


def _regular(delimiter: str) -> str:
    """Lines whose quotes open and close whole fields."""
    d = re.escape(delimiter)
    field = f'(?:"(?:[^"]|"")*"|[^"{d}]*)'
    return f"^{field}(?:{d}{field})*$"


def cut_records(
    records: Sequence[Line], layout: Layout, delimiter: str
) -> tuple[pl.DataFrame, Mapping[int, bytes]]:
    """Cut records that have been put together; those that are still no row are broken.

    Returns:
        Rows as `cut` gives them, blank lines left out, and the text of each by its line number.
    """
    rows: list[tuple[Line, Sequence[bytes]]] = []
    broken: list[int] = []
    for record in records:
        if not record.text.strip(b"\r"):
            continue
        fields = fields_of(record.text, delimiter.encode())
        is_row = fields is not None and len(fields) == layout.width
        rows.append((record, fields if fields is not None and is_row else [b""] * layout.width))
        broken.append(0 if is_row else bit("unbalanced_quote" if fields is None else "column_count"))
    frame = _frame(rows, layout).with_columns(pl.col("broken") + pl.Series(broken, dtype=pl.UInt32))
    return frame, {record.number: record.text for record, _ in rows}


def _cut_plain(
    lines: Lines, chosen: NDArray[np.bool_], layout: Layout, delimiter: str, quote: str | None
) -> tuple[pl.DataFrame, list[int]]:
    """The chosen lines, cut by Arrow, and the numbers of those with too few or too many fields."""
    numbers = lines.first + np.flatnonzero(chosen)
    ragged: list[int] = []

    def skip(row: Any) -> str:
        ragged.append(row.number - 1)
        return "skip"

    names = [str(position) for position in range(layout.width)]
    wanted = [names[position] for position in sorted(set(layout.positions.values()))]
    table = pa.table({name: pa.array([], pa.string()) for name in wanted})
    if len(numbers):
        table = pyarrow.csv.read_csv(
            pa.py_buffer(_only(lines, chosen)),
            read_options=pyarrow.csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(lines.block) + 1
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter,
                quote_char=quote or False,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=wanted,
                strings_can_be_null=False,
            ),
        )
    rows = pl.from_arrow(table)
    assert isinstance(rows, pl.DataFrame)
    kept = np.delete(numbers, ragged)
    return (
        rows.select(
            *(pl.col(str(position)).alias(key) for key, position in layout.positions.items()),
            pl.Series("line", kept, dtype=pl.UInt64),
            pl.lit(0, dtype=pl.UInt32).alias("broken"),
        ),
        [int(number) for number in numbers[ragged]],
    )


def _only(lines: Lines, chosen: NDArray[np.bool_]) -> bytes:
    """The chosen lines of the block."""
    if chosen.all():
        return lines.block
    edges = np.append(lines.starts, len(lines.block))
    changes = np.flatnonzero(np.diff(chosen, prepend=False, append=False))
    return b"".join(
        lines.block[edges[begin] : edges[end]] for begin, end in zip(changes[::2], changes[1::2], strict=True)
    )


def _frame(rows: Sequence[tuple[Line, Sequence[bytes]]], layout: Layout) -> pl.DataFrame:
    """Rows cut one by one."""
    columns = {
        key: pl.Series(key, [fields[place].decode(errors="replace") for _, fields in rows], dtype=pl.String)
        for key, place in layout.positions.items()
    }
    flags = [0 if _is_utf8(line.text) else bit("encoding") for line, _ in rows]
    return pl.DataFrame(
        {
            **columns,
            "line": pl.Series([line.number for line, _ in rows], dtype=pl.UInt64),
            "broken": pl.Series(flags, dtype=pl.UInt32),
        }
    )


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
