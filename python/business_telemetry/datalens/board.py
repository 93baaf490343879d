"""The dashboard of the catalogue as a create builder of the SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from datalens_sdk import DashboardTab, DataLensClientYC, EntryLocation

from business_telemetry.dashboard.board import Row, Selector, Tab
from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.datalens.client import Buildable
from business_telemetry.datalens.fields import Fields
from business_telemetry.datalens.state import MARKER

GROUP = "filters"
SELECTORS_A_LINE = 6
LINE_HEIGHT = 2  # grid units


def without_incidents(catalogue: Catalogue) -> Catalogue:
    """The catalogue without the charts of a pressed incident: a press chooses nothing in DataLens.

    Without one they would show the rows of all incidents, or of the whole period, as if they were its.
    """
    charts = {name: chart for name, chart in catalogue.charts.items() if not catalogue.shows_incident(chart)}
    tabs = tuple(
        tab.model_copy(update={"rows": tuple(filter(None, (_kept(row, charts) for row in tab.rows)))})
        for tab in catalogue.dashboard.tabs
    )
    dashboard = catalogue.dashboard.model_copy(update={"tabs": tabs})
    return catalogue.model_copy(update={"charts": charts, "dashboard": dashboard})


def _kept(row: Row, charts: Mapping[str, object]) -> Row | None:
    """The row with those of its charts that there are, which share its width; None without any."""
    items = tuple(item for item in row.items if item in charts)
    if items == row.items:
        return row
    return Row(items=items, h=row.h) if items else None


def render_dashboard(
    catalogue: Catalogue, datasets: Mapping[str, Fields], charts: Mapping[str, str], location: EntryLocation
) -> Callable[[DataLensClientYC], Buildable]:
    """The dashboard, to be built on a client.

    Args:
        catalogue: tabs, rows and selectors.
        datasets: key -> its fields in DataLens.
        charts: name -> id of the chart in DataLens.
        location: the workbook.
    """

    def build(client: DataLensClientYC) -> Buildable:
        builder = client.create.dashboard(name=catalogue.dashboard.name, location=location)
        for index, tab in enumerate(catalogue.dashboard.tabs):
            builder.add_tab(_tab(catalogue, tab, datasets, charts, with_selectors=index == 0))
        return builder.description(MARKER).settings(dependent_selectors=True)

    return build


def _tab(
    catalogue: Catalogue,
    tab: Tab,
    datasets: Mapping[str, Fields],
    charts: Mapping[str, str],
    *,
    with_selectors: bool,
) -> DashboardTab:
    """One tab. The group of selectors is declared on the first one and shown on all."""
    drawn = DashboardTab(tab.title, tab_id=tab.id)
    lines = -(-len(catalogue.selectors) // SELECTORS_A_LINE)
    y = LINE_HEIGHT * lines
    if with_selectors and catalogue.selectors:
        for name, selector in catalogue.selectors.items():
            _add_selector(drawn, name, selector, catalogue, datasets)
        drawn.add_group_selector(group=GROUP, item_id=GROUP, show_on_tabs="all", at=(0, 0, 36, y))
    for row in tab.rows:
        x = 0
        for item, width in zip(row.items, row.widths, strict=True):
            chart = catalogue.charts[item]
            drawn.add_chart(
                charts[item],
                item_id=item,
                title=chart.title,
                hint=chart.note or None,
                at=(x, y, width, row.h),
            )
            x += width
        y += row.h
    for selector in catalogue.selectors.values():
        linked = _linked(catalogue, tab, selector, datasets)
        if len(linked) > 1:
            drawn.add_alias(*linked)
    return drawn


def _add_selector(
    tab: DashboardTab, name: str, selector: Selector, catalogue: Catalogue, datasets: Mapping[str, Fields]
) -> None:
    affects: Literal["all_tabs"] | tuple[str, ...] = selector.tabs or "all_tabs"
    if selector.param is not None:
        parameter = catalogue.parameters[selector.param]
        tab.add_selector(
            group=GROUP,
            item_id=name,
            title=selector.title,
            param_name=selector.param,
            element="select",
            options=list(parameter.options.items()),
            default_value=selector.default or parameter.default,
            affects=affects,
        )
        return
    key, field = _subject(catalogue, selector)
    tab.add_selector(
        group=GROUP,
        item_id=name,
        title=selector.title,
        dataset=datasets[key].live,
        field=datasets[key].raw(field),
        element=selector.element,
        is_range=selector.element == "date",
        multiselect=selector.multi and selector.element == "select",
        default_value=selector.default,
        affects=affects,
    )


def _subject(catalogue: Catalogue, selector: Selector) -> tuple[str, str]:
    """The dataset and dimension that the selector names; the period stands on its dataset's date."""
    key = selector.dataset or next(key for key, spec in catalogue.datasets.items() if spec.date is not None)
    field = selector.field or catalogue.datasets[key].date
    assert field is not None  # the loader refuses a period on a dataset without date
    return key, field


def _linked(catalogue: Catalogue, tab: Tab, selector: Selector, datasets: Mapping[str, Fields]) -> list[str]:
    """Ids of the fields on which a selector acts on this tab; equal ids need no link."""
    if selector.param is not None or (selector.tabs and tab.id not in selector.tabs):
        return []
    own, field = _subject(catalogue, selector)
    ids = {datasets[own].raw(field).guid: None}
    for item in tab.items:
        key = catalogue.charts[item].dataset
        spec = catalogue.datasets[key]
        name = spec.date if selector.field is None else selector.field
        if name is not None and spec.dimension(name) is not None:
            ids[datasets[key].raw(name).guid] = None
    return list(ids)
