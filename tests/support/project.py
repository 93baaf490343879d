"""Runs the project's own commands on a warehouse of a test's own, each in a process of its own.

chDB gives a process one data directory and a directory one process, so a test never opens a warehouse itself.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, ClassVar

import warm
from once import once

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
#: What the commands read of the project.
PARTS = ("dbt_project.yml", "selectors.yml", "models", "macros", "seeds", "tests", "dashboard")
#: These would lead a test to the warehouse of who runs it.
FOREIGN = ("TELEMETRY_WAREHOUSE", "DBT_TARGET_PATH", "DBT_LOG_PATH", "DBT_PROFILES_DIR")


@dataclass(frozen=True)
class Project:
    """The project in a directory of a test's own, with a warehouse and a `target` of its own.

    The project's files are links. All paths of the profile are relative and thus alike in every directory,
    so that dbt's parse of one serves all: it takes ten seconds.

    Attributes:
        home: the directory; commands run in it.
        shared: what all tests of a run share.
    """

    home: Path
    shared: ClassVar[Path | None] = None

    @property
    def environment(self) -> dict[str, str]:
        """Of a command that runs in `home`."""
        self._lay_out()
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        # the log file takes a third of dbt's time
        return kept | {"DBT_LOG_LEVEL_FILE": "none"}

    def _lay_out(self) -> None:
        if not (self.home / "profiles.yml").exists():
            self.home.mkdir(parents=True, exist_ok=True)
            for name in PARTS:
                (self.home / name).symlink_to(ROOT / name)
            shutil.copy(ROOT / "profiles.yml.example", self.home / "profiles.yml")

    def parse(self) -> None:
        """Begin with what dbt has parsed elsewhere, as after `dbt parse`."""
        name = "target/partial_parse.msgpack"
        if self.shared and not (self.home / name).exists():
            parsed = once(self.shared / "parsed", lambda home: Project(home)._run("dbt", "parse", "--quiet"))
            (self.home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(parsed / name, self.home / name)

    def run(self, *command: str, expect: int = 0) -> str:
        """Run `telemetry` or `dbt` and return what it printed; fails when the exit code is another one."""
        if "dbt" in command or "daily" in command:
            self.parse()
        return self._run(*command, expect=expect)

    def _run(self, *command: str, expect: int = 0) -> str:
        done = warm.run(command, self.home, self.environment)
        assert done.returncode == expect, f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def ask(self, *queries: str, commands: tuple[str, ...] = ()) -> list[list[list[Any]]]:
        """Run commands, then queries, in one process; the rows of each query, decimals as strings."""
        job = json.dumps({"commands": commands, "queries": queries})
        done = warm.run(("ask",), self.home, self.environment, job)
        assert done.returncode == 0, done.stderr[-3000:]
        answers: list[list[list[Any]]] = json.loads(done.stdout)
        return answers

    @contextmanager
    def begin(self, *command: str, limit: float = 300) -> Iterator[subprocess.Popen[str]]:
        """`telemetry` or `dbt` in a process group of its own, which is killed after so many seconds."""
        with subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            watchdog = Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
            watchdog.start()
            try:
                yield process
            finally:
                process.wait()
                watchdog.cancel()

    def interrupt(self, *command: str, point: int, fault: Callable[[int], None]) -> tuple[int, str]:
        """Run dbt, do something to its process when so many nodes are begun or done; its code and words."""
        told, seen = "", 0
        with self.begin(*command) as process:
            assert process.stdout is not None
            for line in process.stdout:
                told += line
                was, seen = seen, seen + (" START " in line or " OK " in line)
                if was < point <= seen:
                    fault(process.pid)
        return process.returncode, told
