"""A connection that fails on purpose: an HTTP proxy in front of a server, which spoils statements.

What it does to a statement is one of FAULTS. It stands for a server that restarts, a balancer that gives up
and a network that breaks; the server behind it is sound and has or has not done what it was asked for.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from http_body import read_body

#: lost: closed before the server hears of it; unanswered: closed after the server has done it; torn: half of
#: the answer comes; 500, 503: refused with that status before the server hears of it.
FAULTS: Final = ("lost", "unanswered", "torn", "500", "503")
WRITES: Final = re.compile(r"\s*(/\*.*?\*/\s*)*(insert|create|rename|exchange|alter|optimize)\b", re.I | re.S)


def _sound(number: int, text: str) -> str:
    return ""


def once(step: int, fault: str) -> Callable[[int, str], str]:
    """One statement is spoilt."""
    return lambda number, _: fault if number == step else ""


def gone_from(step: int) -> Callable[[int, str], str]:
    """From a statement on the server is gone."""
    return lambda number, _: "lost" if number >= step else ""


def some_writes(every: int, offset: int) -> Callable[[int, str], str]:
    """Of the statements that change something, every so manieth is spoilt, with one fault after another."""
    count = 0

    def fault(_: int, text: str) -> str:
        nonlocal count
        if not WRITES.match(text):
            return ""
        count += 1
        return FAULTS[(count // every + offset) % len(FAULTS)] if count % every == offset % every else ""

    return fault


@dataclass
class Line:
    """The connection.

    Attributes:
        upstream: the port of the server.
        fault: what happens to a statement, by its number from 1 on and its text; empty for nothing.
        statements: what was asked for, in order.
    """

    upstream: int
    fault: Callable[[int, str], str] = _sound
    statements: list[str] = field(default_factory=list)
    port: int = 0

    def spoil(self, fault: Callable[[int, str], str] = _sound) -> None:
        """Begin to count anew."""
        self.fault, self.statements = fault, []

    def next_fault(self, text: str) -> str:
        self.statements.append(text)
        return self.fault(len(self.statements), text)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    line: Line
    counting: threading.Lock

    def do_GET(self) -> None:
        self._forward(b"", "")

    def do_POST(self) -> None:
        body = read_body(self)
        query = parse_qs(urlsplit(self.path).query).get("query")
        text = query[0] if query else body[:1000].decode(errors="replace")
        with self.counting:
            fault = self.line.next_fault(" ".join(text.split()))
        self._forward(body, fault)

    def _forward(self, body: bytes, fault: str) -> None:
        if fault == "lost":
            self.close_connection = True
            return
        if fault in ("500", "503"):
            self._answer(int(fault), b"Code: 999. DB::Exception: out of order (MADE_UP)\n", {})
            return
        server = HTTPConnection("127.0.0.1", self.line.upstream)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
        server.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        answer = server.getresponse()
        content = answer.read()
        server.close()
        if fault == "unanswered":
            self.close_connection = True
            return
        self._answer(answer.status, content, dict(answer.getheaders()), torn=fault == "torn")

    def _answer(self, status: int, content: bytes, headers: dict[str, str], torn: bool = False) -> None:
        with suppress(OSError):  # who asked may be gone
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "connection"):
                    self.send_header(name, value)
            # an empty answer is torn by promising more
            self.send_header("Content-Length", str(len(content) or int(torn)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if torn else content)
        self.close_connection = self.close_connection or torn

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: who asked has gone, as is meant here."""


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A proxy in front of a server on this machine; the line's `port` is its own."""
    line = Line(port)
    handler = type("Handler", (_Handler,), {"line": line, "counting": threading.Lock()})
    with _Proxy(("127.0.0.1", 0), handler) as proxy:
        line.port = proxy.server_port
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield line
        proxy.shutdown()
