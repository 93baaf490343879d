"""Records with newlines inside a quoted field: put together again from the lines that Spark reads.

Runs in Spark's Python workers, and only on loose lines: those that do not have as many fields as the header,
end inside a quoted field, or are blank. Complete lines never get here, so a stray quote cannot swallow them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Final, NamedTuple

MAX_LINES: Final = 100
MAX_BYTES: Final = 64 * 1024
OPEN: Final = -1
MALFORMED: Final = -2


class Line(NamedTuple):
    """A line and where it stands; `number` is its 1-based number in the file."""

    path: str
    block: int
    id: int
    number: int
    text: bytes


class Record(NamedTuple):
    """A line, or `lines` consecutive ones that are one record, at the place of the first."""

    path: str
    block: int
    id: int
    text: bytes
    lines: int


def stitch(lines: Iterable[Line], widths: dict[str, int]) -> Iterator[Record]:
    """Join the loose lines of a file that together are one record.

    A record opens on a line that ends inside a quoted field, and closes on the first of the directly
    following loose lines with which the text is a complete record of the file's width. Where none is within
    MAX_LINES and MAX_BYTES, the opening line stays alone, and the next line is looked at in turn.

    Args:
        lines: loose lines, in order within each file, file after file.
        widths: the number of fields in the header, by path.
    """
    source = iter(lines)
    window: list[Line] = []
    while True:
        window.extend(islice(source, MAX_LINES - len(window)))
        if not window:
            return
        taken = _record_length(window, widths[window[0].path])
        text = b"\n".join(line.text for line in window[:taken])
        yield Record(*window[0][:3], text, taken)
        del window[:taken]


def _record_length(window: list[Line], width: int) -> int:
    """How many lines at the window's start are one record; 1 unless the first opens one that ends."""
    text = window[0].text
    if _field_count(text) != OPEN:
        return 1
    for taken, (previous, line) in enumerate(pairwise(window), start=2):
        text += b"\n" + line.text
        if line.path != previous.path or line.number != previous.number + 1 or len(text) > MAX_BYTES:
            return 1
        # only an odd number of quotes can end a quoted field that was open before the line
        if line.text.count(b'"') % 2 and (fields := _field_count(text)) != OPEN:
            return taken if fields == width else 1
    return 1


def _field_count(text: bytes) -> int:
    """The number of fields of a record: OPEN if it ends inside a quoted field, MALFORMED if it is not CSV."""
    try:
        return len(next(csv.reader([text.decode("latin-1")], strict=True), []))
    except csv.Error as error:
        return OPEN if "unexpected end of data" in str(error) else MALFORMED


def in_batches(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """Cut a stream into lists of at most `size`."""
    source = iter(records)
    while batch := list(islice(source, size)):
        yield batch
