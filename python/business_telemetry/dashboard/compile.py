"""A chart and a choice of filters become one SELECT with bound parameters.

Names come from the catalogue, whose keys are plain identifiers; values are bound and never part of the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from business_telemetry.dashboard.catalogue import Catalogue, Chart, Dataset
from business_telemetry.dashboard.derive import to_sql

FIRST_DATE, LAST_DATE = date(1970, 1, 1), date(2149, 6, 6)  # the range of ClickHouse's Date

LEVELS = ("city", "category")  # of which marts hold series of their own beside the whole shop's

ARRAY_TYPES = {
    "string": "Array(String)",
    "geopoint": "Array(String)",
    "integer": "Array(Int64)",
    "boolean": "Array(Bool)",
    "date": "Array(Date)",
    "datetime": "Array(DateTime)",
    "float": "Array(Float64)",
}


@dataclass(frozen=True)
class Filters:
    """What the reader chose.

    Attributes:
        date_from, date_to: the period, inclusive; None is open.
        values: dimension -> accepted values; acts on every dataset that has the dimension.
        parameters: parameter -> value; defaults of the catalogue where absent.
        shift: days by which rows are moved before they are grouped, so that the weeks and months of a period
            to compare with are cut where those of the chosen one are.
    """

    date_from: date | None = None
    date_to: date | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    shift: int = 0

    def previous(self) -> Filters | None:
        """The period of the same length just before; None without a closed period."""
        if self.date_from is None or self.date_to is None:
            return None
        days = (self.date_to - self.date_from).days + 1
        return self._moved(self.date_from - timedelta(days), self.date_from - timedelta(1))

    def year_before(self) -> Filters | None:
        """The same weekdays 52 weeks earlier; None without a closed period."""
        if self.date_from is None or self.date_to is None:
            return None
        return self._moved(self.date_from - timedelta(364), self.date_to - timedelta(364))

    def _moved(self, date_from: date, date_to: date) -> Filters | None:
        if date_from < FIRST_DATE:
            return None
        assert self.date_from is not None  # of a closed period
        return replace(self, date_from=date_from, date_to=date_to, shift=(self.date_from - date_from).days)


@dataclass(frozen=True)
class View:
    """A chart with what its names mean."""

    catalogue: Catalogue
    chart: Chart

    @property
    def dataset(self) -> Dataset:
        return self.catalogue.datasets[self.chart.dataset]

    @property
    def columns(self) -> tuple[str, ...]:
        """What the query returns: dimensions, measures, and how many stand behind each measure."""
        measures = self.chart.measure_names
        return (*self.chart.dimension_names, *measures, *self.dataset.samples(measures))


def compile_sql(view: View, filters: Filters, marts: str) -> tuple[str, dict[str, Any]]:
    """The chart's query and its parameters.

    Args:
        view: the chart.
        filters: the reader's choice; what the chart's dataset does not have is left out.
        marts: the database of the marts.
    """
    dataset, chart = view.dataset, view.chart
    conditions, parameters = _conditions(view, filters)
    dimensions = chart.dimension_names
    columns = [f"{to_sql(dataset, name)} as {name}" for name in view.columns]
    lines = ["select", "    " + ",\n    ".join(columns), *_source(view, filters, conditions)]
    if dimensions:
        lines.append(_grouping(chart))
    lines.append(_order(chart)) if dimensions else None
    if chart.limit is not None:
        lines.append(f"limit {chart.limit}")
    if is_expandable(chart):
        lines.append("settings group_by_use_nulls = 1")
    sql = "\n".join(lines)
    parameters["marts"] = marts
    parameters |= {"date_from": filters.date_from or FIRST_DATE, "date_to": filters.date_to or LAST_DATE}
    parameters["shift"] = filters.shift
    for name in dataset.parameters:
        parameters[name] = filters.parameters.get(name, view.catalogue.parameters[name].default)
    return sql, {name: value for name, value in parameters.items() if f"{{{name}:" in sql}


def is_expandable(chart: Chart) -> bool:
    """Whether rows open into further rows (month -> week), with a line for each level and a total."""
    return chart.type == "pivot" and len(chart.rows) > 1


def _conditions(view: View, filters: Filters) -> tuple[list[str], dict[str, Any]]:
    dataset = view.dataset
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    if dataset.date is not None:
        column = to_sql(dataset, dataset.date)
        if filters.date_from is not None:
            conditions.append(f"{column} >= {{date_from:Date}}")
        if filters.date_to is not None:
            conditions.append(f"{column} <= {{date_to:Date}}")
    chosen = [(f"f_{name}", name, values) for name, values in sorted(filters.values.items())]
    fixed = [(f"w_{name}", name, values) for name, values in narrowed(view, filters).items()]
    for parameter, name, values in (*chosen, *fixed):
        dimension = dataset.dimension(name)
        if dimension is None or not values:
            continue
        conditions.append(f"{to_sql(dataset, name)} in {{{parameter}:{ARRAY_TYPES[dimension.type]}}}")
        parameters[parameter] = list(values)
    return conditions, parameters


def narrowed(view: View, filters: Filters) -> dict[str, tuple[str | int | bool, ...]]:
    """What the chart always selects; instead of the whole shop the one city or category that is chosen."""
    where = dict(view.chart.where)
    kind = next((name for name in ("level", "segment_type") if where.get(name) == ("all",)), None)
    chosen = [(name, one) for name in LEVELS for one in filters.values.get(name, ())]
    if kind is None or len(chosen) != 1 or view.dataset.dimension(chosen[0][0]) is not None:
        return where
    return where | {kind: (chosen[0][0],), "segment": (chosen[0][1],)}


def ignored(view: View, filters: Filters) -> list[str]:
    """Titles of the board's filters that are chosen and do not act on the chart."""
    fixed = narrowed(view, filters)
    levels = {one for values in fixed.values() for one in values} if fixed != view.chart.where else set()
    return [
        selector.title
        for selector in view.catalogue.selectors.values()
        if selector.field is not None and not selector.tabs and filters.values.get(selector.field)
        if view.dataset.dimension(selector.field) is None and selector.field not in levels
    ]


