"""Charts and the dashboard: render, compare with what DataLens holds, write what differs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from datalens_sdk import Dashboard, DataLensClientYC, WizardChart, recipes

from business_telemetry.datalens.board import render_dashboard
from business_telemetry.datalens.client import Buildable, Json, payload
from business_telemetry.datalens.context import Change, Context
from business_telemetry.datalens.diff import DASHBOARD_NOISE, Difference, differences
from business_telemetry.datalens.errors import DeployError
from business_telemetry.datalens.fields import Fields
from business_telemetry.datalens.render import render_chart
from business_telemetry.datalens.state import annotation

CHART = "chart"
SCOPE = "widget"
DASHBOARD = "dashboard"
DASH = "dash"
UNKNOWN = "not known before its dataset exists"


def render_charts(ctx: Context, datasets: Mapping[str, Fields]) -> dict[str, Json]:
    """The payload of every chart whose dataset is there; what the SDK refuses shows before any write."""
    drawn: dict[str, Json] = {}
    for name, chart in ctx.catalogue.charts.items():
        ctx.begin(CHART, name)
        if chart.dataset in datasets:
            drawn[name] = payload(_render(ctx, datasets, name))["data"]
    return drawn


def settle_charts(ctx: Context, datasets: Mapping[str, Fields], drawn: Mapping[str, Json]) -> dict[str, str]:
    """Create or correct every chart. Returns their ids; a dry run's new ones have made-up ids."""
    ids: dict[str, str] = {}
    for name, chart in ctx.catalogue.charts.items():
        ctx.begin(CHART, name)
        found = ctx.index.find(SCOPE, name)
        ids[name] = found or f"new-{name}"
        if found is None:
            ctx.report(Change("create", CHART, name))
            if ctx.writes:
                built = _render(ctx, datasets, name)(ctx.clients.live).build()
                ids[name] = str(cast(WizardChart, built).id)
        elif name not in drawn:
            ctx.report(Change("update", CHART, name, (UNKNOWN,)))
        else:
            _correct_chart(ctx, name, found, drawn[name], datasets[chart.dataset])
    return ids


def _render(
    ctx: Context, datasets: Mapping[str, Fields], name: str
) -> Callable[[DataLensClientYC], Buildable]:
    chart = ctx.catalogue.charts[name]
    return render_chart(name, chart, datasets[chart.dataset], ctx.location, ctx.clickhouse.currency)


def _correct_chart(ctx: Context, name: str, found: str, wanted: Json, fields: Fields) -> None:
    held = ctx.clients.live.get.wizard_chart(by_id=found, branch="saved")
    changes = differences(wanted, held.data, known=_ids(fields))
    snapshot = _correction(ctx, CHART, name, held, wanted, changes)
    if snapshot is not None:
        replace = ctx.clients.live.raw.replace.wizard_chart(target=held, response_snapshot=snapshot)
        replace.mode("publish").execute()


def settle_dashboard(ctx: Context, datasets: Mapping[str, Fields], charts: Mapping[str, str]) -> None:
    """Create or correct the dashboard; check all its references when it was written.

    Raises:
        DeployError: the dashboard is published, yet refers to something that is not there.
    """
    name = ctx.catalogue.dashboard.name
    ctx.begin(DASHBOARD, name)
    found = ctx.index.find(DASH, name)
    if datasets.keys() != ctx.catalogue.datasets.keys():  # a dry run before the first deploy
        ctx.report(Change("update" if found else "create", DASHBOARD, name, (UNKNOWN,) if found else ()))
        return
    build = render_dashboard(ctx.catalogue, datasets, charts, ctx.location)
    wanted = payload(build)["entry"]["data"]
    if found is None:
        ctx.report(Change("create", DASHBOARD, name))
        if ctx.writes:
            _check(ctx, cast(Dashboard, build(ctx.clients.live).build()))
        return
    held = ctx.clients.live.get.dashboard(by_id=found, branch="saved")
    known = frozenset().union(*(_ids(fields) for fields in datasets.values()))
    changes = differences(wanted, held.data, known=known, ignore=DASHBOARD_NOISE)
    snapshot = _correction(ctx, DASHBOARD, name, held, wanted, changes)
    if snapshot is not None:
        replace = ctx.clients.live.raw.replace.dashboard(target=held, response_snapshot=snapshot)
        _check(ctx, replace.mode("publish").execute())


def _correction(
    ctx: Context,
    kind: str,
    name: str,
    held: WizardChart | Dashboard,
    wanted: Json,
    changes: Sequence[Difference],
) -> Json | None:
    """Report what differs; the entry as it should be, or None when there is nothing to write."""
    ctx.require_ours(annotation(held.raw))
    ctx.report(Change("update" if changes else "same", kind, name, tuple(map(str, changes))))
    if not changes or not ctx.writes:
        return None
    snapshot: Json = copy.deepcopy(dict(held.response_snapshot))
    snapshot["entry"]["data"] = wanted
    return snapshot


def _check(ctx: Context, dashboard: Dashboard) -> None:
    issues = (*dashboard.validate(), *recipes.validate_dashboard_refs(ctx.clients.live, dashboard))
    if issues:
        raise DeployError(
            f"{ctx.step} is published, but: "
            + "; ".join(f"{issue.kind}: {issue.message}" for issue in issues)
        )


def _ids(fields: Fields) -> frozenset[str]:
    return frozenset(field.guid for field in fields.live.fields)
