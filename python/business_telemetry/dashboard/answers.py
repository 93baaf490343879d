"""What a chart shows: its rows, the comparisons of its first measure, and its SQL as text."""

from __future__ import annotations

import csv
import io
import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from business_telemetry.dashboard.catalogue import Catalogue, Chart
from business_telemetry.dashboard.compile import Filters, View, compile_sql
from business_telemetry.dashboard.gate import Gate, Table

PLACEHOLDER = re.compile(r"\{(\w+):([^{}]+)\}")


def answer(gate: Gate, view: View, filters: Filters, first_day: date | None) -> dict[str, Any]:
    """The chart's data for the page: `columns`, `rows`, `sql`, and with `compare` also `previous` and `year`.

    `previous` and `year` are rows of the same shape, None where the log does not cover that period whole.
    An indicator also has `spark`: its measure by period.
    """
    sql, parameters = compile_sql(view, filters, gate.marts)
    table = gate.run(sql, parameters)
    result: dict[str, Any] = {
        "columns": table.columns,
        "rows": [[plain(value) for value in row] for row in table.rows],
        "sql": readable(sql, parameters),
    }
    if view.chart.compare:
        for name, moved in (("previous", filters.previous()), ("year", filters.year_before())):
            covered = (
                moved is not None and first_day is not None and (moved.date_from or first_day) >= first_day
            )
            result[name] = _rows(gate, view, moved) if covered and moved is not None else None
    if view.chart.type == "indicator" and view.dataset.dimension("period") is not None:
        result["spark"] = _rows(gate, View(view.catalogue, spark(view.chart)), filters)
    return result


def spark(chart: Chart) -> Chart:
    """The indicator's measure by period."""
    return chart.model_copy(update={"type": "line", "x": ("period",), "compare": False})


def _rows(gate: Gate, view: View, filters: Filters) -> list[list[Any]]:
    table = gate.run(*compile_sql(view, filters, gate.marts))
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


def to_csv(view: View, table: Table) -> str:
    """The rows as CSV with titles, exact numbers and codes; text that a spreadsheet would run is disarmed."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([title(view, name) for name in table.columns])
    writer.writerows([[_cell(value) for value in row] for row in table.rows])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value


def title(view: View, name: str) -> str:
    """The title of a field of the chart's dataset."""
    dataset = view.dataset
    return (dataset.measures.get(name) or dataset.dimension(name) or view.chart).title


def parse_filters(catalogue: Catalogue, query: list[tuple[str, str]]) -> Filters:
    """The reader's choice from a query string: `from`, `to`, and selector ids, repeated for several values.

    Raises:
        ValueError: an unknown name, a wrong date or an unknown option.
    """
    dates: dict[str, date] = {}
    values: dict[str, tuple[str, ...]] = {}
    parameters: dict[str, str] = {}
    for name, value in query:
        selector = catalogue.selectors.get(name)
        if name in ("from", "to"):
            dates[name] = date.fromisoformat(value)
        elif selector is None:
            raise ValueError(f"no filter `{name}`")
        elif selector.param is not None:
            if value not in catalogue.parameters[selector.param].options:
                raise ValueError(f"`{name}` has no option `{value}`")
            parameters[selector.param] = value
        elif selector.field is not None:
            values[selector.field] = (*values.get(selector.field, ()), value)
    return Filters(dates.get("from"), dates.get("to"), values, parameters)
