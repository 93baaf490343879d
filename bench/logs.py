"""Logs of the benchmark: one long log, generated once and cut by day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from bench.process import Project

FIRST_DAY = date(2021, 12, 26)
DAYS = 1107
SESSIONS = 1_272_300  # 6.5M rows
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def day(from_the_end: int) -> date:
    """The last day is 1, the one before it 2."""
    return FIRST_DAY + timedelta(days=DAYS - from_the_end)


def make_logs(project: Project, files: Mapping[Path, tuple[date, date]], scale: int = 1) -> None:
    """Write the files, unless they are there; as many users and sessions a day as `scale` plain shops."""
    if all(path.exists() for path in files):
        return
    whole = project.home / "whole.csv"
    size = ("--sessions", str(SESSIONS * scale), "--days", str(DAYS))
    project.run(project.home / "warehouse", "telemetry", "generate", str(whole), *size, "--quiet")
    cut(whole, files)


def cut(whole: Path, files: Mapping[Path, tuple[date, date]]) -> None:
    """Write to each file the rows of its days, first and last included, and delete the whole log.

    A malformed row without a day stays with the one before it.
    """
    spans = {path: (first.isoformat(), last.isoformat()) for path, (first, last) in files.items()}
    with ExitStack() as stack:
        lines = stack.enter_context(whole.open(encoding="utf-8", errors="surrogateescape", newline=""))
        opened = {
            path: stack.enter_context(path.open("w", encoding="utf-8", errors="surrogateescape", newline=""))
            for path in files
        }
        header = next(lines)
        for file in opened.values():
            file.write(header)
        here, targets = "", []
        for line in lines:
            fields = line.split(",", 4)
            found = fields[3][:10] if len(fields) > 4 else ""
            if found != here and ISO_DAY.fullmatch(found):
                here = found
                targets = [opened[path] for path, (first, last) in spans.items() if first <= here <= last]
            for file in targets:
                file.write(line)
    whole.unlink()
