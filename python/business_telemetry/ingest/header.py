"""CSV headers: which field of a line is which column."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from business_telemetry.ingest.errors import BadSource
from business_telemetry.schema import COLUMNS

#: The unnamed index column, as pandas writes it and as its readers name it.
INDEX_NAMES = ("", "Unnamed: 0")


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
