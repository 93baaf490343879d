"""A ClickHouse server for tests: the HTTP interface in front of an embedded engine.

`python chdb_http.py DIRECTORY` prints its port and serves until it is killed. The engine is the real one. Of
the protocol, there is what clickhouse-connect uses without compression: a query in the URL or the body,
parameters in the URL, and data after an INSERT.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import chdb
from http_body import read_body

#: What the URL may hold beside settings of the query.
PROTOCOL = {"query", "database", "session_id", "query_id", "client_protocol_version", "wait_end_of_query"}
TRANSPORT = ("param_", "send_", "http_", "cancel_http_")
INSERT = re.compile(rb"\s*insert\b.*?\b(format)\s+(\w+)\s*?(?:\n|$)", re.IGNORECASE | re.DOTALL)


class Handler(BaseHTTPRequestHandler):
    """One request, one query."""

    protocol_version = "HTTP/1.1"
    # head and body are two small packets, and the second must not wait for the answer to the first
    disable_nagle_algorithm = True
    one_at_a_time = threading.Lock()
    engine: chdb.session.Session
    #: what the engine's one session was told already
    applied: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        self.answer(200, b"Ok.\n")

    def do_POST(self) -> None:
        options = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = read_body(self)
        query, data = (options["query"].encode(), body) if "query" in options else (body, None)
        parameters = {name[6:]: value for name, value in options.items() if name.startswith("param_")}
        try:
            with self.one_at_a_time:
                for name, value in options.items():
                    is_setting = name not in PROTOCOL and not name.startswith(TRANSPORT)
                    if is_setting and self.applied.get(name) != value:
                        self.engine.query(f"set {name} = '{value}'")
                        self.applied[name] = value
                self.answer(200, self.execute(query, data, parameters))
        except Exception as error:
            self.answer(500, str(error).encode())

    def execute(self, query: bytes, data: bytes | None, parameters: dict[str, str]) -> bytes:
        """Run a query; the data of an INSERT goes through a file, as the embedded engine takes it."""
        insert = INSERT.match(query)
        if insert is None:
            return bytes(self.engine.query(query.decode(), "TabSeparated", params=parameters).bytes())
        if data is None:
            data = query[insert.end() :]
        statement, form = query[: insert.start(1)].decode(), insert[2].decode()
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            if "input(" in statement:
                statement = statement.replace("input(", f"file('{file.name}', '{form}', ")
            else:
                statement += f" from infile '{file.name}' format {form}"
            self.engine.query(statement)
        return b""

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("X-ClickHouse-Summary", "{}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


if __name__ == "__main__":
    Handler.engine = chdb.connect(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
