"""Datasets: rehearse every change with DataLens' own validation, then publish exactly what was rehearsed."""

from __future__ import annotations

from dataclasses import dataclass

from datalens_sdk import Connection, Dataset, DatasetUpdate, Source

from business_telemetry.dashboard.catalogue import Dataset as Spec
from business_telemetry.datalens.context import Change, Context
from business_telemetry.datalens.errors import BrokenDataset
from business_telemetry.datalens.fields import wanted_fields
from business_telemetry.datalens.state import MARKER
from business_telemetry.datalens.steps import plan, stale

KIND = "dataset"


@dataclass(frozen=True)
class Rehearsed:
    """A dataset as it would be, accepted by DataLens' validation."""

    dataset: Dataset
    changes: tuple[str, ...]
    left: tuple[str, ...]


def ensure_datasets(ctx: Context, connection: Connection) -> dict[str, Source]:
    """Create datasets that are missing, bare: one field a column. Returns the tables as ClickHouse has them.

    Raises:
        BrokenDataset: all tables that DataLens cannot read.
    """
    sources: dict[str, Source] = {}
    broken: list[str] = []
    for key, spec in ctx.catalogue.datasets.items():
        ctx.begin(KIND, key)
        database = ctx.clickhouse.database
        table = ctx.clients.live.create.source(using=connection).ch_table(
            alias=spec.table, db_name=database, table_name=spec.table
        )
        try:
            sources[key] = table.build(strict=True)
        except (BrokenDataset, ValueError) as error:
            broken.append(f"{key}: DataLens cannot read {database}.{spec.table}: {error}")
    if broken:
        raise BrokenDataset(
            "\n".join(broken)
            + "\nBuild the marts, and check what the connection's user may read (docs/datalens.md)."
        )
    for key, source in sources.items():
        if ctx.index.find(KIND, key) is None:
            ctx.begin(KIND, key)
            ctx.report(Change("create", KIND, key, (f"table {source.title}",)))
            if ctx.writes:
                builder = ctx.clients.live.create.dataset(name=key, location=ctx.location)
                created = builder.sources([source]).description(MARKER).build()
                ctx.index.add(KIND, key, str(created.id))
    return sources


def rehearse_datasets(ctx: Context, sources: dict[str, Source]) -> dict[str, Rehearsed]:
    """Every dataset that exists, as it would be after the deploy. Writes nothing.

    Raises:
        BrokenDataset: all formulas that DataLens refuses.
    """
    done: dict[str, Rehearsed] = {}
    broken: list[str] = []
    for key, source in sources.items():
        found = ctx.index.find(KIND, key)
        if found is None:
            continue
        ctx.begin(KIND, key)
        try:
            done[key] = _rehearse(ctx, ctx.catalogue.datasets[key], source, found)
        except BrokenDataset as error:
            broken.append(f"dataset {key}: {error}")
    if broken:
        raise BrokenDataset(
            "\n".join(broken) + "\nNothing was published. Correct dashboard/*.yml; what an earlier "
            "catalogue left behind goes with --prune."
        )
    return done


def _rehearse(ctx: Context, spec: Spec, source: Source, found: str) -> Rehearsed:
    get = ctx.clients.rehearsal.get.dataset
    dataset = get(by_id=found)
    ctx.require_ours(dataset.description)
    changes: list[str] = []
    update = _source_update(dataset, source, changes)
    if update is not None:
        with ctx.clients.watch.lenient():  # formulas may break here and be mended below
            update.mode("publish").execute()
        dataset = get(by_id=found)
    columns = frozenset(column["name"] for column in source.raw_schema)
    wanted = wanted_fields(spec, ctx.catalogue.parameters)
    left = () if ctx.prune else tuple(field.title for field in stale(wanted, dataset, columns))
    steps = plan(spec, wanted, dataset, columns=columns, prune=ctx.prune)
    if steps or changes:
        update = dataset.update
        for step in steps:
            step.queue(update)
        # validated in any case: a refreshed table may have broken a formula
        update.description(MARKER).mode("publish").execute()
        dataset = get(by_id=found)
    return Rehearsed(dataset, (*changes, *(step.text for step in steps)), left)


def _source_update(dataset: Dataset, source: Source, changes: list[str]) -> DatasetUpdate | None:
    """An update to the table as it is now, or None when the dataset knows it."""
    held = dataset.sources[0]
    update = dataset.update
    if held.connection_id and source.connection_id and held.connection_id != source.connection_id:
        changes.append("connection replaced")
        update.replace_connection(
            old_connection_id=held.connection_id, new_connection_id=source.connection_id
        )
    if {**held.parameters, **source.parameters} != held.parameters:
        changes.append(f"table: {_table(held)} -> {_table(source)}")
        update.update_source(source_id=held.id, parameters=source.parameters)
    before = {(column["name"], column["user_type"]) for column in held.raw_schema}
    after = {(column["name"], column["user_type"]) for column in source.raw_schema}
    changes += [f"column {name}: new or of a new type" for name, _ in sorted(after - before, key=str)]
    changes += [f"column {name}: gone" for name in sorted({n for n, _ in before} - {n for n, _ in after})]
    if not changes:
        return None
    return update.refresh_source(held.id)


def _table(source: Source) -> str:
    return f"{source.parameters.get('db_name')}.{source.parameters.get('table_name')}"


def publish_datasets(ctx: Context, rehearsed: dict[str, Rehearsed]) -> None:
    """Write what was rehearsed, each dataset in one request."""
    for key, item in rehearsed.items():
        ctx.begin(KIND, key)
        ctx.report(Change("update" if item.changes else "same", KIND, key, item.changes))
        for title in item.left:
            ctx.report(Change("left", "field", f"{key}: {title}"))
        if item.changes and ctx.writes:
            replace = ctx.clients.live.raw.replace.dataset(
                target=item.dataset, response_snapshot=item.dataset.response_snapshot
            )
            replace.mode("publish").execute()
