"""CSV blocks -> columns of text, without a Python loop over ordinary lines.

Arrow cuts the lines that it can be trusted with. Those with a quote, a lone carriage return or broken UTF-8 are cut one
by one, and those that are no row by themselves (loose lines) are handed back to be put together.
"""

from __future__ import annotations

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
    special = np.zeros(len(lines.starts), bool)
    special[lines.ends == lines.starts] = True
    special[lines.at(QUOTE)] = True
    special[lines.not_utf8()] = True
    if RETURN in lines.block:
        inside = lines.at(RETURN)
        # a carriage return that is not the line end's
        special[[place for place in inside if b"\r" in lines.text(lines.first + int(place))]] = True
    rows, ragged = _cut_plain(lines, special, layout, delimiter)
    loose = [Line(number, lines.text(number)) for number in ragged]
    single = []
    for place in np.flatnonzero(special):
        line = Line(lines.first + int(place), lines.text(lines.first + int(place)))
        fields = fields_of(line.text, delimiter.encode()) if line.text else None
        if fields is None or len(fields) != layout.width:
            loose.append(line)
        else:
            single.append((line, fields))
    if single:
        rows = pl.concat([rows, _frame(single, layout)])
    return rows, sorted(loose)


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
    lines: Lines, special: NDArray[np.bool_], layout: Layout, delimiter: str
) -> tuple[pl.DataFrame, list[int]]:
    """The lines that are not special, cut by Arrow, and the numbers of those with too few or too many fields."""
    numbers = lines.first + np.flatnonzero(~special)
    ragged: list[int] = []

    def skip(row: Any) -> str:
        ragged.append(row.number - 1)
        return "skip"

    names = [str(position) for position in range(layout.width)]
    wanted = sorted(set(layout.positions.values()))
    table = (
        pyarrow.csv.read_csv(
            pa.py_buffer(_without(lines, special)),
            read_options=pyarrow.csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(lines.block) + 1
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, quote_char=False, ignore_empty_lines=False, invalid_row_handler=skip
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=[names[position] for position in wanted],
                strings_can_be_null=False,
            ),
        )
        if len(numbers)
        else pa.table({names[position]: pa.array([], pa.string()) for position in wanted})
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


def _without(lines: Lines, special: NDArray[np.bool_]) -> bytes:
    """The block without its special lines."""
    if not special.any():
        return lines.block
    edges = np.append(lines.starts, len(lines.block))
    changes = np.flatnonzero(np.diff(special, prepend=True, append=True))
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
