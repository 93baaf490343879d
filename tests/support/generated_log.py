"""Reads a generated log back with the csv module alone, and judges its rows by the source contract."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from shop_simulator import LogConfig

ACTIONS = ["mainpage", "category", "search", "product", "cart", "checkout", "confirmation"]
WIDTH = 10


@dataclass(frozen=True)
class Row:
    """A valid row of the log, with its place in the file."""

    place: int
    user: str
    session: str
    stamp: datetime
    action: str
    value: Decimal
    category: str
    age: str
    gender: str
    city: str

    @property
    def content(self) -> tuple[Any, ...]:
        """Everything but the place."""
        return (
            *(self.user, self.session, self.stamp, self.action, self.value),
            *(self.category, self.age, self.gender, self.city),
        )


@dataclass(frozen=True)
class GeneratedLog:
    """A log as a reader finds it: valid rows in file order, malformed records, and the ground truth."""

    config: LogConfig
    path: Path
    rows: list[Row]
    rejected: list[list[str]]
    truth: dict[str, Any]


def parse(fields: Sequence[str], place: int) -> Row | None:
    """A record as a row, or None when it breaks the source contract."""
    if len(fields) != WIDTH or not fields[1] or fields[4] not in ACTIONS or "\ufffd" in "".join(fields):
        return None
    try:
        value = float(fields[5] or 0)
        stamp = datetime.fromisoformat(fields[3])
        age = int(fields[7] or 0)
    except ValueError:
        return None
    if not math.isfinite(value) or value < 0 or not 0 <= age <= 120:
        return None
    user, session, action = fields[1], fields[2], fields[4]
    return Row(place, user, session, stamp, action, Decimal(fields[5] or 0), *fields[6:])


def read(config: LogConfig, path: Path, truth: dict[str, Any]) -> GeneratedLog:
    """Reads a log back."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        records = list(csv.reader(file))
    assert records[0] == [
        *("", "userid", "sessionid", "timestamp", "action", "value", "category", "age", "gender", "city")
    ]
    parsed = [(fields, parse(fields, place)) for place, fields in enumerate(records[1:])]
    rows = [row for _, row in parsed if row is not None]
    return GeneratedLog(config, path, rows, [fields for fields, row in parsed if row is None], truth)
