"""Wall time and peak memory of a command and everything that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
POLL_SECONDS = 0.5  # looking at all processes takes 20 ms of a core


@dataclass(frozen=True)
class Cost:
    """What a command cost: wall time in seconds, peak resident memory of its process tree in MiB."""

    seconds: float
    peak_mib: float


class Project:
    """The project's commands, with dbt's files and the benchmark's logs in a directory of their own."""

    def __init__(self, part: str = "") -> None:
        self.home = ROOT / "data" / "bench" / part
        self.home.mkdir(parents=True, exist_ok=True)

    def environment(self, warehouse: Path) -> dict[str, str]:
        """The environment of a command on this warehouse."""
        return os.environ | {
            "TELEMETRY_WAREHOUSE": str(warehouse),
            "DBT_TARGET_PATH": str(self.home / "target"),
            "DBT_LOG_PATH": str(self.home / "logs"),
        }

    def run(self, warehouse: Path, program: str, *arguments: str) -> Cost:
        """What `telemetry` or `dbt` costs.

        Raises:
            RuntimeError: it failed.
        """
        command = [str(Path(sys.executable).parent / program), *arguments]
        return measure(command, self.environment(warehouse), ROOT)


def measure(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; the message holds the end of its output.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(env), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    peak = 0.0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, tree_mib(process.pid))
            time.sleep(POLL_SECONDS)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{output.decode(errors='replace')[-3000:]}")
    return Cost(seconds, peak)


def tree_mib(pid: int) -> float:
    """Resident memory of a process and its descendants in MiB; 0 once it is gone."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20
