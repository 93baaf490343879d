"""Encodings that hold ASCII as it is, and lines of them as UTF-8. Runs on Spark's workers."""

from __future__ import annotations

import codecs
import re
from typing import Final

UTF8: Final = "utf-8"
#: All of ASCII, and what some codecs take for an escape.
_PLAIN: Final = bytes(range(128)).replace(b"\\", b"") + rb".xn--p1ai.\u0041" + b"\x1b$B"
#: How `surrogateescape` reads a byte that is no text, and one that UTF-8 never has.
_NO_TEXT: Final = re.compile("[\udc80-\udcff]+")
_NEVER: Final = "\udcff"


def holds_ascii(encoding: str) -> bool:
    """Is each byte of ASCII itself, whatever is around it?

    Raises:
        LookupError: there is no such encoding of text.
    """
    try:
        return _PLAIN.decode(encoding) == _PLAIN.decode("ascii")
    except ValueError:  # of which UnicodeError is one
        return False


def usual_name(encoding: str) -> str:
    """The one name of an encoding: `UTF8` is utf-8, and so is one whose files begin with a mark of it."""
    return codecs.lookup(encoding).name.removesuffix("-sig")


def decodes(line: bytes, encoding: str) -> bool:
    """Is a line text in an encoding?"""
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def as_utf8(block: bytes, encoding: str) -> bytes:
    """Whole lines in UTF-8.

    A line that is no text in its encoding becomes none of UTF-8 either: the bytes that are no text stay as
    they are, the others are read.

    Args:
        block: lines in an encoding that holds ASCII.
        encoding: by its usual name.
    """
    if encoding == UTF8:
        return block
    try:
        return block.decode(encoding).encode()
    except UnicodeDecodeError:
        return b"\n".join(_line_as_utf8(line, encoding) for line in block.split(b"\n"))


def _line_as_utf8(line: bytes, encoding: str) -> bytes:
    text = line.decode(encoding, "surrogateescape")
    kept = text.encode(errors="surrogateescape")
    if not decodes(kept, UTF8):
        return kept
    # all of it is text; or bytes that are none happen to be UTF-8 side by side
    return _NO_TEXT.sub(rf"{_NEVER}\g<0>", text).encode(errors="surrogateescape")
