"""Malformed rows, each wrong in one way that no reader of the source contract may accept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

Fields = list[bytes]
_INDEX, _USER, _SESSION, _TIME, _ACTION, _VALUE, _CATEGORY, _AGE, _GENDER, _CITY = range(10)


def _set(position: int, *choices: str) -> Callable[[Fields, int], bytes]:
    """A corruption that writes one of the choices into a field."""

    def corrupt(fields: Fields, pick: int) -> bytes:
        return b",".join([*fields[:position], choices[pick % len(choices)].encode(), *fields[position + 1 :]])

    return corrupt


def _cut(fields: Fields, pick: int) -> bytes:
    """A row that breaks off after three to eight fields."""
    return b",".join(fields[: 3 + pick % 6])


def _extra(fields: Fields, pick: int) -> bytes:
    """A row with one or two fields too many."""
    return b",".join([*fields, *[b"extra"] * (1 + pick % 2)])


def _broken_encoding(fields: Fields, pick: int) -> bytes:
    """A gender that is Cyrillic in CP1251 or half a UTF-8 character."""
    broken = (b"\xc6", "Ж".encode()[:1])[pick % 2]
    return b",".join([*fields[:_GENDER], broken, fields[_CITY]])


#: Kind -> corruption of a good row's ten fields. The second argument chooses between variants.
CORRUPTIONS: Final[dict[str, Callable[[Fields, int], bytes]]] = {
    "bad_value": _set(_VALUE, "abc", "1.2.3", '"12,50"', "NaN", "inf"),
    "negative_value": _set(_VALUE, "-1.0", "-6130.0", "-0.01"),
    "bad_timestamp": _set(
        _TIME, "2022-02-30T10:00:00", "2022-13-01T10:00:00", "2022-01-01T25:00:00", "soon", ""
    ),
    "unknown_action": _set(_ACTION, "purchase", "click", ""),
    "missing_user": _set(_USER, ""),
    "bad_age": _set(_AGE, "150", "-3", "old"),
    "too_few_fields": _cut,
    "too_many_fields": _extra,
    "broken_encoding": _broken_encoding,
    "embedded_quote": _set(_ACTION, '"ca""rt"', 'che"ckout'),
    "embedded_newline": _set(_ACTION, '"cart\n"', '"check\nout"'),
}


def corrupt(lines: list[bytes], rng: np.random.Generator) -> tuple[list[bytes], dict[str, int]]:
    """One malformed line for each good line (without line end), and how many there are of each kind."""
    kinds = list(CORRUPTIONS)
    drawn, picks = rng.integers(0, len(kinds), len(lines)), rng.integers(0, 60, len(lines))
    bad = [
        CORRUPTIONS[kinds[kind]](line.split(b","), int(pick))
        for line, kind, pick in zip(lines, drawn, picks, strict=True)
    ]
    counts = np.bincount(drawn, minlength=len(kinds))
    return bad, {kind: int(count) for kind, count in zip(kinds, counts, strict=True)}
