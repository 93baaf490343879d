"""Disks that are full, read-only or forbidden.

A small file system in memory is mounted, as root or by `sudo -n` (CI's machines have it). As root, whom
permissions do not stop, a command runs without the capability to pass over them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

IS_ROOT = os.geteuid() == 0
#: Before a command that must obey permissions.
OBEDIENT = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if IS_ROOT else ()


@dataclass(frozen=True)
class Disk:
    """A mounted file system."""

    home: Path

    def fill(self, leave: int = 0) -> None:
        """Leave so many bytes free."""
        with (self.home / "filler").open("ab", buffering=0) as file:
            state = os.statvfs(self.home)
            try:
                while leave < (free := os.statvfs(self.home).f_bavail * state.f_frsize):
                    file.write(bytes(min(1 << 20, free - leave) if leave else 4096))
            except OSError:
                if leave:
                    raise

    def free(self) -> None:
        """Take away what `fill` has put there."""
        (self.home / "filler").unlink(missing_ok=True)

    def read_only(self, is_so: bool) -> None:
        _root("mount", "-o", f"remount,{'ro' if is_so else 'rw'}", str(self.home))


@contextmanager
def small_disk(home: Path, megabytes: int) -> Iterator[Disk]:
    """A file system of so many MB on a directory."""
    home.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,uid={os.getuid()},gid={os.getgid()}"
    try:
        _root("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(home))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        yield Disk(home)
    finally:
        _root("umount", "-l", str(home))


def _root(*command: str) -> None:
    subprocess.run([*([] if IS_ROOT else ["sudo", "-n"]), *command], check=True, capture_output=True)
