"""What every step of a deploy needs, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from datalens_sdk import EntryLocation

from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.datalens.client import Clients
from business_telemetry.datalens.errors import Occupied
from business_telemetry.datalens.settings import ClickHouse
from business_telemetry.datalens.state import Index, is_ours

What = Literal["create", "update", "same", "delete", "left"]


@dataclass(frozen=True)
class Change:
    """One entry of the workbook and what the deploy does with it; `left`: no longer wanted, kept."""

    what: What
    kind: str
    name: str
    details: tuple[str, ...] = ()


@dataclass
class Context:
    """One deploy into one workbook."""

    clients: Clients
    catalogue: Catalogue
    clickhouse: ClickHouse
    location: EntryLocation
    index: Index
    dry_run: bool
    prune: bool
    report: Callable[[Change], None]
    step: str = field(default="workbook", init=False)  # what is being done, for messages

    @property
    def writes(self) -> bool:
        return not self.dry_run

    def begin(self, kind: str, name: str) -> None:
        """Note what is being done now."""
        self.step = f"{kind} {name}"

    def require_ours(self, description: str) -> None:
        """Raise Occupied unless the entry carries the mark of a deploy."""
        if not is_ours(description):
            raise Occupied(
                f"{self.step}: the workbook has one of that name which no deploy made. "
                "Rename or delete it in DataLens, or deploy to a workbook of its own (--workbook)."
            )
