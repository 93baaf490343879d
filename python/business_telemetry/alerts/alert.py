"""What is told, and which of it is new: pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from business_telemetry.dashboard.incidents import Event, Incident, group_events

#: Longer texts are cut into several messages: Telegram takes 4,096 characters.
LONGEST: Final = 3_500
REPEATED: Final = "Возможно, повтор: прошлая отправка прервалась."


@dataclass(frozen=True)
class Alert:
    """One thing to tell.

    Attributes:
        key: tells it from all others, for ever.
        text: a Russian sentence with the number and the expectation.
        link: the chart.
        state: of what lasts (a broken forecast, a check of the data): the next of that state is told only
            after a run has found it in order again. Empty for what happens once.
        event: of an incident, what it is about.
    """

    key: str
    text: str
    link: str = ""
    state: str = ""
    event: Event | None = None


@dataclass(frozen=True)
class Known:
    """What earlier runs have found.

    Attributes:
        keys: of all alerts.
        states: that were bad at the last run -> key of their alert.
        events: of the incidents among them.
    """

    keys: frozenset[str] = frozenset()
    states: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[Event] = ()


def new_incidents(
    events: Sequence[Event], known: Known, metrics: Sequence[str], since: date
) -> list[Incident]:
    """Incidents that nobody was told of, whose root still lasted at `since`, the oldest first.

    A reported incident takes its children first, so that what moved with it is no news later, even when it
    has come to look like the root. One that has grown is the same incident.
    """
    grown = [_as_now(reported, events) for reported in known.events]
    left = [event for event in events if not any(_moved_with(event, root) for root in grown)]
    found = group_events(left, metrics)
    return sorted(
        (item for item in found if item.root.end >= since and item.root.severity != "info"),
        key=lambda item: (item.root.start, item.root.key),
    )


def new_alerts(found: Iterable[Alert], known: Known) -> list[Alert]:
    """Alerts that were never found before; of a state, unless it has lasted since the last run."""
    return [alert for alert in found if alert.key not in known.keys and alert.state not in known.states]


def ended_states(found: Iterable[Alert], judged: Collection[str], known: Known) -> list[str]:
    """Keys of alerts whose state is in order again; of a state that could not be judged nobody knows."""
    lasting = {alert.state for alert in found}
    return [key for state, key in known.states.items() if state in judged and state not in lasting]


def messages(alerts: Sequence[Alert], heading: str, repeated: bool) -> list[tuple[list[Alert], str]]:
    """Texts to send, each with the alerts that are in it."""
    parts: list[tuple[list[Alert], str]] = []
    head = "\n".join([heading, *([REPEATED] if repeated else [])])
    for alert in alerts:
        paragraph = "\n".join(filter(None, [f"• {alert.text}"[: LONGEST // 2], alert.link]))
        if parts and len(parts[-1][1]) + len(paragraph) + 2 <= LONGEST:
            parts[-1] = ([*parts[-1][0], alert], f"{parts[-1][1]}\n\n{paragraph}")
        else:
            parts.append(([alert], f"{head}\n\n{paragraph}"))
    return parts


def identity(alerts: Sequence[Alert]) -> str:
    """The same for the same alerts: what a receiver can tell a repeated message by."""
    return hashlib.sha256("\n".join(alert.key for alert in alerts).encode()).hexdigest()[:32]


def _as_now(reported: Event, events: Sequence[Event]) -> Event:
    """The reported event with the days that it has by now."""
    same = [event for event in events if _series(event) == _series(reported) and _overlap(event, reported)]
    if not same:
        return reported
    start, end = min(event.start for event in same), max(event.end for event in same)
    return replace(reported, start=start, end=end)


def _moved_with(event: Event, root: Event) -> bool:
    if _series(event) == _series(root) and _overlap(event, root):
        return True
    shared = (min(event.end, root.end) - max(event.start, root.start)).days + 1
    return 2 * shared >= max(event.days, root.days)


def _series(event: Event) -> tuple[Any, ...]:
    return event.metric, event.segment_type, event.segment


def _overlap(one: Event, other: Event) -> bool:
    return one.start <= other.end and other.start <= one.end
