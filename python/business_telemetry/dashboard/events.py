"""Anomalies as the page needs them: one event by its key, incidents of a period, marks on other charts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from business_telemetry.dashboard import incidents, russian
from business_telemetry.dashboard.catalogue import Catalogue, Chart
from business_telemetry.dashboard.choice import BadChoice, Choice
from business_telemetry.dashboard.compile import FIRST_DATE, LAST_DATE, Filters
from business_telemetry.dashboard.facts import Facts
from business_telemetry.dashboard.gate import Gate
from business_telemetry.dashboard.incidents import Causes, Event

MARKED_BY = ("city", "category", "gender", "age_group")  # dimensions whose members have series of their own
EVENTS = """
select event_key, min(event_start), max(event_end), any(metric), any(segment_type), any(segment),
    any(kind), any(severity), any(impact), any(impact_share)
from {marts:Identifier}.mart_anomalies
where is_anomaly and event_start <= {date_to:Date} and event_end >= {date_from:Date}
group by event_key
order by event_key
"""
LARGEST = """
select order_date, toFloat64(max(revenue)) from {marts:Identifier}.fct_orders
where order_date between {date_from:Date} and {date_to:Date} group by order_date
"""
MEMBERS = """
select event_key, member, contribution,
    expected / nullIf(sum(expected) over (partition by event_key, dimension), 0) as weight
from {marts:Identifier}.mart_anomaly_drivers
where event_start <= {date_to:Date} and event_end >= {date_from:Date}
"""


def read_events(gate: Gate, first: date | None, last: date | None) -> list[Event]:
    """Every event that touches the days."""
    bound = {"marts": gate.marts, "date_from": first or FIRST_DATE, "date_to": last or LAST_DATE}
    return [Event(*row) for row in gate.run(EVENTS, bound).rows]


def read_incidents(
    gate: Gate, catalogue: Catalogue, facts: Facts, first: date | None, last: date | None
) -> list[dict[str, Any]]:
    """The period's incidents, the newest first, as the page shows them."""
    events = read_events(gate, first, last)
    if not events:
        return []
    bound = {
        "marts": gate.marts,
        "date_from": min(event.start for event in events),
        "date_to": max(event.end for event in events),
    }
    members: dict[str, list[tuple[str, float, float]]] = defaultdict(list)
    for key, member, share, weight in gate.run(MEMBERS, bound).rows:
        members[key].append((member, share, weight if weight is not None else 1.0))
    largest = dict(gate.run(LARGEST, bound).rows)
    labels = titles(catalogue)
    found = incidents.group_events(events, list(labels["metric"]))
    causes = Causes(largest, members)
    return [incidents.describe(item, causes, labels, facts.currency) for item in found]


def titles(catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """The titles of the codes that events have."""
    series, events = catalogue.datasets["mart_anomalies"], catalogue.datasets["anomaly_events"]
    fields = {
        "metric": series.dimensions["metric"],
        "segment_type": series.dimensions["segment_type"],
        "kind": events.dimensions["kind"],
        "severity": events.dimensions["severity"],
    }
    return {name: field.labels for name, field in fields.items()}


def find_event(gate: Gate, key: str) -> Event:
    """The event of that key.

    Raises:
        BadChoice: there is none.
    """
    for event in read_events(gate, None, None):
        if event.key == key:
            return event
    raise BadChoice(f"Происшествия «{key[:60]}» в журнале нет.")


def following(gate: Gate, choice: Choice) -> Filters:
    """The days and the segment of the chosen incident instead of the reader's period."""
    if choice.event is None:
        return choice.filters
    event = find_event(gate, choice.event)
    values = dict(choice.filters.values)
    if event.segment_type in MARKED_BY:
        values[event.segment_type] = (event.segment,)
    return Filters(event.start, event.end, values, choice.filters.parameters)


def marks(gate: Gate, catalogue: Catalogue, chart: Chart, choice: Choice) -> list[dict[str, Any]]:
    """Anomalies of the chart's metric, each at the place of its first day on the chart's axis.

    Of the whole shop; of a segment when it alone is chosen. Of anything else there are no series.
    """
    chosen = [(name, one) for name in MARKED_BY for one in choice.filters.values.get(name, ())]
    if len(chosen) > 1:
        return []
    kind, segment = chosen[0] if chosen else (incidents.WHOLE, None)
    metric = marked_metric(catalogue, chart, choice.filters.parameters)
    labels = titles(catalogue)
    explains = next((name for name, item in catalogue.charts.items() if item.type == "incidents"), "")
    scale = choice.filters.parameters.get("scale", catalogue.parameters["scale"].default)
    first, last = choice.filters.date_from, choice.filters.date_to
    return [
        {
            "at": floor_date(max(event.start, first) if first else event.start, scale).isoformat(),
            "text": _mark_text(event, labels),
            "up": (event.impact or 0) > 0,
            "choice": {"tab": catalogue.tab_of(explains), **incidents.choice_of(event, labels)},
        }
        for event in read_events(gate, first, last)
        if event.metric == metric and event.segment_type == kind and segment in (None, event.segment)
    ]


def marked_metric(catalogue: Catalogue, chart: Chart, parameters: Mapping[str, str]) -> str | None:
    """The metric whose anomalies the chart marks: where the reader chooses what it adds up, the chosen one.

    Columns to choose from are called like the metrics of `mart_anomalies`.
    """
    dataset = catalogue.datasets[chart.dataset]
    of = dataset.measures[chart.y[0]].of
    picked = dataset.calculated.get(of) if isinstance(of, str) else None
    if picked is None or picked.pick is None or not isinstance(picked.of, dict):
        return chart.marks
    return picked.of[parameters.get(picked.pick, catalogue.parameters[picked.pick].default)]


def _mark_text(event: Event, labels: dict[str, dict[str, str]]) -> str:
    share = "" if event.share is None else f", {russian.percent(event.share, 0)} к ожиданию"
    return f"{russian.days(event.start, event.end)}, {incidents.headline(event, labels)}{share}"


def floor_date(day: date, scale: str) -> date:
    """The first day of the day's month or week."""
    if scale == "month":
        return day.replace(day=1)
    return day - timedelta(day.weekday()) if scale == "week" else day


def metric_format(metrics: Sequence[str]) -> str | None:
    """How values of the chosen metric are written."""
    return incidents.KINDS.get(metrics[0], "number") if len(metrics) == 1 else None
