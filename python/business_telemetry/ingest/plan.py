"""Which files to load: their content decides, not their names. No input or output here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from business_telemetry.ingest.errors import NeedsReplace
from business_telemetry.ingest.files import SourceFile

NAMED: Final = 3


@dataclass(frozen=True)
class LoadedFiles:
    """A load that counts: its files' names and fingerprints, in the same order, and its contract's hash."""

    load_id: str
    names: tuple[str, ...]
    fingerprints: tuple[str, ...]
    contract_hash: str = ""


@dataclass(frozen=True)
class Plan:
    """What one run does.

    Attributes:
        files: the files of the new load; empty when there is nothing to load.
        skipped: files left out, each with the reason.
        replaces: loads that count no more: the new one supersedes them, or other loads hold all that is left.
        read_otherwise: loads of files left out which another contract has read, or another version of it.
    """

    files: tuple[SourceFile, ...]
    skipped: tuple[tuple[str, str], ...]
    replaces: tuple[str, ...]
    read_otherwise: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the files' fingerprints: the same in whatever order and under whatever names."""
        joined = "\n".join(sorted(file.fingerprint for file in self.files))
        return hashlib.sha256(joined.encode()).hexdigest()

    @property
    def load_id(self) -> str:
        """The load's name: the beginning of its fingerprint."""
        return self.fingerprint[:16]


def plan_load(
    given: Sequence[SourceFile], loads: Sequence[LoadedFiles], replace: bool, contract_hash: str = ""
) -> Plan:
    """Leave out what is loaded, and find the loads that changed files supersede.

    A file has changed when the content that was loaded under its name last is in none of the files given. So
    a log that is rotated has not: what `app.log` held is given as `app.log.1`.

    Args:
        given: the files on the command line.
        loads: the loads with status `loaded`, oldest first.
        replace: may the new load supersede others?
        contract_hash: of the contract that reads them now.

    Raises:
        NeedsReplace: a file has changed since it was loaded and `replace` is not set, or a load to replace
            holds other files that are not given.
    """
    contents = {file.fingerprint for file in given}
    load_of = {fingerprint: load for load in loads for fingerprint in load.fingerprints}
    last = {
        name: (load, fingerprint)
        for load in loads
        for name, fingerprint in zip(load.names, load.fingerprints, strict=True)
    }
    changed = {
        file.name: last[file.name][0]
        for file in given
        if file.name in last and last[file.name][1] not in contents
    }
    if changed and not replace:
        lines = [f"{name} has changed since load {load.load_id}" for name, load in changed.items()]
        raise NeedsReplace(
            "\n".join(lines) + "\nNothing was loaded. To replace the old content, run again with --replace."
        )
    replaced = {load.load_id: load for load in changed.values()}
    for load in replaced.values():
        _require_all_files(load, contents, changed)

    files: dict[str, SourceFile] = {}
    skipped: list[tuple[str, str]] = []
    otherwise: dict[str, None] = {}
    for file in given:
        known = load_of.get(file.fingerprint)
        if known is not None and known.load_id not in replaced:
            skipped.append((file.name, f"already loaded as load {known.load_id}"))
            if known.contract_hash not in ("", contract_hash):
                otherwise[known.load_id] = None
        elif (twin := files.setdefault(file.fingerprint, file)) is not file:
            skipped.append((file.name, f"same content as {twin.name}"))
    return Plan(tuple(files.values()), tuple(skipped), tuple(replaced), tuple(otherwise))


def some_of(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _require_all_files(load: LoadedFiles, contents: set[str], changed: Mapping[str, LoadedFiles]) -> None:
    """Each content of a load must be given again, or be the one that a changed file takes the place of."""
    missing = [
        name
        for name, content in zip(load.names, load.fingerprints, strict=True)
        if content not in contents and changed.get(name) is not load
    ]
    if missing:
        raise NeedsReplace(
            f"Load {load.load_id} would be replaced as a whole, and it also holds {some_of(missing)}.\n"
            "Give these files too, such as by their directory: they are loaded again with the new content. If"
            f" they are gone: telemetry loads --undo {load.load_id}, and load what there is."
        )
