"""Flagged series become incidents with a root, a cause and the choice that a press on them makes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from business_telemetry.dashboard import russian
from business_telemetry.dashboard.events import floor_date
from business_telemetry.dashboard.incidents import Causes, Event, cause, describe, group_events, leading

METRICS = ["revenue", "orders", "users"]
LABELS = {
    "metric": {"revenue": "Выручка", "orders": "Заказы"},
    "segment_type": {"city": "Город"},
    "kind": {"spike": "всплеск"},
    "severity": {"critical": "критично", "warning": "предупреждение"},
}
DAY = date(2022, 12, 16)


def event(
    metric: str = "revenue", segment_type: str = "all", start: int = 0, days: int = 1, **more: object
) -> Event:
    first = DAY + timedelta(start)
    segment = "Все" if segment_type == "all" else "Москва"
    known = {"kind": "spike", "severity": "critical", "impact": 100_000.0, "share": 0.45} | more
    key = f"{metric}/{segment_type}/{segment}/{first}"
    return Event(key, first, first + timedelta(days - 1), metric, segment_type, segment, **known)  # type: ignore[arg-type]


def test_one_cause_is_one_incident_and_its_root_tells_most() -> None:
    same = [event("orders"), event("revenue", "city"), event("revenue"), event("users", severity="info")]
    long, near = event("users", days=40, start=-10), event("users", start=1)
    [later, earlier, longest] = group_events([*same, long, near], METRICS)
    assert [item.root for item in (later, earlier, longest)] == [near, same[2], long]
    assert [member.metric for member in earlier.members] == ["orders", "users", "revenue"]
    assert earlier.members[-1].segment_type == "city"
    assert later.members == longest.members == []


def test_every_event_is_in_exactly_one_incident() -> None:
    events = [event(metric, kind, start, days) for metric in METRICS for kind in ("all", "city")
              for start, days in ((0, 1), (0, 3), (2, 2), (9, 30), (10, 28))]  # fmt: skip
    found = group_events(events, METRICS)
    held = [one for item in found for one in (item.root, *item.members)]
    assert sorted(held, key=repr) == sorted(events, key=repr)


def test_one_order_that_makes_half_of_a_rise_is_named() -> None:
    causes = Causes({DAY: 110_000.0})
    assert cause(event(), causes, "RUB") == "один заказ на 110\u00a0тыс.\u00a0₽"
    assert cause(event(impact=300_000.0), causes, "RUB") == ""
    assert cause(event(impact=-100_000.0), causes, "RUB") == ""
    assert cause(event("orders"), causes, "RUB") == ""
    assert cause(event(start=1), causes, "RUB") == ""


def test_a_member_is_named_when_it_explains_half_and_more_than_its_size() -> None:
    assert leading([("Москва", 0.5, 0.3), ("Омск", 0.2, 0.1)]) == "половина — Москва"
    assert leading([("Москва", 0.62, 0.3)]) == "62\u00a0% — Москва"
    assert leading([("Москва", 0.97, 0.3)]) == "почти всё — Москва"
    assert leading([("Москва", 0.5, 0.45)]) == ""  # as large as ever
    assert leading([("Москва", 0.3, 0.1)]) == ""
    assert leading([]) == ""


def test_a_press_chooses_the_days_and_the_series() -> None:
    [incident] = group_events([event(), event("orders", "city")], METRICS)
    shown = describe(incident, Causes({DAY: 110_000.0}), LABELS, "RUB")
    assert shown["text"].replace("\u00a0", " ") == "16 дек, выручка: всплеск, один заказ на 110 тыс. ₽"
    assert shown["choice"] == {
        "event": "revenue/all/Все/2022-12-16",
        "f_metric": ["revenue"],
        "f_series": ["Все"],
    }
    assert (shown["share"], shown["touched"]) == ("+45\u00a0%", 1)
    [member] = shown["members"]
    assert member["choice"]["f_series"] == ["Город: Москва"]
    assert member["impact"] == "100\u00a0тыс."  # orders are no money


def test_places_on_axes() -> None:
    assert floor_date(DAY, "day") == DAY
    assert floor_date(DAY, "week") == date(2022, 12, 12)
    assert floor_date(DAY, "month") == date(2022, 12, 1)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (russian.money(4_987_000, "RUB"), "5,0 млн ₽"),
        (russian.money(950, "KZT"), "950 ₸"),
        (russian.percent(-0.049), "−4,9 %"),
        (russian.days(date(2022, 12, 16), date(2022, 12, 18)), "16–18 дек"),
        (russian.days(date(2022, 12, 30), date(2023, 1, 2)), "30 дек – 2 янв"),
        (russian.measure(0.0831, "percent", "RUB"), "8,3 %"),
        (russian.measure(79, "number", "RUB"), "79"),
        (russian.part(0.5), "половина"),
    ],
)
def test_russian(given: str, text: str) -> None:
    assert given.replace("\u00a0", " ") == text
