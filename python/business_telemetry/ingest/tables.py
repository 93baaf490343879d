"""JSON lines and Parquet -> columns of text, as `cut` gives those of CSV."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from business_telemetry.ingest.columns import bit
from business_telemetry.ingest.contract import Layout
from business_telemetry.ingest.cut import Lines
from business_telemetry.ingest.errors import BadSource

INT64: Final = float(2**63)
#: The first second of the year 1 and the last one of 9999, since 1970.
YEARS: Final = (-62_135_596_800, 253_402_300_799)
#: Units of a stamp in a second.
UNITS: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
DAYS: Final = 1 / 86_400


def parse(lines: Lines, layout: Layout, names: Sequence[str]) -> tuple[pl.DataFrame, int]:
    """The rows of JSON lines, numbers as they are written, and how many lines are blank.

    Args:
        lines: one JSON object each.
        layout: which of the names are wanted.
        names: keys of the objects, without case, in the layout's order.
    """
    wanted = [(key, names[place]) for key, place in layout.positions.items()]
    columns: dict[str, list[str | None]] = {key: [] for key in layout.positions}
    numbers, flags = [], []
    for number in range(lines.first, lines.first + len(lines.starts)):
        raw = lines.text(number)
        if not raw.strip():
            continue
        values, flag = _object(raw)
        for key, name in wanted:
            value = values.get(name)
            if isinstance(value, dict | list):
                value, flag = None, flag | bit("bad_json")
            if isinstance(value, str) and not _is_text(value):
                value, flag = value.encode(errors="replace").decode(), flag | bit("encoding")
            columns[key].append(str(value).lower() if isinstance(value, bool) else value)
        numbers.append(number)
        flags.append(flag)
    frame = pl.DataFrame(
        {
            **{key: pl.Series(values, dtype=pl.String) for key, values in columns.items()},
            "line": pl.Series(numbers, dtype=pl.UInt64),
            "broken": pl.Series(flags, dtype=pl.UInt32),
        }
    )
    return frame, len(lines.starts) - len(numbers)


def _is_text(value: str) -> bool:
    """Half of an emoji, which JSON can write, is none."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(raw: bytes) -> tuple[dict[str, Any], int]:
    flag = 0
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text, flag = raw.decode(errors="replace"), bit("encoding")
    try:
        found = json.loads(text.removeprefix("\ufeff"), parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return {}, flag | bit("bad_json")
    return {name.strip().lower(): value for name, value in found.items()}, flag


def read_batch(batch: pa.RecordBatch, layout: Layout, first: int, source: str) -> pl.DataFrame:
    """The rows of a batch of Parquet.

    Args:
        batch: all columns of the file.
        layout: which of them are wanted.
        first: the number of the first row in the file, from 1 on.
        source: the file, for messages.

    Raises:
        BadSource: a wanted column does not hold one value a row.
    """
    names = batch.schema.names
    texts = {
        key: pl.Series(key, _text(batch.column(place), names[place], source))
        for key, place in layout.positions.items()
    }
    rows = pl.DataFrame(texts).with_columns(
        pl.int_range(first, first + len(batch), dtype=pl.UInt64).alias("line"),
        pl.lit(0, dtype=pl.UInt32).alias("broken"),
    )
    time = layout.positions.get("time")
    if time is not None and pa.types.is_temporal(batch.schema.field(time).type):
        rows = rows.with_columns(pl.lit(True).alias("stamps_are_iso"))
    return rows


def as_json(batch: pa.RecordBatch, place: int) -> bytes:
    """A row of Parquet as a line of JSON."""
    row = {name: _plain(batch.column(name)[place]) for name in batch.schema.names}
    return json.dumps(row, ensure_ascii=False, default=str).encode(errors="replace")


def _plain(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except (OverflowError, ValueError):  # a stamp of a year that Python does not count to
        return str(getattr(scalar, "value", "?"))


def _stamps(column: pa.Array) -> pa.Array:
    """Stamps in ISO 8601, instants with `Z`; those of no year from 1 to 9999 as the number that is stored."""
    type_ = column.type
    unit = DAYS if pa.types.is_date32(type_) else UNITS["ms" if pa.types.is_date(type_) else type_.unit]
    number = (column.cast(pa.int32()) if pa.types.is_date32(type_) else column).cast(pa.int64())
    low, high = (int(max(-(2**63), min(2**63 - 1, second * unit))) for second in YEARS)
    is_stamp = pc.and_(pc.greater_equal(number, low), pc.less_equal(number, high))
    stamps = pl.Series(pc.if_else(is_stamp, column, pa.scalar(None, type_)))
    if pa.types.is_timestamp(type_) and type_.tz:
        text = stamps.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        text = stamps.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S")
    written = text.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.large_string())
    return pc.if_else(is_stamp, written, number.cast(pa.large_string()))


def _text(column: pa.Array, name: str, source: str) -> pa.Array:
    """A column as text: whole numbers without a point, stamps in ISO 8601, instants with `Z`."""
    type_ = column.type
    if pa.types.is_dictionary(type_):
        return _text(column.dictionary_decode(), name, source)
    if pa.types.is_floating(type_):
        number = pc.if_else(pc.is_nan(column), None, column).cast(pa.float64())
        is_whole = pc.and_(pc.equal(pc.floor(number), number), pc.less(pc.abs(number), INT64))
        whole = pc.if_else(is_whole, number, 0.0).cast(pa.int64()).cast(pa.large_string())
        return pc.if_else(is_whole, whole, number.cast(pa.large_string()))
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return _stamps(column)
    if pa.types.is_nested(type_) or pa.types.is_time(type_) or pa.types.is_duration(type_):
        raise BadSource(
            f"{source}: column {name} is of type {type_}, and a log has one value a row; leave the column"
            " out of the contract, or write it as text or a number"
        )
    try:
        return column.cast(pa.large_string())
    except pa.ArrowInvalid as error:
        raise BadSource(f"{source}: column {name} holds bytes that are no UTF-8") from error
