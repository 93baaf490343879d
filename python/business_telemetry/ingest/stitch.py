"""Records with newlines inside a quoted field: put together again from the lines of a file.

Only loose lines get here: blank ones, those that do not have as many fields as the header, and those with a
quote that does not open or close a whole field. Others never do, so a stray quote cannot swallow them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

MAX_LINES: Final = 100
MAX_BYTES: Final = 64 * 1024


class Line(NamedTuple):
    """A line, or several that are one record: the number of the first in the file, and the bytes."""

    number: int
    text: bytes
    lines: int = 1


@cache
def _field(delimiter: bytes) -> re.Pattern[bytes]:
    """One field and the delimiter before it: quoted, or bare, or (only at the end) never closed."""
    d = re.escape(delimiter)
    return re.compile(rb'%b("[^"]*+(?:""[^"]*+)*+"(?=%b|\Z)|(?!")[^%b]*+|".*)' % (d, d, d), re.DOTALL)


def fields_of(text: bytes, delimiter: bytes) -> list[bytes] | None:
    """The fields of a record by RFC 4180's rules, None when it ends inside a quoted field.

    A quote inside an unquoted field is an ordinary character.
    """
    raw = _field(delimiter).findall(delimiter + text)
    if raw[-1].startswith(b'"') and not _is_closed(raw[-1]):
        return None
    return [each[1:-1].replace(b'""', b'"') if each.startswith(b'"') else each for each in raw]


def _is_closed(quoted: bytes) -> bool:
    return len(quoted) > 1 and quoted.endswith(b'"') and b'"' not in quoted[1:-1].replace(b'""', b"")


def stitch(lines: Sequence[Line], width: int, delimiter: bytes, last: int) -> tuple[list[Line], list[Line]]:
    """Join the loose lines of a file that together are one record.

    A record opens on a line that ends inside a quoted field, and closes on the first of the directly
    following loose lines with which the text is a complete record of the file's width. Where none is within
    MAX_LINES and MAX_BYTES, the opening line stays alone, and the next line is looked at in turn.

    Args:
        lines: loose lines in the order of the file.
        width: the number of fields in the header.
        delimiter: one byte.
        last: the number of the last line that has been read; 0 when nothing follows.

    Returns:
        The records, and the lines at the end of which more has to be read to decide.
    """
    records: list[Line] = []
    start = 0
    while start < len(lines):
        taken = _record_length(lines, start, width, delimiter, last)
        if taken == 0:
            return records, list(lines[start:])
        text = b"\n".join(line.text for line in lines[start : start + taken])
        records.append(Line(lines[start].number, text, taken))
        start += taken
    return records, []


def _record_length(lines: Sequence[Line], start: int, width: int, delimiter: bytes, last: int) -> int:
    """How many lines from `start` on are one record; 0 if more has to be read to know."""
    text = lines[start].text
    if fields_of(text, delimiter) is not None or not _may_open(text, delimiter):
        return 1
    window = lines[start : start + MAX_LINES]
    for taken, (previous, line) in enumerate(pairwise(window), start=2):
        text += b"\n" + line.text
        if line.number != previous.number + 1 or len(text) > MAX_BYTES:
            return 1
        # only an odd number of quotes can end a quoted field that was open before the line
        if line.text.count(b'"') % 2:
            if (fields := fields_of(text, delimiter)) is not None:
                return taken if len(fields) == width else 1
            if not _may_open(text, delimiter):
                return 1
    is_cut = len(window) < MAX_LINES and window[-1].number == last and len(text) < MAX_BYTES
    return 0 if is_cut else 1


def _may_open(text: bytes, delimiter: bytes) -> bool:
    """Is the last field open, and not closed and followed by other text, which no further line can mend?"""
    opened: bytes = _field(delimiter).findall(delimiter + text)[-1][1:]
    return b'"' not in opened.replace(b'""', b"")
