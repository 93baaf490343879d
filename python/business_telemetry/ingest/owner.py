"""One ingestion at a time, and a clean start after one that was killed.

An embedded warehouse belongs to one process, so every unfinished load found there is dead. On a server, the
manifest row of an unfinished load names the host and process that began it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from business_telemetry.ingest.errors import WarehouseBusy
from business_telemetry.ingest.raw_layer import RawLayer, Unfinished


def this_process() -> dict[str, str]:
    """What an unfinished load notes about its owner."""
    return {"host": socket.gethostname(), "pid": str(os.getpid())}


def require_idle(unfinished: Sequence[Unfinished], load_id: str) -> None:
    """Nobody else may be loading.

    Args:
        unfinished: loads that have begun and not ended.
        load_id: the load about to begin; the same one on another host is taken for a dead attempt.

    Raises:
        WarehouseBusy: another process is loading, or may be.
    """
    me = this_process()
    for load in unfinished:
        here = load.host == me["host"]
        if here and (load.pid == os.getpid() or not _is_running(load.pid)):
            continue
        if not here and load.load_id == load_id:
            continue
        raise WarehouseBusy(
            f"Process {load.pid} on {load.host} is loading into this warehouse (load {load.load_id}). Wait;"
            " if it is dead, delete the row with status 'loading' from the table loads and run again."
        )


def require_ownership(raw: RawLayer, load_id: str) -> None:
    """The load must still be this process's own when it is about to be published.

    Raises:
        WarehouseBusy: another process has begun the same load since.
    """
    me = this_process()
    if Unfinished(load_id, me["host"], int(me["pid"])) not in raw.unfinished():
        raise WarehouseBusy(f"Another process has taken over load {load_id}; this one publishes nothing.")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
