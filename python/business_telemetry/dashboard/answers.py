"""What a chart shows: its rows, the comparison period's, marks of anomalies, and its SQL as text."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from business_telemetry.dashboard.catalogue import EVENT, Chart
from business_telemetry.dashboard.choice import Choice
from business_telemetry.dashboard.compile import Filters, View, compile_sql, ignored, is_daily
from business_telemetry.dashboard.events import (
    find_event,
    floor_date,
    following,
    marks,
    metric_format,
    read_incidents,
)
from business_telemetry.dashboard.exports import as_on_card
from business_telemetry.dashboard.facts import Facts, untold_message
from business_telemetry.dashboard.gate import Gate, Table

PLACEHOLDER = re.compile(r"\{(\w+):([^{}]+)\}")


def answer(gate: Gate, view: View, choice: Choice, days: tuple[date, date], facts: Facts) -> dict[str, Any]:
    """The chart's data for the page: `columns`, `rows`, `sql`, and what else its type shows.

    `days` are the first and last of the log.

    versus: rows of the same shape for the period to compare with, or None. spark: an indicator's measure by
    period. marks: anomalies. incidents: of a list of them. focus: days of the chosen incident. formats: of
    measures whose kind the reader chooses. partial: weeks or months that the period cuts. ignored: titles
    of chosen filters that do not act on the chart. untold: why the log cannot tell what the chart shows.

    Raises:
        BadChoice: the incident does not exist.
        NoAnswer: the warehouse has no answer now.
    """
    chart = view.chart
    filters = filters_of(gate, view, choice)
    message = untold_message(view.catalogue, chart, facts)
    sql, parameters = compile_sql(view, filters, gate.marts)
    if message is not None:
        return {
            "columns": list(view.columns),
            "rows": [],
            "sql": readable(sql, parameters),
            "untold": message,
        }
    if lacks_incident(view, choice):
        return {"columns": list(view.columns), "rows": [], "sql": readable(sql, parameters)}
    table = gate.run(sql, parameters)
    result: dict[str, Any] = {
        "columns": table.columns,
        "rows": [[plain(value) for value in row] for row in table.rows],
        "sql": readable(sql, parameters),
        "scale": parameters.get("scale"),
        "ignored": ignored(view, filters),
    }
    result["partial"] = cut_buckets(view, filters, days)
    if chart.compare:
        moved = choice.moved(days[0])
        result["versus"] = _versus(gate, view, moved) if moved is not None else None
    if chart.type == "indicator" and view.dataset.dimension("period") is not None:
        result["spark"] = _rows(gate, replace(view, chart=spark(chart)), filters)
    if chart.marks is not None:
        result["marks"] = marks(gate, view.catalogue, chart, choice)
    if chart.type == "incidents":
        result["incidents"] = read_incidents(gate, view.catalogue, facts, filters.date_from, filters.date_to)
    if chart.flag is not None and choice.event is not None and view.dataset.date == "day":
        event = find_event(gate, choice.event)
        result["focus"] = {"from": event.start.isoformat(), "to": event.end.isoformat()}
    kind = _chosen_format(view, choice)
    if kind is not None:
        result["formats"] = {
            name: {"kind": kind, "precision": 1 if kind == "percent" else 0}
            for name in chart.measure_names
            if view.dataset.measures[name].format.kind == "number" and name != chart.flag
        }
    return result


def exported(gate: Gate, view: View, choice: Choice, facts: Facts) -> Table:
    """What a file of the chart holds: the rows as its card shows them, or the sentence that it shows instead.

    Raises:
        BadChoice: the incident does not exist.
        NoAnswer: the warehouse has no answer now.
    """
    message = untold_message(view.catalogue, view.chart, facts)
    if message is not None:
        return Table((message,), ())
    filters = filters_of(gate, view, choice)
    empty = Table(view.columns, ())
    table = empty if lacks_incident(view, choice) else gate.run(*compile_sql(view, filters, gate.marts))
    return as_on_card(view, table, facts)


def filters_of(gate: Gate, view: View, choice: Choice) -> Filters:
    """What the chart is filtered by: the reader's choice, or the incident that the reader looks at."""
    if view.chart.follows:
        return following(gate, choice)
    if choice.event is not None and EVENT in view.dataset.dimensions:
        return replace(choice.filters, values={**choice.filters.values, EVENT: (choice.event,)})
    return choice.filters


def lacks_incident(view: View, choice: Choice) -> bool:
    """Whether the chart shows an incident and none is chosen: the rows of all would be nobody's."""
    return choice.event is None and view.catalogue.shows_incident(view.chart)


def _chosen_format(view: View, choice: Choice) -> str | None:
    """The kind of the metric that the reader looks at, where the dataset holds many."""
    if choice.event is not None and EVENT in view.dataset.dimensions:
        return metric_format((choice.event.split("/", 1)[0],))
    if "metric" not in view.dataset.dimensions or "metric" in view.chart.dimension_names:
        return None
    return metric_format(choice.filters.values.get("metric", ()))


def spark(chart: Chart) -> Chart:
    """The indicator's measure by period."""
    return chart.model_copy(update={"type": "line", "x": ("period",), "compare": False})


def cut_buckets(view: View, filters: Filters, days: tuple[date, date]) -> list[str]:
    """The first days of the chart's weeks or months of which it shows a part only.

    The period cuts those that the chart computes of days. A mart of months holds them whole: only the log,
    whose first and last day are `days`, cuts them.
    """
    field = view.dataset.dimension(view.chart.x[0]) if view.chart.x else None
    if field is None or field.grain is None:
        return []
    scale = filters.parameters.get("scale", view.catalogue.parameters["scale"].default)
    grain = scale if field.grain == "scale" else field.grain
    first, last = days
    if is_daily(view):
        first, last = max(first, filters.date_from or first), min(last, filters.date_to or last)
    start, end = floor_date(first, grain), floor_date(last, grain)
    cut = {start.isoformat()} if start < first else set()
    return sorted(cut | ({end.isoformat()} if floor_date(last + timedelta(1), grain) == end else set()))


def _versus(gate: Gate, view: View, moved: Filters) -> dict[str, Any]:
    """Rows of the period to compare with, on the days of the chosen one, whose weeks and months cut them."""
    assert moved.date_from is not None  # a period to compare with is closed
    assert moved.date_to is not None
    shift = timedelta(moved.shift)
    days = (moved.date_from + shift, moved.date_to + shift)
    return {
        "rows": _rows(gate, view, moved),
        "partial": cut_buckets(view, replace(moved, date_from=days[0], date_to=days[1]), days),
        "from": moved.date_from.isoformat(),
        "to": moved.date_to.isoformat(),
    }


def _rows(gate: Gate, view: View, moved: Filters) -> list[list[Any]]:
    table = gate.run(*compile_sql(view, moved, gate.marts))
    return [[plain(value) for value in row] for row in table.rows]


def plain(value: Any) -> Any:
    """A value as JSON knows it: dates as ISO text, money as a number, infinities as nothing."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def readable(sql: str, parameters: dict[str, Any]) -> str:
    """The query with its values written out, for people to read and paste; never executed here."""
    return PLACEHOLDER.sub(lambda match: _literal(parameters[match[1]], match[2]), sql)


def _literal(value: Any, kind: str) -> str:
    if kind == "Identifier":
        return str(value)
    if isinstance(value, list):
        inner = kind.removeprefix("Array(").removesuffix(")")
        return "(" + ", ".join(_literal(item, inner) for item in value) + ")"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"toDate('{text}')" if kind == "Date" else f"'{text}'"
