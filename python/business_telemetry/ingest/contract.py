"""What a log looks like: the contract that a YAML file declares, as plain data for driver and workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from business_telemetry.ingest.columns import KEYS, REQUIRED
from business_telemetry.ingest.errors import BadSource

#: An index column without a name, as pandas writes it and as its readers name it.
INDEX_NAMES: Final = ("", "unnamed: 0", "__index_level_0__")


@dataclass(frozen=True)
class Format:
    """How rows stand in a file; `.parquet`, `.json` and `.jsonl` files are what their names say."""

    kind: Literal["csv", "jsonl", "parquet"] = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."


@dataclass(frozen=True)
class Field:
    """Where a canonical column comes from.

    Attributes:
        source: the log's name for it.
        map: the log's words -> what is loaded in their place.
        separator: cuts the text into parts, of which number `part` is taken (from 1; from the end if
            negative).
        format: of stamps: iso, epoch_s, epoch_ms, epoch_us, or as `strptime` takes it.
        zone: of stamps without one.
    """

    source: str
    map: Mapping[str, str] = field(default_factory=dict)
    separator: str = ""
    part: int = 1
    format: str = "iso"
    zone: str = "UTC"


@dataclass(frozen=True)
class Currency:
    """The currency of all amounts; rows of another one are converted by `rates`, else rejected."""

    code: str = "RUB"
    source: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Contract:
    """One kind of log. See docs/logs.md for what each key means.

    Attributes:
        hash: SHA-256 of what the file says, whatever its comments and order.
    """

    name: str
    columns: Mapping[str, Field]
    actions: Mapping[str, str]
    orders: Literal["confirmation", "purchase"]
    format: Format = field(default_factory=Format)
    currency: Currency = field(default_factory=Currency)
    hash: str = ""


@dataclass(frozen=True)
class Layout:
    """Where the columns of a contract stand in the rows of a file.

    Attributes:
        width: how many fields each row has.
        positions: canonical key -> position; an unnamed index column is `index`, a currency's is `currency`.
        absent: the log's names for columns that the contract has and the file has not; none of JSON lines,
            where only reading tells.
    """

    width: int
    positions: Mapping[str, int]
    absent: tuple[str, ...]


def sources(contract: Contract) -> dict[str, str]:
    """The log's names for the columns that a contract reads, by canonical key; a currency's is `currency`."""
    named = {key: contract.columns[key].source for key in KEYS if key in contract.columns}
    return {**named, "currency": contract.currency.source} if contract.currency.source else named


def lay_out(names: Sequence[str], contract: Contract, source: str) -> Layout:
    """Find the columns of a contract among a file's; case and surrounding space do not count.

    Raises:
        BadSource: a required column is missing, or one of the contract's is there twice.
    """
    plain = [name.strip().lower() for name in names]
    wanted = sources(contract)
    found = f"columns found: {', '.join(repr(name) for name in names) or 'none'}"
    positions, absent = {}, []
    for key, name in wanted.items():
        matches = [place for place, each in enumerate(plain) if each == name.strip().lower()]
        if len(matches) > 1:
            raise BadSource(f"{source}: column {name} occurs twice; {found}")
        if matches:
            positions[key] = matches[0]
        else:
            absent.append(name)
    if missing := [wanted[key] for key in REQUIRED if key not in positions]:
        raise BadSource(
            f"{source}: no column {', '.join(missing)}, which contract {contract.name} reads; {found}."
            " Name another contract with --log, or see what the file holds: telemetry inspect"
        )
    index = next((place for place, name in enumerate(plain) if name in INDEX_NAMES), None)
    if index is not None:
        positions.setdefault("index", index)
    return Layout(len(names), positions, tuple(absent))
