"""Entries that an earlier catalogue made and this one does not know."""

from __future__ import annotations

from typing import Protocol

from datalens_sdk.errors import ForbiddenError, NotFoundError

from business_telemetry.datalens.charts import DASH, DASHBOARD, SCOPE
from business_telemetry.datalens.context import Change, Context
from business_telemetry.datalens.state import Entry, annotation, is_ours

KINDS = {DASH: DASHBOARD, SCOPE: "chart", "dataset": "dataset", "connection": "connection"}  # readers first


class Deletable(Protocol):
    """An entry as the SDK returns it."""

    def delete(self) -> None: ...


def settle_leftovers(ctx: Context) -> None:
    """Report what is no longer wanted; delete it with --prune. Entries that no deploy made stay."""
    catalogue = ctx.catalogue
    wanted = {
        DASH: {catalogue.dashboard.name},
        SCOPE: set(catalogue.charts),
        "dataset": set(catalogue.datasets),
        "connection": {catalogue.connection.name},
    }
    for scope, kind in KINDS.items():
        for entry in ctx.index.of_scope(scope):
            if entry.name in wanted[scope]:
                continue
            ctx.begin(kind, entry.name)
            ours = _ours(ctx, entry)
            if ours is None:
                continue
            ctx.report(Change("delete" if ctx.prune else "left", kind, entry.name))
            if ctx.prune and ctx.writes:
                ours.delete()


def _ours(ctx: Context, entry: Entry) -> Deletable | None:
    """The entry, if a deploy made it."""
    get = ctx.clients.live.get
    try:
        if entry.scope == DASH:
            dashboard = get.dashboard(by_id=entry.id)
            return dashboard if is_ours(annotation(dashboard.raw)) else None
        if entry.scope == SCOPE:
            chart = get.wizard_chart(by_id=entry.id)
            return chart if is_ours(annotation(chart.raw)) else None
        if entry.scope == "dataset":
            dataset = get.dataset(by_id=entry.id)
            return dataset if is_ours(dataset.description) else None
        connection = get.connection(by_id=entry.id)
        return connection if is_ours(connection.description) else None
    except (NotFoundError, ForbiddenError):
        return None
