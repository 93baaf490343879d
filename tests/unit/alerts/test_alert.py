"""What is new and what is not: incidents, states, texts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from business_telemetry.alerts.alert import (
    LONGEST,
    Alert,
    Known,
    ended_states,
    identity,
    messages,
    new_alerts,
    new_incidents,
)
from business_telemetry.alerts.find import Band, Course, course, incident_text
from business_telemetry.dashboard.incidents import Event, Incident

METRICS = ["revenue", "orders", "sessions"]
TODAY = date(2024, 5, 20)
LABELS = {"metric": {"revenue": "Выручка"}, "kind": {"dip": "провал"}}


def event(metric: str, start: int, end: int, segment: str = "all", severity: str = "critical") -> Event:
    """An event from so many days before today to so many."""
    first, last = TODAY - timedelta(start), TODAY - timedelta(end)
    kind = "all" if segment == "all" else "city"
    return Event(f"{metric}/{segment}/{first}", first, last, metric, kind, segment, "dip", severity)


def new(events: list[Event], *reported: Event, since: int = 6) -> list[str]:
    known = Known(events=reported)
    return [item.root.key for item in new_incidents(events, known, METRICS, TODAY - timedelta(since))]


def test_of_an_incident_the_root_alone_is_told() -> None:
    root, child = event("revenue", 1, 0), event("orders", 1, 0, "Омск")
    assert new([child, root]) == [root.key]


def test_what_is_over_for_a_week_or_hardly_matters_is_not_told() -> None:
    assert new([event("revenue", 9, 7)]) == []
    assert new([event("revenue", 9, 6)]) == [event("revenue", 9, 6).key]
    assert new([event("revenue", 0, 0, severity="info")]) == []


def test_a_child_of_a_reported_incident_is_no_news_even_when_it_has_come_to_look_like_the_root() -> None:
    reported = event("orders", 1, 0, "Омск")
    whole = event("revenue", 1, 0)
    assert new([reported, whole], reported) == []
    elsewhere = event("revenue", 5, 4)
    assert new([reported, whole, elsewhere], reported) == [elsewhere.key]


@pytest.mark.parametrize("start", [3, 5], ids=["same start", "earlier start"])
def test_an_incident_that_has_grown_is_the_same_one(start: int) -> None:
    reported = event("revenue", 3, 3)
    grown, moved_with_it = event("revenue", start, 0), event("orders", 2, 0)
    assert new([grown, moved_with_it], reported) == []


def test_a_reported_incident_that_is_gone_from_the_data_still_owns_its_days() -> None:
    assert new([event("orders", 1, 0)], event("revenue", 1, 0)) == []
    assert new([event("orders", 1, 0)], event("revenue", 9, 8)) == [event("orders", 1, 0).key]


def test_a_state_is_told_once_until_it_has_ended() -> None:
    bad = Alert("health/rejected_rows/2024-05-20", "…", state="health/rejected_rows")
    known = Known(
        frozenset({"health/rejected_rows/2024-05-13"}), {bad.state: "health/rejected_rows/2024-05-13"}
    )
    assert new_alerts([bad], known) == []
    assert ended_states([bad], [bad.state], known) == []
    assert ended_states([], [bad.state], known) == ["health/rejected_rows/2024-05-13"]
    assert ended_states([], ["health/duplicate_rows"], known) == [], "nobody has looked at it"
    assert new_alerts([bad], Known(known.keys)) == [bad]
    assert new_alerts([bad], Known(frozenset({bad.key}))) == []


def test_what_happens_once_is_told_once() -> None:
    missed = Alert("plan/revenue/2024-04", "…")
    assert new_alerts([missed], Known()) == [missed]
    assert new_alerts([missed], Known(frozenset({missed.key}))) == []


def went(*values: float) -> Course:
    """The last days' revenue beside a band from 80 to 120."""
    bands = [Band(TODAY - timedelta(n), 100, 80, 120) for n in range(7)]
    return course(bands, {band.day: value for band, value in zip(bands, values, strict=False)})


@pytest.mark.parametrize(
    ("values", "side", "below", "above"),
    [
        ((79, 79, 79, 79, 79, 100, 100), "below", 5, 0),
        ((121, 121, 121, 121, 121, 100, 100), "above", 0, 5),
        ((79, 79, 79, 79, 79, 121, 100), "below", 5, 1),
        ((79, 79, 79, 79, 80, 120, 121), "", 4, 1),
        ((79, 79, 79, 121, 121, 121, 121), "", 3, 4),
        ((79, 79, 79, 79), "", 4, 0),
        ((), "", 0, 0),
    ],
)
def test_a_forecast_is_broken_when_five_days_of_seven_leave_its_band_on_one_side(
    values: tuple[float, ...], side: str, below: int, above: int
) -> None:
    found = went(*values)
    assert (found.broken, found.below, found.above) == (side, below, above)
    assert found.is_long == (len(values) >= 5)


def test_the_text_has_the_number_the_expectation_and_who_moved_with_it() -> None:
    root = event("revenue", 2, 0)
    lone = incident_text(Incident(root), LABELS, (12_345.6, 45_600.0), "RUB").replace("\u00a0", " ")
    assert lone == "Выручка: провал, 18–20 мая: 12,3 тыс. ₽ в день, ожидалось 45,6 тыс. ₽ (−73 %)"
    moved = {
        1: "изменился ещё 1 показатель",
        2: "изменились ещё 2 показателя",
        11: "изменились ещё 11 показателей",
        21: "изменился ещё 21 показатель",
        121: "изменился ещё 121 показатель",
    }
    for count, words in moved.items():
        told = incident_text(Incident(root, [root] * count), LABELS, None, "RUB").replace("\u00a0", " ")
        assert told == f"Выручка: провал, 18–20 мая; вместе с ним {words}"
    assert incident_text(Incident(root), LABELS, (5.0, 0.0), "RUB").endswith("ожидалось 0\u00a0₽")


def test_long_news_become_several_messages_and_lose_nothing() -> None:
    alerts = [Alert(f"k{n}", f"{n} " + "ы" * 300, f"http://x/{n}") for n in range(40)]
    parts = messages(alerts, "Что нового", repeated=False)
    assert [alert for part, _ in parts for alert in part] == alerts
    assert all(len(text) <= LONGEST for _, text in parts)
    assert all(f"http://x/{n}" in "".join(text for _, text in parts) for n in range(40))
    assert messages([], "Что нового", repeated=False) == []
    ((_, huge),) = messages([Alert("k", "ы" * 10_000)], "Что нового", repeated=True)
    assert len(huge) <= LONGEST
    assert "Возможно, повтор" in huge


def test_the_same_alerts_have_the_same_identity() -> None:
    one, two = Alert("a", "x"), Alert("b", "x")
    assert identity([one, two]) == identity([Alert("a", "y"), two]) != identity([one])
