"""Builds on a server that are spoilt or killed at a statement, again and again: then all is as built at once.

Exhaustive (`pytest -m exhaustive`). Builds that are killed on the embedded engine: test_killed_builds.py.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from checksums import checksums
from faulty_proxy import WRITES, Line, line_to, some_writes
from ingest_server import Server, event, log
from project import Project
from raw_state import run_here

from business_telemetry.ingest.run import Ingestion

pytestmark = pytest.mark.exhaustive

#: Views, months that are swapped, tables that are exchanged, Python models and what hangs on them.
MODELS = ("-s", *os.environ.get("MODELS", "+fct_orders +mart_anomalies").split())


class Shop:
    """A small log that grows, and dbt at the end of a line."""

    def __init__(self, server: Server, line: Line, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in (("HOST", "127.0.0.1"), ("PORT", str(line.port)), ("SECURE", "false")):
            monkeypatch.setenv(f"CLICKHOUSE_{name}", value)
        monkeypatch.setattr(Ingestion, "_run", run_here)
        self.server, self.line, self.home, self.project = server, line, home, Project(home / "dbt")
        self.days = 0

    def grow(self) -> None:
        """One more load: a month's days, and a late day of an earlier one."""
        self.days += 1
        kinds = ("cart", "checkout", "confirmation")
        stamps = [f"2024-0{1 + self.days % 5}-{1 + n:02}T10:0{n % 3}:00" for n in range(27)]
        rows = [
            event(n, userid=f"u{self.days}-{n % 5}", action=kinds[n % 3], timestamp=stamp)
            for n, stamp in enumerate(stamps)
        ]
        path = self.home / f"{self.days}.csv"
        path.write_text(log(*rows), encoding="utf-8")
        self.server.ingest(path)

    def dbt(self, *arguments: str, started: Callable[[int], None] = lambda pid: None) -> int:
        """The exit code."""
        with self.project.begin("dbt", *arguments, "--target", "prod") as process:
            started(process.pid)
            told = process.communicate()[0]
        assert process.returncode in (0, 1, -signal.SIGKILL), told[-3000:]
        assert "Traceback" not in told, told[-3000:]
        print(told[-1500:] if process.returncode == 1 else "")
        return process.returncode

    def checksums(self) -> dict[str, tuple[Any, ...]]:
        return checksums(lambda *queries: [self.server.ask(query) for query in queries])

    def require_right(self) -> int:
        """A sound build, then one of everything: the same. How many tables there are."""
        self.line.spoil()
        assert self.dbt("run", *MODELS) == 0
        found = self.checksums()
        assert self.dbt("run", *MODELS, "--full-refresh") == 0
        expected = self.checksums()
        assert [name for name in expected if expected[name] != found.get(name)] == []
        assert list(found) == list(expected)
        return len(found)


@pytest.fixture
def shop(
    server: Server, server_process: tuple[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    with line_to(server_process[0]) as line:
        shop = Shop(server, line, tmp_path, monkeypatch)
        shop.grow()
        assert shop.dbt("seed") == 0
        yield shop
    for (database,) in server.ask("select name from system.databases where startsWith(name, 'telemetry_')"):
        server.ask(f"drop database {database} sync")


def kind_of(statement: str) -> str:
    """What a death at this statement is a death of."""
    if is_of_python(statement):
        return "statistics"
    code = re.sub(r"/\*.*?\*/", "", statement, flags=re.DOTALL).strip().lower()
    return "swap" if code.startswith(("exchange", "rename", "alter")) else "build"


def is_write(statement: str) -> bool:
    return bool(WRITES.match(statement))


def is_of_python(statement: str) -> bool:
    return is_write(statement) and "__dbt_python" in statement


def death(owner: list[int], build: int, deaths: Counter[str]) -> Callable[[int, str], str]:
    """A fault that kills the owner at one of its statements, every third build in a Python model."""
    is_wanted, last = (is_of_python, 1 + build % 5) if build % 3 == 0 else (is_write, 2 + build * 7 % 61)
    count = 0

    def fault(_: int, text: str) -> str:
        nonlocal count
        count += is_wanted(text)
        if not is_wanted(text) or count != last:
            return ""
        os.killpg(owner[0], signal.SIGKILL)
        deaths[kind_of(text)] += 1
        return "lost" if build % 2 else "unanswered"

    return fault


def test_builds_on_a_line_that_breaks(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    failed = 0
    for build in range(int(os.environ.get("BUILDS", "10"))):
        shop.grow()
        shop.line.spoil(some_writes(13, build))
        failed += shop.dbt("run", *MODELS)
    tables = shop.require_right()
    record_property("faults", {"builds": shop.days - 1, "failed": failed, "tables": tables})
    print({"builds": shop.days - 1, "failed": failed, "tables": tables})
    assert failed > 0


def test_builds_that_are_killed_at_a_statement(
    shop: Shop, record_property: Callable[[str, object], None]
) -> None:
    """Before the server hears of it, or when it has done it and not answered."""
    deaths = Counter[str]()
    for build in range(int(os.environ.get("KILLS", "60"))):
        if build % 4 == 0:
            shop.grow()
        owner: list[int] = []
        shop.line.spoil(death(owner, build, deaths))
        shop.dbt("run", *MODELS, started=owner.append)
    tables = shop.require_right()
    record_property("kills", dict(deaths))
    print({"killed": dict(deaths), "tables": tables})
    assert sum(deaths.values()) > 20 and deaths["statistics"] > 5
