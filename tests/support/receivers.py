"""Stand-ins for those who take alerts: a webhook, Telegram's API, a mail server; each fails as it is told."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came in, and what to answer next: a status, with `Retry-After`, or `drop` to hang up.

    A mail server also answers `refused[address]` to that address, `bye` to QUIT, and has an extension if it
    `offers` one.
    """

    port: int = 0
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    bye: str = "221 bye"
    offers: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def texts(self) -> list[str]:
        return [body["text"] for _, body in self.taken]


@contextmanager
def http_receiver() -> Iterator[Receiver]:
    """An HTTP receiver."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = state.answers.pop(0) if state.answers else 200
            if answer in (200, "take and drop"):
                state.taken.append((self.path, body))
            if answer in ("drop", "take and drop"):
                self.close_connection = True
                self.connection.close()
                return
            status, after = answer if isinstance(answer, tuple) else (answer, None)
            self.send_response(status)
            if after:
                self.send_header("Retry-After", str(after))
            self.end_headers()
            ok = {"ok": status == 200, "description": "Too Many Requests"}
            self.wfile.write(json.dumps(ok).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@contextmanager
def mail_receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A mail server that takes anything; `answers` are replies to DATA's end, or `drop`. With TLS if told."""
    state = Receiver()

    class Handler(socketserver.StreamRequestHandler):
        def reply(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.reply("220 stand-in")
            while line := self.rfile.readline().decode().strip():
                if line.upper().startswith("DATA"):
                    self.reply("354 go on")
                    text = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        text += part
                    answer = state.answers.pop(0) if state.answers else "250 taken"
                    if answer.startswith(("250", "take")):
                        state.taken.append(("mail", {"text": text.decode()}))
                    if answer.endswith("drop"):
                        return
                    self.reply(answer)
                elif line.upper().startswith("EHLO") and tls:
                    self.reply("250-stand-in\r\n250-AUTH PLAIN\r\n250 STARTTLS")
                elif line.upper().startswith("EHLO") and state.offers:
                    self.reply(f"250-stand-in\r\n250 {state.offers}")
                elif line.upper() == "STARTTLS" and tls:
                    self.reply("220 go on")
                    try:
                        self.request = tls.wrap_socket(self.request, server_side=True)
                    except (ssl.SSLError, OSError):
                        return
                    self.setup()
                elif line.upper().startswith("AUTH"):
                    state.taken.append(("login", {"text": line}))
                    self.reply("235 welcome")
                elif line.upper() == "QUIT":
                    self.reply(state.bye)
                    return
                elif line.upper().startswith("RCPT"):
                    address = line[line.index("<") + 1 : line.index(">")]
                    self.reply(state.refused.get(address, "250 ok"))
                else:
                    self.reply("250 ok")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = int(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()
