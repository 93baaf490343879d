"""Rows to bytes: CSV lines as the source prints them, joined by Arrow without a Python loop over rows."""

from __future__ import annotations

import gzip
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shop_simulator.basket import MICRO
from shop_simulator.clock import DAY
from shop_simulator.events import Rows
from shop_simulator.malformed import corrupt
from shop_simulator.panel import CITY_NAMES, FIRST_USER, UNKNOWN_AGE, Panel
from shop_simulator.schema import ACTIONS, CATEGORIES, COLUMNS, GENDERS

#: Rows joined at a time; Arrow's strings hold at most 2 GB.
SLICE: Final = 500_000


class LogWriter:
    """Writes a log to `path` (.csv or .csv.gz), which appears when the writer closes without error.

    `lines` counts the records written so far, malformed ones included; it is also the next row's index.
    """

    def __init__(self, path: Path, panel: Panel, bad_rate: float) -> None:
        self.path = path
        self.lines = 0
        self.rejected: dict[str, int] = {}
        self._part = path.with_name(path.name + ".part")
        self._bad_rate = bad_rate
        self._users = pa.array([f",user_{FIRST_USER + user}," for user in range(panel.size)])
        self._attributes = pa.array(attribute_texts(panel))
        self._actions = pa.array([f"{action}," for action in ACTIONS])
        self._categories = pa.array([f",{category}," for category in (*CATEGORIES, "")])
        self._seconds = pa.array([f"T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}," for s in range(DAY)])

    def __enter__(self) -> LogWriter:
        """Opens the file. Raises OSError when the path is not writable."""
        self._raw = self._part.open("wb")
        self._file: IO[bytes] | gzip.GzipFile = self._raw
        if self.path.suffix == ".gz":
            # no name and no time in the header, so that equal logs are equal bytes
            self._file = gzip.GzipFile("", "wb", compresslevel=5, fileobj=self._raw, mtime=0)
        self._file.write(("," + ",".join(COLUMNS) + "\n").encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file; puts it in place, or deletes it after an error."""
        if self._file is not self._raw:
            self._file.close()
        self._raw.close()
        if error is None:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)

    def write(self, rows: Rows, rng: np.random.Generator) -> None:
        """Writes the rows in their order, with malformed rows put in between."""
        for first in range(0, len(rows), SLICE):
            self._write_slice(rows.take(np.arange(first, min(first + SLICE, len(rows)))), rng)

    def _write_slice(self, rows: Rows, rng: np.random.Generator) -> None:
        """Writes one slice: a malformed row follows the good row from which it is made."""
        count = rng.poisson(len(rows) * self._bad_rate / (1 - self._bad_rate))
        models = np.sort(rng.integers(0, len(rows), count))
        good_at = np.arange(len(rows)) + np.searchsorted(models, np.arange(len(rows)), side="left")
        bad_at = models + 1 + np.arange(count)
        lines = self._join(rows, self.lines + good_at)
        if count:
            lines = self._mix(lines, models, good_at, bad_at, rng)
        self.lines += len(rows) + count
        offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[
            lines.offset : lines.offset + len(lines) + 1
        ]
        self._file.write(memoryview(lines.buffers()[2])[offsets[0] : offsets[-1]])

    def _mix(
        self,
        lines: pa.BinaryArray,
        models: NDArray[np.int64],
        good_at: NDArray[np.int64],
        bad_at: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> pa.BinaryArray:
        """Good lines at `good_at` and malformed copies of the `models` at `bad_at`."""
        texts = lines.take(pa.array(models)).to_pylist()
        texts = [
            b"%d,%b" % (self.lines + at, text.rstrip(b"\n").split(b",", 1)[1])
            for at, text in zip(bad_at, texts, strict=True)
        ]
        bad, kinds = corrupt(texts, rng)
        for kind, number in kinds.items():
            self.rejected[kind] = self.rejected.get(kind, 0) + number
        both = pa.concat_arrays([lines, pa.array([line + b"\n" for line in bad], pa.binary())])
        return both.take(pa.array(np.argsort(np.concatenate([good_at, bad_at]), kind="stable")))

    def _join(self, rows: Rows, index: NDArray[np.int64]) -> pa.BinaryArray:
        """CSV lines of the rows, each with its index and its line end."""
        day = rows.time // DAY
        days = pa.array([str(text) for text in np.arange(day.min(), day.max() + 1).astype("datetime64[D]")])
        lines = pc.binary_join_element_wise(
            pa.array(index).cast(pa.string()),
            self._users.take(pa.array(rows.user)),
            pa.array(rows.session).cast(pa.string()),
            pa.array([","]).take(pa.array(np.zeros(len(rows), dtype=np.int8))),
            days.take(pa.array(day - day.min())),
            self._seconds.take(pa.array(rows.time % DAY)),
            self._actions.take(pa.array(rows.action)),
            value_texts(rows.value),
            self._categories.take(pa.array(rows.category)),
            self._attributes.take(pa.array(rows.attributes)),
            "",
        )
        return lines.cast(pa.binary())


def value_texts(value: NDArray[np.int64]) -> pa.StringArray:
    """Micro-roubles as the source writes them: `0.0`, `6130.0`, `5735.262266`."""
    money = value != 0
    amounts = value[money]
    texts = pa.array(amounts / MICRO).cast(pa.string())
    whole = pa.array(amounts % MICRO == 0)
    texts = pc.if_else(whole, pc.binary_join_element_wise(texts, ".0", ""), texts)
    choices = pa.concat_arrays([pa.array(["0.0"]), texts])
    return choices.take(pa.array(np.where(money, np.cumsum(money), 0)))


def attribute_texts(panel: Panel) -> list[str]:
    """Age, gender, city and line end of each user, before (first half) and after (second half) a move."""
    texts = []
    for cities in (panel.city, panel.next_city):
        for age, gender, city in zip(panel.age, panel.gender, cities, strict=True):
            texts.append(f"{'' if age == UNKNOWN_AGE else age},{GENDERS[gender]},{CITY_NAMES[city]}\n")
    return texts
