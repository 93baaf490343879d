"""One ingestion at a time: a claim that only one process can win, and that tells when its owner is dead.

The claim is a table, because creating a table is the one thing that a ClickHouse server does for exactly one
of several askers. Claims are numbered: who finds the last one dead creates the next, and only one of many
can.
"""

from __future__ import annotations

import json
import os
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from business_telemetry.ingest.errors import WarehouseBusy

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from business_telemetry.warehouse import Warehouse

TAKEN_OVER: Final = "Another process has taken over this warehouse; this one publishes nothing."


@dataclass(frozen=True)
class Owner:
    """Who has a claim: where it runs, and when it began there, since process numbers come back.

    Attributes:
        load_id: the load, or a name that no other claim has.
    """

    host: str
    pid: int
    began: str
    load_id: str

    @property
    def is_dead(self) -> bool:
        """Has it certainly ended? Of another host, that is not known."""
        now = began(self.pid)
        return self.host == socket.gethostname() and (not now or now != self.began)


def began(pid: int) -> str:
    """When a process began, as the system tells it; empty if it is not there."""
    try:
        return (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()[19]
        )
    except (OSError, IndexError):
        pass
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "running"


class Lock:
    """The claim on a raw layer.

    Args:
        client: a connection to it.
        database: the raw layer's.
        is_embedded: a warehouse that belongs to this process anyway, so that every other owner is dead.
        cluster: where the claim must hold: everywhere on it, whichever replica the next one asks.
        task: what is done one at a time.
    """

    def __init__(
        self,
        client: Client,
        database: str,
        is_embedded: bool,
        cluster: str | None = None,
        task: str = "ingest",
    ) -> None:
        self._client, self._database, self._is_embedded = client, database, is_embedded
        self._everywhere = f" on cluster `{cluster}`" if cluster else ""
        self._task = task
        self._mine = ""

    @classmethod
    def of(cls, warehouse: Warehouse, task: str = "ingest") -> Lock:
        """The lock of a task on a warehouse's raw layer."""
        return cls(warehouse.client, warehouse.raw, warehouse.path is not None, warehouse.cluster, task)

    def claim(self, load_id: str = "") -> None:
        """Become the one process that does the task.

        Args:
            load_id: what is loaded. Who loads the same on another host is taken to have died there, as when a
                scheduler starts a lost job elsewhere. Without it nobody else's claim is taken over.

        Raises:
            WarehouseBusy: another one is at it, or may be.
        """
        named = load_id or f"{self._task}-{uuid.uuid4().hex[:8]}"
        me = Owner(socket.gethostname(), os.getpid(), began(os.getpid()), named)
        claims = self._claims()
        self._require_dead(claims, me)
        number = max(claims, default=0) + 1
        comment = json.dumps(me.__dict__).replace("\\", "\\\\").replace("'", "\\'")
        try:
            self._client.command(
                f"create table {self._name(number)}{self._everywhere} (x UInt8) engine Memory"
                f" comment '{comment}'"
            )
        except ClickHouseError as error:
            winner = self._claims().get(number)
            if winner is None:
                raise
            # an answer may be lost on its way, and a statement for a cluster be tried twice
            if winner != me:
                raise WarehouseBusy(
                    "Another process has just begun to write to this warehouse. Wait."
                ) from error
        self._mine = self._name(number)
        others = {each: owner for each, owner in self._claims().items() if each != number}
        try:
            self._require_dead(others, me)
        except WarehouseBusy:
            self.release()
            raise
        for each in others:
            self._drop(self._name(each))

    def owners(self) -> list[Owner]:
        """Who claims the raw layer, dead or alive."""
        return list(self._claims().values())

    def take_away(self, load_id: str) -> bool:
        """Drop the claim of a load whose process, or whose host, is gone for good: the user says so.

        Returns:
            Was there one?

        Raises:
            WarehouseBusy: the process is alive on this host.
        """
        found = {number: owner for number, owner in self._claims().items() if owner.load_id == load_id}
        for number, owner in found.items():
            if not self._is_embedded and owner.host == socket.gethostname() and not owner.is_dead:
                raise WarehouseBusy(
                    f"Load {load_id} is running: process {owner.pid} on this host. Stop it first."
                )
            self._drop(self._name(number))
        return bool(found)

    @property
    def holds(self) -> bool:
        """Does the claim still stand, and alone?"""
        return [self._name(number) for number in self._claims()] == [self._mine]

    def require(self) -> None:
        """The claim must still stand when its load is about to be published.

        Raises:
            WarehouseBusy: somebody has taken it away.
        """
        if not self.holds:
            raise WarehouseBusy(TAKEN_OVER)

    def release(self) -> None:
        """Let others load."""
        if self._mine:
            self._drop(self._mine)
            self._mine = ""

    def _drop(self, name: str) -> None:
        self._client.command(f"drop table if exists {name}{self._everywhere} sync")

    def _name(self, number: int) -> str:
        return f"`{self._database}`.{self._task}_claim_{number}"

    def _claims(self) -> dict[int, Owner]:
        rows: Any = self._client.query(
            "select name, comment from system.tables where database = {db:String}"
            " and startsWith(name, {prefix:String}) order by name",
            parameters={"db": self._database, "prefix": f"{self._task}_claim_"},
        ).result_rows
        return {int(name.rpartition("_")[2]): Owner(**json.loads(comment)) for name, comment in rows}

    def _require_dead(self, claims: dict[int, Owner], me: Owner) -> None:
        for owner in claims.values():
            is_same = owner.host != me.host and owner.load_id == me.load_id
            if self._is_embedded or owner.is_dead or is_same:
                continue
            raise WarehouseBusy(
                f"Process {owner.pid} on {owner.host} is writing to this warehouse (load {owner.load_id})."
                f" Wait; if that host is gone for good: telemetry loads --forget {owner.load_id}"
            )
