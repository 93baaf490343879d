"""CSV headers: which field of a line is which column."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.sources import SourceFile, hadoop, literally
from business_telemetry.schema import COLUMNS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: The unnamed index column, as pandas writes it and as its readers name it.
INDEX_NAMES: Final = ("", "Unnamed: 0", "__index_level_0__")
MAX_HEADER: Final = 1 << 20


@dataclass(frozen=True)
class Layout:
    """The positions of the source's columns in a line of a CSV file.

    Attributes:
        width: how many fields each line has.
        positions: the position of each of `schema.COLUMNS`, in that order.
        index: the position of the unnamed index column, None where there is none.
        extra: names of further columns, which are ignored.
    """

    width: int
    positions: tuple[int, ...]
    index: int | None
    extra: tuple[str, ...]


def read_layout(spark: SparkSession, file: SourceFile) -> Layout:
    """The layout of a file, from its first line or, of Parquet, its schema; errors as `parse_header`."""
    if file.is_parquet:
        return layout_of(spark.read.parquet(literally(file.uri)).columns, file.name)
    return parse_header(_first_line(spark, file), file.name)


def _first_line(spark: SparkSession, file: SourceFile) -> str:
    """Through Hadoop, which knows the same file systems and compressions as Spark's readers."""
    library = spark._jvm.org.apache.hadoop
    path, system = hadoop(spark, file.uri)
    codec = library.io.compress.CompressionCodecFactory(system.getConf()).getCodec(path)
    stream = system.open(path)
    try:
        plain = stream if codec is None else codec.createInputStream(stream)
        line = library.io.Text()
        if library.util.LineReader(plain, b"\n").readLine(line, MAX_HEADER) == 0:
            raise BadSource(f"{file.name}: the file is empty, it has not even a header line")
        return str(line.toString())
    finally:
        stream.close()


def parse_header(line: str, source: str) -> Layout:
    """The layout that a file's first line declares.

    Raises:
        BadSource: a column is missing or named twice; the message names it, the file and the columns found.
    """
    try:
        names = next(csv.reader([line.removeprefix("\ufeff").rstrip("\r\n")], strict=True), [])
    except csv.Error as error:
        raise BadSource(f"{source}: the header line is not CSV ({error}): {line[:200]!r}") from error
    return layout_of(names, source)


def layout_of(names: list[str], source: str) -> Layout:
    """The layout of a list of column names; errors as `parse_header`."""
    found = ", ".join(repr(name) for name in names) or "none"
    if missing := [column for column in COLUMNS if column not in names]:
        raise BadSource(f"{source}: no column {', '.join(missing)}; columns found: {found}")
    if doubled := [column for column in COLUMNS if names.count(column) > 1]:
        raise BadSource(f"{source}: column {', '.join(doubled)} occurs twice; columns found: {found}")
    index = next((position for position, name in enumerate(names) if name in INDEX_NAMES), None)
    return Layout(
        width=len(names),
        positions=tuple(names.index(column) for column in COLUMNS),
        index=index,
        extra=tuple(name for i, name in enumerate(names) if name not in COLUMNS and i != index),
    )
