"""What a run of the tests makes once, whichever of its processes comes first."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def once(directory: Path, make: Callable[[Path], Any]) -> Path:
    """The directory as `make` leaves it; the others wait. One that failed is made anew by the next."""
    done = directory.with_suffix(".done")
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            make(directory)
            done.touch()
    return directory
