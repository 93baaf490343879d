"""The deploy, step by step. Each step may stop it; a second run goes on from there."""

from __future__ import annotations

from collections.abc import Callable

from datalens_sdk import EntryLocation

from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.datalens.asking import require_answers
from business_telemetry.datalens.board import without_incidents
from business_telemetry.datalens.charts import render_charts, settle_charts, settle_dashboard
from business_telemetry.datalens.client import Clients
from business_telemetry.datalens.connection import settle_connection
from business_telemetry.datalens.context import Change, Context
from business_telemetry.datalens.datasets import ensure_datasets, publish_datasets, rehearse_datasets
from business_telemetry.datalens.errors import explain
from business_telemetry.datalens.fields import Fields
from business_telemetry.datalens.leftovers import settle_leftovers
from business_telemetry.datalens.settings import ClickHouse
from business_telemetry.datalens.state import Index


def create_workbook(clients: Clients, title: str) -> str:
    """A new workbook's id.

    Raises:
        DeployError: as explained by `errors.explain`.
    """
    try:
        return str(clients.live.create.workbook(name=title).build().id)
    except Exception as error:
        raise explain(error, f"workbook {title}") from error


def deploy(
    clients: Clients,
    catalogue: Catalogue,
    clickhouse: ClickHouse,
    workbook: str,
    report: Callable[[Change], None],
    *,
    dry_run: bool = False,
    prune: bool = False,
) -> None:
    """Make the workbook hold what the catalogue says.

    Args:
        clients: of DataLens.
        catalogue: datasets, charts, selectors, tabs.
        clickhouse: where DataLens finds the marts.
        workbook: its id.
        report: told of every entry, as soon as it is known what happens with it.
        dry_run: only read, validate and report.
        prune: delete what an earlier deploy made and the catalogue no longer has.

    Raises:
        DeployError: the step that failed, why, and what to do.
    """
    ctx: Context | None = None
    clients.stage.start_over()
    try:
        index = Index.of(iter(clients.live.get.workbook(by_id=workbook).list_entries()))
        location = EntryLocation.workbook(workbook)
        ctx = Context(
            clients, without_incidents(catalogue), clickhouse, location, index, dry_run, prune, report
        )
        _run(ctx)
    except Exception as error:
        raise explain(error, ctx.step if ctx else f"workbook {workbook}") from error


def _run(ctx: Context) -> None:
    """Nothing is published before every dataset has passed validation and every chart is rendered."""
    connection = settle_connection(ctx)
    sources = ensure_datasets(ctx, connection) if connection is not None else {}
    rehearsed = rehearse_datasets(ctx, sources)
    fields = {key: Fields(ctx.catalogue.datasets[key], item.dataset) for key, item in rehearsed.items()}
    drawn = render_charts(ctx, fields)
    if connection is None:
        for key in ctx.catalogue.datasets:
            ctx.report(
                Change("create" if ctx.index.find("dataset", key) is None else "update", "dataset", key)
            )
    publish_datasets(ctx, rehearsed)
    settle_dashboard(ctx, fields, settle_charts(ctx, fields, drawn))
    settle_leftovers(ctx)
    if ctx.writes:
        require_answers(ctx, fields)
