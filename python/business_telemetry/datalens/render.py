"""One chart of the catalogue as a create builder of the SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datalens_sdk import DataLensClientYC, DatasetField, EntryLocation, WizardHierarchy

from business_telemetry.dashboard.catalogue import Chart
from business_telemetry.dashboard.fields import Format
from business_telemetry.dashboard.russian import SIGNS
from business_telemetry.datalens.client import Buildable
from business_telemetry.datalens.fields import Fields
from business_telemetry.datalens.state import MARKER

# the SDK has one builder class a chart type; what they share is not a class of its own
Builder = Any

RUSSIA = {"lat": 61.0, "lon": 70.0, "zoom": 3}
ROWS_A_PAGE = 100


def render_chart(
    name: str, chart: Chart, fields: Fields, location: EntryLocation, currency: str
) -> Callable[[DataLensClientYC], Buildable]:
    """The chart, to be built on a client. The fields must exist in the dataset."""

    def build(client: DataLensClientYC) -> Buildable:
        factory, draw = DRAWINGS[chart.type]
        if chart.type in ("column", "bar", "area"):
            factory = _variant(chart)
        builder = getattr(client.create.wizard_chart, factory)(name=name, location=location).dataset(
            fields.live
        )
        if factory == "combined_chart":
            draw = _combined
        draw(builder, chart, fields)
        return _finish(builder, chart, fields, currency)

    return build


def _variant(chart: Chart) -> str:
    """Two axes need DataLens' combined chart; its area has room for one measure only."""
    if chart.y2:
        return "combined_chart"
    if chart.type == "area" and len(chart.y) > 1:
        return "line"
    return chart.type


def _finish(builder: Builder, chart: Chart, fields: Fields, currency: str) -> Buildable:
    """What all types share: fixed filters, order, number formats, the owner's mark."""
    for key, values in chart.where.items():
        texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
        builder.add_filter(fields.raw(key), operation="IN", values=texts)
    if chart.sort is not None and hasattr(builder, "add_sort"):
        direction = "desc" if chart.sort.startswith("-") else "asc"
        builder.add_sort(fields.shown(chart.sort.lstrip("-")), direction=direction)
    for key in chart.measure_names:
        measure = fields.spec.measures[key]
        if measure.type in ("integer", "float"):
            builder.measure_format(fields.raw(key), **number_format(measure.format, currency))
    builder.description(MARKER)
    result: Buildable = builder
    return result


def number_format(shown: Format, currency: str) -> dict[str, Any]:
    """The SDK's arguments for a number format; money is of the currency with this ISO code.

    Durations stay seconds: DataLens has no format for them.
    """
    if shown.kind == "percent":
        return {"format": "percent", "precision": shown.precision}
    postfix = {"money": f" {SIGNS.get(currency, currency)}", "duration": " с"}.get(shown.kind, "")
    return {"format": "number", "precision": shown.precision, "show_rank_delimiter": True, "postfix": postfix}


def _shown(fields: Fields, keys: tuple[str, ...]) -> list[DatasetField]:
    return [fields.shown(key) for key in keys]


def _indicator(builder: Builder, chart: Chart, fields: Fields) -> None:
    builder.y(_shown(fields, chart.y))


def _line(builder: Builder, chart: Chart, fields: Fields) -> None:
    builder.x(_shown(fields, chart.x)).y(_shown(fields, (*chart.y, *(chart.band or ()))))
    second = (*chart.y2, *((chart.flag,) if chart.flag else ()))
    if second and hasattr(builder, "y2"):
        builder.y2(_shown(fields, second))
    _color(builder, chart, fields)


def _column(builder: Builder, chart: Chart, fields: Fields) -> None:
    builder.x(_shown(fields, chart.x)).y(_shown(fields, chart.y))
    _color(builder, chart, fields)
    if chart.flag and not chart.color:
        builder.color_by_measure(fields.raw(chart.flag), mode="2-point", palette="blue")


def _bar(builder: Builder, chart: Chart, fields: Fields) -> None:
    """Horizontal: the measures lie on x."""
    builder.y(_shown(fields, chart.x)).x(_shown(fields, chart.y))
    _color(builder, chart, fields)


def _color(builder: Builder, chart: Chart, fields: Fields) -> None:
    if chart.color:
        builder.color_by_dimension(fields.shown(chart.color))


def _combined(builder: Builder, chart: Chart, fields: Fields) -> None:
    """Bars on the first axis, lines on the second."""
    builder.x(_shown(fields, chart.x))
    kind = "area" if chart.type == "area" else "column"
    for key in chart.y:
        builder.add_layer(kind, y=fields.raw(key), name=fields.spec.measures[key].title)
    for key in chart.y2:
        builder.add_layer("line", y2=fields.raw(key), name=fields.spec.measures[key].title)


def _table(builder: Builder, chart: Chart, fields: Fields) -> None:
    builder.columns(_shown(fields, (*chart.x, *chart.y)))
    builder.pagination(enabled=True, limit=chart.limit or ROWS_A_PAGE)
    _cells(builder, chart, fields)


def _pivot(builder: Builder, chart: Chart, fields: Fields) -> None:
    rows: list[DatasetField | WizardHierarchy] = list(_shown(fields, chart.rows))
    if len(rows) > 1:
        title = " → ".join(field.title for field in _shown(fields, chart.rows))
        hierarchy = WizardHierarchy(guid="h_rows", title=title, fields=_shown(fields, chart.rows))
        builder.add_hierarchy(hierarchy)
        rows = [hierarchy]
    builder.rows(rows).columns(_shown(fields, chart.columns)).measures(_shown(fields, chart.y))
    _cells(builder, chart, fields)


def _cells(builder: Builder, chart: Chart, fields: Fields) -> None:
    for key in chart.bars:
        builder.column_bars(fields.raw(key))
    heat = chart.heat or (dict.fromkeys(chart.y, "blue") if chart.type == "heatmap" else {})
    for key, palette in heat.items():
        if palette == "blue":
            builder.column_background(fields.raw(key), mode="2-point", palette="blue")
        else:
            reverse = palette == "green-orange-red"
            builder.column_background(fields.raw(key), palette="red-orange-green", reversed=reverse)


def _map(builder: Builder, chart: Chart, fields: Fields) -> None:
    assert chart.point is not None  # the loader refuses a map without
    size, *rest = chart.y
    builder.add_layer(
        "geopoint",
        geopoint=fields.raw(chart.point),
        size=fields.raw(size),
        color=fields.raw(rest[0] if rest else size),
        color_mode="2-point",
        color_palette="blue",
        tooltips=_shown(fields, (*chart.x, *chart.y)),
        name=chart.title,
    ).map_center(**RUSSIA)


Draw = Callable[[Builder, Chart, Fields], None]

# a funnel's steps are measures, and DataLens' funnel wants a dimension; it has no sankey at all
DRAWINGS: dict[str, tuple[str, Draw]] = {
    "indicator": ("indicator", _indicator),
    "line": ("line", _line),
    "area": ("area", _line),
    "column": ("column", _column),
    "bar": ("bar", _bar),
    "donut": ("donut", _column),
    "funnel": ("bar", _bar),
    "table": ("flat_table", _table),
    "incidents": ("flat_table", _table),
    "sankey": ("flat_table", _table),
    "pivot": ("pivot_table", _pivot),
    "heatmap": ("pivot_table", _pivot),
    "map": ("geolayer", _map),
}