def _source(view: View, filters: Filters, conditions: list[str]) -> list[str]:
    """The rows that the filters leave, on the days on which the chart shows them."""
    source = [f"from {{marts:Identifier}}.{view.dataset.table}"]
    source += ["where " + "\n    and ".join(conditions)] if conditions else []
    if not filters.shift or not is_daily(view):
        return source
    day = view.dataset.date
    kept = (f"        {line}" for line in "\n".join(["select *", *source]).split("\n"))
    # in a query of its own, lest the filters act on the days to which rows are moved
    return [
        "from (",
        f"    select * replace (toDate({day} + {{shift:Int32}}) as {day}) from (",
        *kept,
        "    )",
        ")",
    ]


def is_daily(view: View) -> bool:
    """Whether the chart's axis is days, or weeks and months of them, that the period cuts."""
    dataset, axis = view.dataset, view.chart.x[:1]
    field = dataset.calculated.get(axis[0]) if axis else None
    return field is not None and field.part is not None and field.of == dataset.date


def _grouping(chart: Chart) -> str:
    if not is_expandable(chart):
        return "group by " + ", ".join(chart.dimension_names)
    levels = [(*chart.rows[:depth], *chart.columns) for depth in range(len(chart.rows) + 1)]
    return "group by grouping sets (" + ", ".join(f"({', '.join(level)})" for level in levels) + ")"


def _order(chart: Chart) -> str:
    keys = []
    if chart.sort is not None:
        keys.append(chart.sort.removeprefix("-") + (" desc" if chart.sort.startswith("-") else ""))
    keys += [name for name in chart.dimension_names if name != (chart.sort or "").removeprefix("-")]
    return "order by " + ", ".join(keys)
