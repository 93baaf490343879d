"""Runs a file of statements in an embedded warehouse: `python -m bench.run_sql WAREHOUSE FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from clickhouse_connect import get_client


def main(warehouse: str, file: str) -> None:
    client = get_client(interface="chdb", path=warehouse)
    for statement in Path(file).read_text(encoding="utf-8").split(";"):
        if statement.strip():
            client.command(statement)
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
