"""The dashboard as the page needs it: tabs, charts with titles and formats, filters with their options."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from business_telemetry.dashboard.board import Selector
from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.dashboard.choice import VERSUS
from business_telemetry.dashboard.compile import View
from business_telemetry.dashboard.derive import to_sql
from business_telemetry.dashboard.facts import Facts, read_facts
from business_telemetry.dashboard.gate import Gate, NoAnswer

PRESETS = (30, 90, 180, 365)
MOST_OPTIONS = 1000  # of a filter: those with the most rows
SEARCH_FROM = 5  # options of a filter, from which on it has a search field
SMALL_SAMPLE = 30  # below it a share or a mean says little


def bounds(gate: Gate, catalogue: Catalogue) -> tuple[date, date]:
    """First and last day of the log.

    Raises:
        NoAnswer: there is no event.
    """
    name = next(s.dataset for s in catalogue.selectors.values() if s.element == "date" and s.dataset)
    dataset = catalogue.datasets[name]
    column = to_sql(dataset, dataset.date or "")
    table = gate.run(
        f"select min({column}), max({column}), count() from {{marts:Identifier}}.{dataset.table}",
        {"marts": gate.marts},
    )
    first, last, count = table.rows[0]
    if not count:
        raise NoAnswer("empty", "В хранилище нет событий. Выполните `telemetry ingest ЖУРНАЛ` и `dbt build`.")
    return first, last


def default_period(first: date, last: date) -> tuple[date, date]:
    """The longest preset that the log covers twice, so that there is something to compare with; else all."""
    for days in reversed(PRESETS):
        if last - timedelta(2 * days - 1) >= first:
            return last - timedelta(days - 1), last
    return first, last


def describe(gate: Gate, catalogue: Catalogue) -> dict[str, Any]:
    """Everything that the page needs before it asks for charts.

    Raises:
        NoAnswer: the warehouse has no answer now.
    """
    first, last = bounds(gate, catalogue)
    start, end = default_period(first, last)
    facts = read_facts(gate, catalogue)
    return {
        "name": catalogue.dashboard.name,
        "currency": facts.currency,
        "small": SMALL_SAMPLE,
        "versus": list(VERSUS.items()),
        "overview": bool(catalogue.overview),
        "bounds": {"from": first.isoformat(), "to": last.isoformat()},
        "period": {"from": start.isoformat(), "to": end.isoformat()},
        "presets": PRESETS,
        "tabs": [
            {
                "id": tab.id,
                "title": tab.title,
                "rows": [
                    {
                        "h": row.h,
                        "items": [{"chart": c, "w": w} for c, w in zip(row.items, row.widths, strict=True)],
                    }
                    for row in tab.rows
                ],
            }
            for tab in catalogue.dashboard.tabs
        ],
        "charts": {name: describe_chart(catalogue, name, facts) for name in catalogue.charts},
        "selectors": [
            describe_selector(gate, catalogue, name, selector)
            for name, selector in catalogue.selectors.items()
            if selector.element == "select"
        ],
    }


def describe_chart(catalogue: Catalogue, name: str, facts: Facts) -> dict[str, Any]:
    """The chart with the titles, labels and formats of its fields, without what the log cannot hold."""
    chart = catalogue.charts[name]
    view = View(catalogue, chart)
    dataset = view.dataset
    kept = tuple(key for key in chart.y if facts.tells(dataset.measures[key].needs))
    hidden = {end for key in kept for end in dataset.measures[key].interval or ()}
    chart = chart.model_copy(update={"y": tuple(key for key in kept if key not in hidden)})
    fields: dict[str, Any] = {}
    for key in view.columns:
        if (dimension := dataset.dimension(key)) is not None:
            shown = {"type": dimension.type, "grain": dimension.grain, "order": list(dimension.labels)}
            fields[key] = {"title": dimension.title, "labels": dimension.labels, **shown}
            continue
        measure = dataset.measures[key]
        fields[key] = {
            "title": measure.title,
            "hint": measure.hint,
            "format": measure.format.model_dump(),
            "better": measure.better,
            "sample": dataset.sample(key),
            "interval": measure.interval,
        }
    shape = chart.model_dump(exclude={"dataset", "where", "limit"})
    return shape | {"fields": fields, "dated": dataset.date is not None}


def describe_selector(gate: Gate, catalogue: Catalogue, name: str, selector: Selector) -> dict[str, Any]:
    """A filter with its options, as value and title."""
    shown = {"id": name, "title": selector.title, "multi": selector.multi, "tabs": selector.tabs}
    if selector.param is not None:
        parameter = catalogue.parameters[selector.param]
        options = {"options": list(parameter.options.items()), "default": parameter.default}
        return shown | options | {"search": False}
    dataset = catalogue.datasets[selector.dataset or ""]
    field = selector.field or ""
    dimension = dataset.dimension(field)
    assert dimension is not None
    table = gate.run(
        f"select toString({to_sql(dataset, field)}) as option from {{marts:Identifier}}.{dataset.table}"
        f" group by option order by count() desc, option limit {MOST_OPTIONS}",
        {"marts": gate.marts},
    )
    values = sorted(row[0] for row in table.rows)
    order = {value: position for position, value in enumerate(dimension.labels)}
    values.sort(key=lambda value: order.get(value, len(order)))
    default = selector.default if selector.default in values else (values[0] if values else None)
    return shown | {
        "options": [(value, dimension.labels.get(value, value)) for value in values],
        "default": None if selector.multi else default,
        "search": len(values) > SEARCH_FROM,
    }
