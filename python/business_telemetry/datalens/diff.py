"""What a deploy would change: the catalogue's payload against the one that DataLens holds."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
DASHBOARD_NOISE = frozenset({"salt", "counter"})  # drawn anew by each writer
SHOWN = 60  # characters of a value in a message


@dataclass(frozen=True)
class Difference:
    """One place where DataLens holds something else than the catalogue says."""

    path: str
    held: object
    wanted: object

    def __str__(self) -> str:
        return f"{self.path}: {_short(self.held)} -> {_short(self.wanted)}"


def differences(
    wanted: object, held: object, *, known: Collection[str] = (), ignore: Collection[str] = ()
) -> list[Difference]:
    """Where `wanted` is not contained in `held`.

    The server may add keys: an additional key counts only when it holds a non-empty list, as a filter added
    in the user interface does. The SDK draws random ids for some settings: two UUIDs are equal when every
    occurrence of one stands where the other does, except those in `known`, which name fields.
    """
    return list(_walk(wanted, held, "", known, {}, ignore))


def _walk(
    wanted: object,
    held: object,
    path: str,
    known: Collection[str],
    renamed: dict[str, str],
    ignore: Collection[str],
) -> Iterator[Difference]:
    if isinstance(wanted, dict) and isinstance(held, dict):
        for key in wanted:
            if key not in ignore and (key in held or not _empty(wanted[key])):
                yield from _walk(
                    wanted[key], held.get(key), f"{path}.{key}" if path else key, known, renamed, ignore
                )
        for key in held.keys() - wanted.keys() - set(ignore):
            if isinstance(held[key], list) and held[key]:
                yield Difference(f"{path}.{key}" if path else key, held[key], None)
    elif isinstance(wanted, list) and isinstance(held, list) and len(wanted) == len(held):
        for index, (one, other) in enumerate(zip(wanted, held, strict=True)):
            yield from _walk(one, other, f"{path}[{_label(one, index)}]", known, renamed, ignore)
    elif _random(wanted, known) and _random(held, known):
        if renamed.setdefault(str(wanted), str(held)) != held:
            yield Difference(path, held, wanted)
    elif wanted != held and not (_empty(wanted) and _empty(held)):
        yield Difference(path, held, wanted)


def _random(value: object, known: Collection[str]) -> bool:
    return isinstance(value, str) and value not in known and UUID4.fullmatch(value) is not None


def _empty(value: object) -> bool:
    return value is None or value in ([], {}, "")


def _label(item: object, index: int) -> str:
    """An item by its own id where it has one."""
    if isinstance(item, dict):
        for key in ("id", "i", "guid", "title"):
            if isinstance(item.get(key), str) and not UUID4.fullmatch(item[key]):
                return str(item[key])
    return str(index)


def _short(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
