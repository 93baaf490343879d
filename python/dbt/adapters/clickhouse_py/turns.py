"""Who has an embedded warehouse, and who goes first: a preview gives way, and a job waits until it has.

The engine's own lock says who has it. Two files beside it say more, by locks on them that end with their
process: `preview.lock` while a preview has the warehouse or tries to, `job.lock` while a job opens it. A
preview that sees the latter lets go, and does not come back before it is gone. Each marks its file before it
looks at the other's, so that one of two that come at once sees the other.
"""

from __future__ import annotations

import fcntl
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from dbt.adapters.exceptions import FailedToConnectError

#: In seconds: how long a job waits for a preview, and from when on it says so.
PATIENCE: Final = 60.0
SILENT: Final = 1.0
PREVIEW, JOB = "preview.lock", "job.lock"

#: Warehouses that this process opens as a preview.
_shown: set[str] = set()


@contextmanager
def turn_of_job(path: str) -> Iterator[None]:
    """Time in which no preview takes the warehouse; begins when the one that had it has let go.

    Raises:
        FailedToConnectError: another job has it, or a preview that does not let go.
    """
    if os.path.realpath(path) in _shown:
        refuse_if_held(path)
        yield
        return
    mark = _mark(path, JOB)
    try:
        _wait_for_preview(path)
        refuse_if_held(path)
        yield
    finally:
        _unmark(mark)


def _wait_for_preview(path: str) -> None:
    if holder(path) == str(os.getpid()):
        return
    began, is_told = time.monotonic(), False
    while _is_marked(path, PREVIEW) and (waited := time.monotonic() - began) < PATIENCE:
        if waited > SILENT and not is_told:
            print(f"The warehouse {path} is being read by a preview: waiting for it.", file=sys.stderr)
            is_told = True
        time.sleep(0.05)


class TurnOfPreview:
    """A preview's time with the warehouse, from before it opens it until after it has closed it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._mark: int | None = None
        # a process that has it already, as a job, stays one
        if holder(path) != str(os.getpid()):
            self._mark = _mark(path, PREVIEW)
            _shown.add(os.path.realpath(path))

    @property
    def is_over(self) -> bool:
        """Does a job want the warehouse?"""
        return self._mark is not None and _is_marked(self._path, JOB)

    def end(self) -> None:
        """Let jobs know that the warehouse is free."""
        if self._mark is not None:
            _shown.discard(os.path.realpath(self._path))
            _unmark(self._mark)
            self._mark = None


def refuse_if_held(path: str) -> None:
    """The engine itself would fail too, but without a reason in the exception and with a line on stderr.

    Raises:
        FailedToConnectError: another process has the warehouse.
    """
    found = holder(path)
    if found is not None and found != str(os.getpid()):
        raise FailedToConnectError(
            f"The warehouse {path} is held by another process (pid {found}): dbt, telemetry ingest or a"
            " preview. Wait for it or stop it, or set TELEMETRY_WAREHOUSE to another directory."
        )


def holder(path: str) -> str | None:
    """Who holds the engine's lock file: a process id, `unknown`, or None when nobody does."""
    try:
        with Path(path, "status").open() as file:
            if _is_locked(file):
                pid = re.search(r"PID: (\d+)", file.read())
                return pid[1] if pid else "unknown"
    except OSError:
        pass
    return None


def _mark(path: str, name: str) -> int | None:
    """A mark that others see; None where there is no warehouse yet, or where nothing can be written."""
    try:
        file = os.open(Path(path, name), os.O_CREAT | os.O_RDWR)
    except OSError:
        return None
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def _unmark(mark: int | None) -> None:
    if mark is not None:
        os.close(mark)


def _is_marked(path: str, name: str) -> bool:
    try:
        with Path(path, name).open() as file:
            return _is_locked(file)
    except OSError:
        return False


def _is_locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
