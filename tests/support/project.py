"""Runs the project's own commands on a warehouse of a test's own, each in a process of its own.

chDB gives a process one data directory and a directory one process, so a test never opens a warehouse itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

ASK = """
import json, sys
from business_telemetry.warehouse import open_warehouse

warehouse = open_warehouse()
job = json.load(sys.stdin)
for command in job["commands"]:
    warehouse.client.command(command)
answers = [
    [list(row) for row in warehouse.client.query(query).result_rows] for query in job["queries"]
]
warehouse.close()
json.dump(answers, sys.stdout, default=str)
"""


@dataclass(frozen=True)
class Project:
    """The project on one warehouse directory.

    Attributes:
        home: directory of the test; holds the warehouse and dbt's target.
    """

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "TELEMETRY_WAREHOUSE": str(self.home / "warehouse"),
            "DBT_TARGET_PATH": str(self.home / "target"),
            "DBT_LOG_PATH": str(self.home / "logs"),
            "DBT_PROFILES_DIR": str(self._profiles()),
        }

    def _profiles(self) -> Path:
        profiles = self.home / "profiles"
        if not profiles.is_dir():
            profiles.mkdir(parents=True)
            example = (ROOT / "profiles.yml.example").read_text(encoding="utf-8")
            (profiles / "profiles.yml").write_text(example, encoding="utf-8")
        return profiles

    def run(self, *command: str, expect: int = 0) -> str:
        """Run `telemetry` or `dbt` and return what it printed; fails when the exit code is another one."""
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def ask(self, *queries: str, commands: tuple[str, ...] = ()) -> list[list[list[Any]]]:
        """Run commands, then queries, in one process; the rows of each query, decimals as strings."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", ASK],
            cwd=ROOT,
            env=self.environment,
            input=json.dumps({"commands": commands, "queries": queries}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        answers: list[list[list[Any]]] = json.loads(done.stdout)
        return answers
