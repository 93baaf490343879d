"""What the user sees: progress while it runs, and tables or one JSON object at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

#: Files, days or reasons that a terminal shows of a list; --json has all.
SHOWN: Final = 20


class Report:
    """Progress on stderr, the result on stdout; notes beside the result, or on stderr if that is JSON.

    Args:
        quiet: only errors, and the JSON object if there is one.
        as_json: the result as one JSON object.
    """

    def __init__(self, quiet: bool = False, as_json: bool = False) -> None:
        self._as_json = as_json
        self._progress = Console(stderr=True, quiet=quiet, highlight=False)
        self._output = Console(quiet=quiet or as_json, highlight=False)
        self._notes = self._progress if as_json else self._output
        self._errors = Console(stderr=True, highlight=False)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, title: str) -> Iterator[Callable[[int], None]]:
        """Show a stage while it runs: a bar on a terminal, elsewhere one line when it begins.

        Args:
            title: what happens, in a few words.

        Returns:
            What to tell of the rows done so far.
        """
        started = time.monotonic()
        if not self._progress.is_terminal:
            self._progress.print(f"{title} ...")
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TextColumn("{task.fields[rows]}"),
            TimeElapsedColumn(),
            console=self._progress,
            disable=not self._progress.is_terminal or self._progress.quiet,
        )
        with bar:
            task = bar.add_task(title, total=None, rows="")

            def progress(rows: int) -> None:
                rate = rows / (time.monotonic() - started)
                bar.update(task, rows=f"{rows:,} rows, {rate:,.0f}/s")

            yield progress
        self.seconds[title] = round(time.monotonic() - started, 1)

    def note(self, text: str) -> None:
        """A line for people."""
        self._notes.print(text, soft_wrap=True, markup=False)

    def result(self, result: Mapping[str, Any]) -> None:
        """The outcome of the run."""
        if self._as_json:
            print(json.dumps(result, ensure_ascii=False, default=str))
            return
        table = Table(show_header=False, box=None)
        for name, value in result.items():
            if value or value == 0:
                table.add_row(name.replace("_", " "), escape(_cell(value)))
        self._output.print(table)

    def rejections(self, by_reason: Mapping[str, int], examples: Sequence[tuple[str, str, int, str]]) -> None:
        """Why rows were rejected, with examples: (reason, file, line, raw line)."""
        for reason, rows in by_reason.items():
            lines = [f"\n    {file}:{line}: {raw!r}" for name, file, line, raw in examples if name == reason]
            self._errors.print(f"{reason}: {rows:,}{''.join(lines)}", soft_wrap=True, markup=False)

    def failure(self, message: str, exit_code: int) -> None:
        """Why nothing was loaded."""
        self._errors.print(f"Error: {message}", soft_wrap=True, markup=False)
        if self._as_json:
            print(
                json.dumps({"status": "failed", "exit_code": exit_code, "error": message}, ensure_ascii=False)
            )


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return _lines([f"{name}: {_cell(item)}" for name, item in value.items()])
    if isinstance(value, list):
        return _lines([_cell(item) for item in value])
    return f"{value:,}" if isinstance(value, int) else str(value)


def _lines(items: list[str]) -> str:
    more = [f"and {len(items) - SHOWN:,} more"] if len(items) > SHOWN else []
    return "\n".join(items[:SHOWN] + more)
