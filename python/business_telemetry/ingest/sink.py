"""Where a task's rows go: files that an embedded engine reads, or straight to a server."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import polars as pl
import pyarrow as pa
import pyarrow.ipc

from business_telemetry.ingest.columns import COLUMNS, REJECTED, structure
from business_telemetry.ingest.errors import LoadFailed

#: Over a network; on a disk it would cost both sides more than it saves.
PACKED: Final = pa.ipc.IpcWriteOptions(compression="lz4")
#: A server is sent so many rows at a time.
BATCH_ROWS: Final = 300_000
TIMEOUT_SECONDS: Final = 600
#: Seconds between tries, where a server restarts or a connection breaks.
PAUSES: Final = (0.5, 2)
#: What a server or a balancer answers that others may do better later.
BUSY: Final = (429, 502, 503, 504)


class Sink(Protocol):
    """Takes what a task has read."""

    def write(self, kind: str, rows: pl.DataFrame) -> None:
        """Rows of `events` or `rejected`, with the columns of that table."""

    def close(self) -> None:
        """Everything is written."""


class SinkSpec(Protocol):
    """What the driver sends to a task, to make its own sink of."""

    def open(self, task: int) -> Sink: ...


@dataclass(frozen=True)
class Folder:
    """Arrow files in a directory that the driver sees too."""

    path: str

    def open(self, task: int) -> Sink:
        return _Files(Path(self.path), task)


class _Files:
    def __init__(self, folder: Path, task: int) -> None:
        self._folder, self._task = folder, task
        self._writers: dict[str, Any] = {}

    def write(self, kind: str, rows: pl.DataFrame) -> None:
        table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        with self._telling():
            if kind not in self._writers:
                self._folder.mkdir(parents=True, exist_ok=True)
                path = self._folder / f"{kind}-{self._task}.arrow"
                self._writers[kind] = pa.ipc.new_file(str(path), table.schema)
            self._writers[kind].write_table(table)

    def close(self) -> None:
        with self._telling():
            for writer in self._writers.values():
                writer.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise LoadFailed(
                f"{self._folder.parent.parent}: tasks cannot write there: {why}. Mend that, or name another"
                " directory with --staging, and run the same command again."
            ) from error


@dataclass(frozen=True)
class Server:
    """A server's landing tables, over HTTP with nothing but the standard library."""

    url: str
    user: str
    password: str = field(repr=False)
    verify: bool
    load_id: str
    tables: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)

    def open(self, task: int) -> Sink:
        return _Sender(self, task)


class _Sender:
    def __init__(self, server: Server, task: int) -> None:
        self._server, self._task = server, task
        self._rows: dict[str, list[pl.DataFrame]] = {"events": [], "rejected": []}
        self._sent = 0

    def write(self, kind: str, rows: pl.DataFrame) -> None:
        self._rows[kind].append(rows)
        if sum(map(len, self._rows[kind])) >= BATCH_ROWS:
            self._send(kind)

    def close(self) -> None:
        for kind in self._rows:
            self._send(kind)

    def _send(self, kind: str) -> None:
        if not self._rows[kind]:
            return
        table = pl.concat(self._rows[kind]).to_arrow(compat_level=pl.CompatLevel.oldest())
        self._rows[kind] = []
        body = pa.BufferOutputStream()
        with pa.ipc.new_stream(body, table.schema, options=PACKED) as stream:
            stream.write_table(table)
        server, self._sent = self._server, self._sent + 1
        options = {
            "query": insert(server.tables[kind], kind, server.load_id, "input('{}')") + " format ArrowStream",
            # a task that Spark repeats sends the same parts again
            "insert_deduplication_token": f"{server.load_id}-{kind}-{self._task}-{self._sent}",
            **server.settings,
        }
        request = Request(
            f"{server.url}/?{urlencode(options)}",
            data=memoryview(body.getvalue()),
            headers={"X-ClickHouse-User": server.user, "X-ClickHouse-Key": server.password},
        )
        context = ssl.create_default_context() if server.url.startswith("https") else None
        if context and not server.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for pause in (*PAUSES, None):
            try:
                with urlopen(request, timeout=TIMEOUT_SECONDS, context=context) as answer:
                    answer.read()
                return
            except (OSError, HTTPException) as error:
                # the token lets the server take what it has already taken only once
                if pause is None or getattr(error, "code", 503) not in BUSY:
                    told = f"{server.url}: the server does not take the rows: {_told(error)}"
                    raise LoadFailed(told) from error
            time.sleep(pause)


def _told(error: Exception) -> str:
    text = error.read(500).decode(errors="replace") if isinstance(error, HTTPError) else str(error)
    return (text.strip() or type(error).__name__).splitlines()[0]


def insert(table: str, kind: str, load_id: str, source: str) -> str:
    """The statement that lands staged rows; `{}` in `source` becomes their structure."""
    columns = COLUMNS if kind == "events" else REJECTED
    types = structure(columns).replace("'", "\\'")
    names = ", ".join(column.name for column in columns)
    source = source.replace("{}", types)
    return f"insert into {table} (load_id, {names}) select '{load_id}', {names} from {source}"
