"""The steps from a dataset as it is to the fields that the catalogue asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from datalens_sdk import Dataset as Live
from datalens_sdk import DatasetField, DatasetUpdate

from business_telemetry.dashboard.catalogue import Dataset
from business_telemetry.datalens.errors import BrokenDataset
from business_telemetry.datalens.fields import PREFIX, Wanted


@dataclass(frozen=True)
class Step:
    """One change of a field: what to tell, and how to queue it."""

    text: str
    queue: Callable[[DatasetUpdate], object]


def plan(
    spec: Dataset, wanted: list[Wanted], live: Live, *, columns: frozenset[str], prune: bool
) -> list[Step]:
    """The steps from the dataset as it is to the fields as they should be; none when it is as it should be.

    Raises:
        BrokenDataset: the catalogue names a column that the table has not.
    """
    steps: list[Step] = []
    if prune:
        steps += [_deletion(field) for field in stale(wanted, live, columns)]
    by_column = {field.source: field for field in live.fields if field.calc_mode == "direct"}
    by_id = {field.guid: field for field in live.fields}
    lost = [want.column for want in wanted if want.column is not None and want.column not in by_column]
    if lost:
        raise BrokenDataset(
            f"table {spec.table} has no column {', '.join(map(str, lost))}; build the marts first"
        )
    for want in wanted:
        field = by_column[want.column] if want.column is not None else by_id.get(want.guid)
        step = _addition(want) if field is None else _correction(want, field)
        if step is not None:
            steps.append(step)
    return steps


def stale(wanted: list[Wanted], live: Live, columns: frozenset[str]) -> list[DatasetField]:
    """Fields that an earlier catalogue asked for, and those of columns that the table no longer has."""
    ids = {want.guid for want in wanted}
    return [
        field
        for field in live.fields
        if (field.calc_mode == "direct" and field.source not in columns)
        or (field.calc_mode != "direct" and field.guid.startswith(PREFIX) and field.guid not in ids)
    ]


def _deletion(field: DatasetField) -> Step:
    return Step(f"{field.title}: deleted", lambda update: update.delete_field(field=field))


def _addition(want: Wanted) -> Step:
    def queue(update: DatasetUpdate) -> None:
        if want.default is not None:
            update.add_parameter(name=want.title, type="string", default=want.default, guid=want.guid)
            return
        update.add_calculation(
            name=want.title, formula=want.formula, kind=want.kind, cast=want.cast, guid=want.guid
        )
        if want.hidden or want.description:
            update.update_field(
                field=want.guid, title=want.title, hidden=want.hidden, description=want.description
            )

    return Step(f"{want.title}: added", queue)


def _correction(want: Wanted, field: DatasetField) -> Step | None:
    """One update of what differs, or None."""
    changed: dict[str, tuple[object, object]] = {
        "title": (field.title, want.title),
        "type": (field.cast, want.cast),
    }
    if want.default is not None:
        changed["default"] = (field.default_value, want.default)
    else:
        changed["hidden"] = (field.hidden, want.hidden)
    if want.description:
        changed["description"] = (field.description, want.description)
    if want.formula:
        changed["formula"] = (field.formula, want.formula)
        changed["kind"] = (field.type, want.kind)
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    if not changed:
        return None

    def queue(update: DatasetUpdate) -> None:
        if changed.keys() & {"title", "hidden", "description"} or (
            want.column is not None and "type" in changed
        ):
            cast = want.cast if want.column is not None else None
            about = want.description or None
            update.update_field(
                field=field, title=want.title, hidden=want.hidden, cast=cast, description=about
            )
        if want.default is not None:
            update.update_parameter(field=field, type="string", default=want.default)
        elif want.formula and changed.keys() & {"formula", "kind", "type"}:
            update.update_calculation(field=field, formula=want.formula, kind=want.kind, cast=want.cast)

    told = "; ".join(f"{name} {held!r} -> {new!r}" for name, (held, new) in changed.items())
    return Step(f"{want.title}: {told}", queue)
