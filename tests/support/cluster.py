"""A cluster for tests: the HTTP stand-in of `chdb_http`, which writes down every statement.

One embedded engine cannot replicate. So ON CLUSTER and Replicated are taken out before it runs a statement,
and what the project has sent is what tests look at: two replicas behind a balancer would do right with it, if
no table is made on one of them alone.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import chdb
import chdb_http

CLUSTER = "shop"
REPLICAS = 2
ON_CLUSTER = re.compile(rf"""\bon\s+cluster\s+[`"']?{CLUSTER}[`"']?\s*""", re.IGNORECASE)
#: What a real cluster answers from all replicas, from the one that there is.
ALL_REPLICAS = re.compile(r"""\bclusterAllReplicas\(\s*[`"']?\w+[`"']?\s*,\s*([\w.]+)\s*\)""", re.IGNORECASE)
CLUSTERS = f"""(
    select '{CLUSTER}' as cluster, 1 as shard_num, toString(number) as host_name, 9000 as port
    from numbers({REPLICAS})
)"""


@dataclass(frozen=True)
class Statement:
    """What was sent: the text without comments, and the settings of the request."""

    text: str
    settings: dict[str, str]

    @property
    def on_cluster(self) -> bool:
        return bool(ON_CLUSTER.search(self.text))


def local(statement: Statement) -> str | None:
    """Why the statement would leave replicas unlike each other, or None.

    What makes, drops, renames or swaps tables must say ON CLUSTER; what is made must be replicated (views and
    claims, which hold no rows, apart); rows must be on every replica before an INSERT returns. ALTER and
    OPTIMIZE of a replicated table are carried over by replication, so they must not say ON CLUSTER twice.
    """
    text = " ".join(statement.text.split())
    words = text.lower()
    if re.match(r"create (or replace )?(table|view|materialized|database|dictionary)", words):
        if not statement.on_cluster:
            return "creates on one replica"
        is_table = words.startswith(("create table", "create or replace table"))
        if not is_table or re.search(r"engine\s*=?\s*Replicated\w*MergeTree", text, re.IGNORECASE):
            return None
        is_claim = re.search(r"_claim_\d+ on cluster `\w+` \(x UInt8\) engine Memory", text)
        return None if is_claim else "its rows stay on one replica"
    if re.match(r"(drop|rename|exchange|truncate|undrop|detach|attach)\b", words):
        return None if statement.on_cluster else "acts on one replica"
    if words.startswith("insert") and statement.settings.get("insert_quorum") != str(REPLICAS):
        return "returns before every replica has the rows"
    if words.startswith("alter") and "alter_sync" in statement.settings:
        return (
            None if statement.settings["alter_sync"] in ("2", "3") else "returns before every replica has it"
        )
    return None


def read(path: Path) -> list[Statement]:
    """The statements of a recording."""
    return [Statement(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def plain(text: str) -> str:
    """The statement for an engine without a cluster."""
    text = ON_CLUSTER.sub("", text)
    text = re.sub(r"\bReplicated(\w*MergeTree)\b", r"\1", text)
    text = re.sub(r"\breplicated_deduplication_window\s*=", "non_replicated_deduplication_window =", text)
    text = ALL_REPLICAS.sub(r"(select *, 1 as _shard_num from \1)", text)
    text = re.sub(r"\bfrom\s+system\.clusters\b", f"from {CLUSTERS}", text, flags=re.IGNORECASE)
    is_sync = re.match(r"\s*(/\*.*?\*/)?\s*system\s+sync\s+replica", text, re.IGNORECASE | re.DOTALL)
    return "select 1" if is_sync else text


class Handler(chdb_http.Handler):
    """Writes down what comes, and runs what one engine can run of it."""

    recording: Path
    settings: dict[str, str]

    def do_POST(self) -> None:
        options = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        self.settings = {
            name: value
            for name, value in options.items()
            if name in ("insert_quorum", "alter_sync", "mutations_sync", "session_id")
        }
        super().do_POST()

    def execute(self, query: bytes, data: bytes | None, parameters: dict[str, str]) -> bytes:
        insert = chdb_http.INSERT.match(query)
        end = insert.end() if insert else len(query)
        text = query[:end].decode()
        bare = re.sub(r"/\*.*?\*/|--[^\n]*", " ", text, flags=re.DOTALL).strip()
        with self.recording.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"text": bare, "settings": self.settings}, ensure_ascii=False) + "\n")
        return super().execute(plain(text).encode() + query[end:], data, parameters)


if __name__ == "__main__":
    Handler.engine = chdb.connect(sys.argv[1])
    Handler.recording = Path(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
