"""One connection to the warehouse for many readers: opened on demand, released when idle."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from business_telemetry.warehouse import Warehouse, WarehouseUnavailable, load_credentials, open_warehouse
from dbt.adapters.clickhouse_py.turns import TurnOfPreview

State = Literal["busy", "missing", "unbuilt", "empty", "unavailable"]
UNKNOWN_OBJECTS = ("UNKNOWN_TABLE", "UNKNOWN_DATABASE", "UNKNOWN_IDENTIFIER")
REMEMBERED = 2000
BUSY = "Данные обновляются: хранилище занято загрузкой или `dbt build`. Ждём окончания."


class NoAnswer(Exception):
    """Why there is no answer now, for the page.

    Attributes:
        state: what to do about it: wait (busy), or act.
        message: a Russian sentence with the remedy.
    """

    def __init__(self, state: State, message: str) -> None:
        super().__init__(message)
        self.state = state
        self.message = message


@dataclass(frozen=True)
class Table:
    """A query's result."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Gate:
    """Runs queries, one at a time.

    The embedded engine locks its directory, so it is closed after `idle` seconds without a query, and at once
    when a job wants it: `dbt build` can start, and so can what follows it. Answers are kept until another
    process had the warehouse (embedded: the directory's modification time, which every opening changes) or
    until a part of a mart changed (server).
    """

    def __init__(self, target: str | None, project_dir: Path, idle: float = 1.0) -> None:
        self._target = target
        self._project = project_dir
        self._idle = idle
        self._lock = threading.RLock()
        self._open: Warehouse | None = None
        self._turn: TurnOfPreview | None = None
        self._used = 0.0
        self._answers: OrderedDict[str, Table] = OrderedDict()
        self._version: object = None
        self._checked = 0.0
        credentials = load_credentials(target, project_dir, None)
        self.marts = f"{credentials.schema}_marts"
        self._path = (
            Path(project_dir, Path(credentials.data_path).expanduser()) if credentials.is_embedded else None
        )

    def run(self, sql: str, parameters: dict[str, Any]) -> Table:
        """The answer, remembered or asked.

        Raises:
            NoAnswer: the warehouse is held, missing or not built.
        """
        key = repr((sql, sorted(parameters.items())))
        with self._lock:
            self._forget_if_changed()
            if key not in self._answers:
                self._answers[key] = self._ask(sql, parameters)
                if len(self._answers) > REMEMBERED:
                    self._answers.popitem(last=False)
            self._answers.move_to_end(key)
            return self._answers[key]

    def close(self) -> None:
        """Release the warehouse."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None
                if self._path is not None:
                    self._version = _modified(self._path)  # before a job that waits changes it
                self._end_turn()

    def _ask(self, sql: str, parameters: dict[str, Any]) -> Table:
        warehouse = self._opened()
        try:
            result = warehouse.client.query(sql, parameters=parameters)
        except Exception as error:
            text = str(error)
            if any(code in text for code in UNKNOWN_OBJECTS):
                raise NoAnswer(
                    "unbuilt",
                    "Витрина ещё не построена или устарела. Выполните `dbt build` и обновите страницу.",
                ) from error
            raise
        finally:
            self._used = time.monotonic()
        return Table(tuple(result.column_names), tuple(tuple(row) for row in result.result_rows))

    def _opened(self) -> Warehouse:
        if self._open is None:
            self._open = self._begin()
        elif self._is_wanted():
            self.close()
            raise NoAnswer("busy", BUSY)
        return self._open

    def _begin(self) -> Warehouse:
        if self._path is None:
            return self._connect()
        if not self._path.is_dir():
            raise NoAnswer(
                "missing", f"Хранилища {self._path.name}/ нет. Выполните `make demo`: оно создаст его."
            )
        self._turn = TurnOfPreview(str(self._path))
        try:
            if self._is_wanted():
                raise NoAnswer("busy", BUSY)
            warehouse = self._connect()
        except BaseException:
            self._end_turn()
            raise
        threading.Thread(target=self._release_when_idle, daemon=True).start()
        return warehouse

    def _connect(self) -> Warehouse:
        try:
            return open_warehouse(self._target, self._project)
        except WarehouseUnavailable as error:
            if "held by another process" in str(error):
                raise NoAnswer("busy", BUSY) from error
            raise NoAnswer("unavailable", str(error)) from error

    def _is_wanted(self) -> bool:
        return self._turn is not None and self._turn.is_over

    def _end_turn(self) -> None:
        if self._turn is not None:
            self._turn.end()
            self._turn = None

    def _release_when_idle(self) -> None:
        while True:
            time.sleep(self._idle / 4)
            with self._lock:
                if self._open is None:
                    return
                is_idle = time.monotonic() - self._used >= self._idle
                if is_idle or self._is_wanted():
                    self.close()
                    return

    def _forget_if_changed(self) -> None:
        version: object
        if self._path is not None:
            if self._open is not None:
                return  # nobody else can have it
            version = _modified(self._path)
        else:
            if time.monotonic() - self._checked < 5:
                return
            self._checked = time.monotonic()
            version = self._server_version()
        if version != self._version:
            self._answers.clear()
            self._version = version

    def _server_version(self) -> object:
        return self._ask(
            "select max(modification_time), count(), sum(rows) from system.parts"
            " where active and database = {marts:String}",
            {"marts": self.marts},
        ).rows


def _modified(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.is_dir() else None
