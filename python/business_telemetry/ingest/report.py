"""What the user sees: progress while it runs, tables or one JSON object at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table


class Report:
    """Writes progress to stderr and the result to stdout.

    Args:
        quiet: no progress and no tables; errors are still shown.
        as_json: the result as one JSON object instead of tables.
    """

    def __init__(self, quiet: bool = False, as_json: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.progress_console = Console(stderr=True, quiet=quiet, highlight=False)
        self.console = Console(quiet=quiet or as_json, highlight=False)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, title: str) -> Iterator[StageProgress]:
        """Show a stage while it runs; without a terminal, one line when it begins."""
        started = time.monotonic()
        console = self.progress_console
        if not console.is_terminal:
            console.print(f"{title} ...")
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<32}"),
            BarColumn(),
            TextColumn("{task.fields[rows]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        ) as bar:
            yield StageProgress(bar, bar.add_task(title, total=None, rows=""), started)
        self.seconds[title] = time.monotonic() - started

    def note(self, text: str) -> None:
        """A line for people."""
        self.console.print(text, soft_wrap=True, markup=False)

    def result(self, result: dict[str, Any]) -> None:
        """The outcome of the run."""
        if self.as_json:
            print(json.dumps(result, ensure_ascii=False, default=str))
            return
        table = Table(show_header=False, box=None)
        for name, value in result.items():
            if value not in (None, [], {}):
                table.add_row(name.replace("_", " "), _cell(value))
        self.console.print(table)

    def rejections(self, by_reason: dict[str, int], examples: Sequence[tuple[str, str, int, str]]) -> None:
        """Why rows were rejected, with examples."""
        table = Table("reason", "rows", "for example", "raw line")
        for reason, rows in by_reason.items():
            found = [example for example in examples if example[0] == reason]
            table.add_row(
                reason,
                f"{rows:,}",
                "\n".join(f"{file}:{line}" for _, file, line, _ in found),
                "\n".join(repr(raw)[1:-1] for *_, raw in found),
            )
        Console(stderr=True, highlight=False).print(table, markup=False)


class StageProgress:
    """The bar of a stage."""

    def __init__(self, bar: Progress, task: Any, started: float) -> None:
        self._bar, self._task, self._started = bar, task, started

    def update(self, rows: int, done: float, total: float) -> None:
        """Show the rows so far, their rate, and the part that is done."""
        rate = rows / max(time.monotonic() - self._started, 1e-3)
        self._bar.update(
            self._task, completed=done, total=total, rows=f"{rows:,} rows, {rate:,.0f}/s" if rows else ""
        )


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_cell(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    return f"{value:,}" if isinstance(value, int) else str(value)
