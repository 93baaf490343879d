"""Contracts from YAML: shipped ones by name, a shop's own by path, mistakes with file and line."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, TypeAdapter, ValidationError

from business_telemetry.dashboard.marked_yaml import CatalogueError, Marked, Place, load_marked
from business_telemetry.ingest.columns import ACTIONS, IGNORE, KEYS, REQUIRED
from business_telemetry.ingest.contract import Contract, Currency, Field, Format
from business_telemetry.ingest.encoding import holds_ascii, usual_name
from business_telemetry.ingest.errors import BadContract

SHIPPED: Final = Path(__file__).parent / "contracts"
DEFAULT: Final = "dataset_telemetry"
for _class in (Contract, Currency, Field, Format):
    _class.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[union-attr]
_CONTRACT: Final = TypeAdapter(Contract)


def shipped() -> list[str]:
    """The names of the contracts that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yml"))


def load_contract(name: str) -> Contract:
    """A contract by the name of a shipped one, or by the path of a file.

    Raises:
        BadContract: there is none, or it says what no contract can say; a line for each mistake, with file
            and line.
    """
    path = SHIPPED / f"{name}.yml" if name in shipped() else Path(name)
    if not path.is_file():
        raise BadContract(
            f"{name}: no such contract; shipped are {', '.join(shipped())}, or give a YAML file"
        )
    try:
        marked = load_marked(path)
        contract = _CONTRACT.validate_python(_spelled_out(marked.data))
    except CatalogueError as error:
        raise BadContract(str(error)) from error
    except UnicodeDecodeError as error:
        raise BadContract(f"{path}: is not UTF-8") from error
    except ValidationError as error:
        mistakes = (
            (tuple("from" if part == "source" else part for part in found["loc"]), _message(found))
            for found in error.errors()
        )
        raise BadContract(_told(path, marked, mistakes)) from error
    if problems := [*_problems(contract)]:
        raise BadContract(_told(path, marked, problems))
    plain = json.dumps(asdict(replace(contract, hash="")), sort_keys=True, ensure_ascii=False)
    return _canonical(replace(contract, hash=hashlib.sha256(plain.encode()).hexdigest()))


def _spelled_out(data: dict[str, Any]) -> dict[str, Any]:
    """The same with nothing abbreviated: `user: id` is `user: {from: id}`, and `age: null` is left out."""
    columns = data.get("columns")
    currency = data.get("currency")
    full = dict(data)
    if isinstance(columns, dict):
        full["columns"] = {key: _field(value) for key, value in columns.items() if value is not None}
    if isinstance(currency, str):
        full["currency"] = {"code": currency}
    elif isinstance(currency, dict):
        full["currency"] = _field(currency)
    return full


def _field(value: Any) -> Any:
    if isinstance(value, dict):
        return {"source" if key == "from" else key: each for key, each in value.items()}
    return {"source": value if isinstance(value, str) else str(value)}


def _canonical(contract: Contract) -> Contract:
    """The same with everything by the one name that others compare with."""
    form = replace(contract.format, encoding=usual_name(contract.format.encoding))
    rates = {_code(code): rate for code, rate in contract.currency.rates.items()}
    currency = replace(contract.currency, code=_code(contract.currency.code), rates=rates)
    return replace(contract, format=form, currency=currency)


def _problems(contract: Contract) -> Any:
    """What is well-formed and still cannot be meant: (place, message)."""
    for key in contract.columns:
        if key not in KEYS:
            yield ("columns", key), f"no such column; there are {', '.join(KEYS)}"
    for key in REQUIRED:
        if key not in contract.columns:
            yield ("columns",), f"{key} is required"
    for word, action in contract.actions.items():
        if action not in (*ACTIONS, IGNORE):
            yield ("actions", word), f"no such action {action!r}; there are {', '.join(ACTIONS)} and {IGNORE}"
    other = "purchase" if contract.orders == "confirmation" else "confirmation"
    for word, action in contract.actions.items():
        if action == other:
            yield ("actions", word), f"{action} is of the other order model; orders is {contract.orders}"
    if len(contract.format.delimiter.encode()) != 1 or contract.format.delimiter in '"\r\n':
        yield ("format", "delimiter"), "must be one character, and no quote and no line end"
    try:
        if not holds_ascii(contract.format.encoding):
            yield ("format", "encoding"), "must hold ASCII as it is; convert the log to UTF-8 first"
    except LookupError:
        yield ("format", "encoding"), "no such encoding"
    for key, field in contract.columns.items():
        if field.part == 0:
            yield ("columns", key, "part"), "counts from 1, or from -1 at the end"
    yield from _problems_of_money(contract.currency)
    if time := contract.columns.get("time"):
        try:
            ZoneInfo(time.zone)
        except (ValueError, OSError, KeyError):
            yield ("columns", "time", "zone"), f"no such zone {time.zone!r}; write one such as Europe/Moscow"
        if "%" in time.format:
            try:
                datetime.strptime(
                    datetime(2024, 2, 29, 12, 28, 45, tzinfo=UTC).strftime(time.format), time.format
                )
            except ValueError as error:
                yield ("columns", "time", "format"), str(error)
            if "%Z" in time.format.replace("%%", ""):
                yield ("columns", "time", "format"), "names of zones (%Z) are not read; offsets are, with %z"
        elif time.format not in ("iso", "epoch_s", "epoch_ms", "epoch_us"):
            yield (
                ("columns", "time", "format"),
                "is iso, epoch_s, epoch_ms, epoch_us or a pattern such as %d.%m.%Y %H:%M",
            )


def _problems_of_money(currency: Currency) -> Any:
    if not re.fullmatch("[A-Z]{3}", _code(currency.code)):
        yield ("currency",), f"{currency.code!r} is no code of a currency such as RUB or EUR (ISO 4217)"
    codes = Counter(map(_code, currency.rates))
    for code, rate in currency.rates.items():
        if not 0 < rate < inf:
            yield ("currency", "rates", code), "a rate is a number above 0"
        elif codes[_code(code)] > 1:
            yield ("currency", "rates", code), f"{_code(code)} is given twice"
        elif _code(code) == _code(currency.code) and rate != 1:
            yield ("currency", "rates", code), "is the currency of all amounts itself"


def _code(currency: str) -> str:
    """The code of a currency as rows are looked up by."""
    return currency.strip().upper()


def _message(found: Any) -> str:
    return "unknown key" if "unexpected" in found["type"] or "extra" in found["type"] else str(found["msg"])


def _told(path: Path, marked: Marked, mistakes: Any) -> str:
    """A line for each mistake, with the line of the place or of what is around it."""
    short = f"{path.parent.name}/{path.name}:"
    lines: dict[Place, str] = {(): f"{short}1", **marked.lines}
    told = []
    for place, message in mistakes:
        where = next(lines[place[:n]] for n in range(len(place), -1, -1) if tuple(place[:n]) in lines)
        told.append(f"{path}:{where.removeprefix(short)}: {'.'.join(map(str, place))}: {message}")
    return "\n".join(told)
