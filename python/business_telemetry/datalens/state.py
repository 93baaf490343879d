"""What the workbook holds, and which of it is ours. The workbook itself is the only state of a deploy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from datalens_sdk import EntrySummary

MARKER = "Создано командой telemetry datalens deploy; правки в интерфейсе она перезаписывает."
WIZARD = "_wizard_node"  # how the types of wizard charts end


@dataclass(frozen=True)
class Entry:
    """One entry of the workbook. Scope: connection, dataset, widget (chart) or dash."""

    scope: str
    name: str
    id: str


@dataclass
class Index:
    """The workbook's entries by scope and name."""

    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, summaries: Iterator[EntrySummary]) -> Index:
        """Charts of other kinds than the wizard's are left out: a deploy makes none."""
        found = cls()
        for item in summaries:
            if item.scope == "widget" and not item.type.endswith(WIZARD):
                continue
            name = leaf(item)
            found.entries[item.scope, name] = Entry(item.scope, name, item.id)
        return found

    def add(self, scope: str, name: str, entry_id: str) -> None:
        """Note an entry that was just created."""
        self.entries[scope, name] = Entry(scope, name, entry_id)

    def of_scope(self, scope: str) -> list[Entry]:
        """All entries of one scope, by name."""
        return sorted(
            (entry for entry in self.entries.values() if entry.scope == scope), key=lambda e: e.name
        )

    def find(self, scope: str, name: str) -> str | None:
        """The entry's id."""
        entry = self.entries.get((scope, name))
        return entry.id if entry else None


def leaf(item: EntrySummary) -> str:
    """The entry's own name: the last part of its key."""
    key = item.raw.get("displayKey") or item.raw.get("key") or item.name or ""
    return str(key).rsplit("/", 1)[-1]


def is_ours(description: object) -> bool:
    """Whether the description carries the mark that every deploy leaves."""
    return isinstance(description, str) and MARKER in description


def annotation(raw: Mapping[str, object]) -> str:
    """The description of a chart or dashboard."""
    note = raw.get("annotation")
    return str(note.get("description") or "") if isinstance(note, Mapping) else ""
