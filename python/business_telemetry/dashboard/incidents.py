"""From flagged series to incidents: one a cause, with the metrics and segments that it moved under it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from business_telemetry.dashboard import russian

SEVERITIES = ("critical", "warning", "info")
WHOLE = "all"
# how the values of a metric are written; the others are plain numbers
KINDS = {
    **dict.fromkeys(("revenue", "average_order_value", "cart_value", "notebook_value"), "money"),
    **dict.fromkeys(("conversion", "heavy_user_share"), "percent"),
}
HALF = 0.5  # of a deviation: who explains that much is named
OVERWEIGHT = 1.5  # times its own share of the expected, lest the largest city explain everything


@dataclass(frozen=True)
class Event:
    """One anomaly of one series."""

    key: str
    start: date
    end: date
    metric: str
    segment_type: str
    segment: str
    kind: str
    severity: str
    impact: float | None = None
    share: float | None = None

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


@dataclass
class Incident:
    """A root event and those that happened with it."""

    root: Event
    members: list[Event] = field(default_factory=list)


def group_events(events: Iterable[Event], metrics: Sequence[str]) -> list[Incident]:
    """Incidents, the newest first.

    The most telling event is a root: of the whole shop before segments, then by severity, then by the order
    of `metrics`. It takes every event with which it shares at least half of the longer one's days.
    """
    rank = {name: position for position, name in enumerate(metrics)}

    def telling(event: Event) -> tuple[object, ...]:
        return (
            event.segment_type != WHOLE,
            SEVERITIES.index(event.severity) if event.severity in SEVERITIES else len(SEVERITIES),
            rank.get(event.metric, len(rank)),
            -abs(event.share or 0),
            event.key,
        )

    found: list[Incident] = []
    for event in sorted(events, key=telling):
        owner = next((incident for incident in found if _belongs(event, incident.root)), None)
        if owner is None:
            found.append(Incident(event))
        else:
            owner.members.append(event)
    return sorted(found, key=lambda incident: (-incident.root.start.toordinal(), incident.root.key))


def _belongs(event: Event, root: Event) -> bool:
    shared = (min(event.end, root.end) - max(event.start, root.start)).days + 1
    return 2 * shared >= max(event.days, root.days)


@dataclass(frozen=True)
class Causes:
    """What may explain an incident of the whole shop.

    Attributes:
        largest: day -> value of its largest order.
        members: event key -> (member, its share of the deviation, its share of the expected).
    """

    largest: Mapping[date, float] = field(default_factory=dict)
    members: Mapping[str, Sequence[tuple[str, float, float]]] = field(default_factory=dict)


def cause(event: Event, causes: Causes, currency: str) -> str:
    """«один заказ на 110 тыс. ₽», «половина — Москва», or nothing."""
    whole = event.segment_type == WHOLE
    if whole and event.metric in ("revenue", "average_order_value") and (event.impact or 0) > 0:
        largest = max(
            (value for when, value in causes.largest.items() if event.start <= when <= event.end), default=0
        )
        if event.metric == "revenue" and largest >= HALF * (event.impact or 0):
            return f"один заказ на {russian.money(largest, currency)}"
    return leading(causes.members.get(event.key, ()))


def leading(members: Sequence[tuple[str, float, float]]) -> str:
    """The member that explains at least half, and more than its size would make it explain."""
    telling = [item for item in members if item[1] >= HALF - 0.05 and item[1] >= OVERWEIGHT * item[2]]
    if not telling:
        return ""
    member, share, _ = max(telling, key=lambda item: item[1])
    return f"{russian.part(share)} — {member}"


def describe(
    incident: Incident, causes: Causes, labels: Mapping[str, Mapping[str, str]], currency: str
) -> dict[str, Any]:
    """The incident for the page, texts and all; `choice` is what a press on it chooses."""
    root = incident.root
    why = cause(root, causes, currency)
    text = f"{russian.days(root.start, root.end)}, {headline(root, labels)}{f', {why}' if why else ''}"
    return {
        **_event(root, labels, currency),
        "text": text,
        "touched": len(incident.members),
        "members": [_event(member, labels, currency) for member in incident.members],
    }


def headline(event: Event, labels: Mapping[str, Mapping[str, str]]) -> str:
    """«выручка, Москва: всплеск»."""
    metric = labels["metric"].get(event.metric, event.metric)
    where = "" if event.segment_type == WHOLE else f", {event.segment}"
    return f"{metric.lower()}{where}: {labels['kind'].get(event.kind, event.kind)}"


def series(event: Event, labels: Mapping[str, Mapping[str, str]]) -> str:
    """The series as the chart's filter calls it."""
    if event.segment_type == WHOLE:
        return event.segment
    return f"{labels['segment_type'].get(event.segment_type, event.segment_type)}: {event.segment}"


def _event(event: Event, labels: Mapping[str, Mapping[str, str]], currency: str) -> dict[str, Any]:
    kind = KINDS.get(event.metric, "number")
    impact = None if event.impact is None else russian.measure(event.impact, kind, currency)
    return {
        "key": event.key,
        "from": event.start.isoformat(),
        "to": event.end.isoformat(),
        "text": f"{headline(event, labels)}, {russian.days(event.start, event.end)}",
        "severity": event.severity,
        "severity_title": labels["severity"].get(event.severity, event.severity),
        "impact": impact,
        "share": None
        if event.share is None
        else f"{'+' if event.share > 0 else ''}{russian.percent(event.share, 0)}",
        "choice": choice_of(event, labels),
    }


def choice_of(event: Event, labels: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What a press on the event chooses: itself, and its series for the charts beside the list."""
    return {"event": event.key, "f_metric": [event.metric], "f_series": [series(event, labels)]}
