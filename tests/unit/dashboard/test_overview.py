"""Sentences of the first page: no growth that only the log's beginning makes, and whole words."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from business_telemetry.dashboard import changes, overview
from business_telemetry.dashboard.changes import Now, change
from business_telemetry.dashboard.events import MARKED_BY
from business_telemetry.dashboard.facts import Facts
from business_telemetry.dashboard.gate import Gate, Table
from business_telemetry.dashboard.load import load_catalogue

CATALOGUE = load_catalogue(Path(__file__).parents[3] / "dashboard")
LAST = date(2022, 4, 24)


class Shop:
    """A log that begins on a day and earns so much on each; its forecast is 3000 for 28 days."""

    marts = "marts"

    def __init__(self, first: date, earned: dict[date, float] | None = None) -> None:
        self.first = first
        self.earned = earned or {}

    def run(self, sql: str, parameters: dict[str, Any]) -> Table:
        if "mart_revenue_forecast" in sql:
            return Table(("total", "count"), ((3000.0, 28),))
        assert re.search(r"as m_revenue\nfrom \{marts:Identifier\}\.fct_sales", sql)
        start, end = parameters["date_from"], parameters["date_to"]
        days = [start + timedelta(n) for n in range((end - start).days + 1)]
        return Table(
            ("m_revenue",), ((sum(self.earned.get(day, 100.0) for day in days if day >= self.first),),)
        )

    def now(self) -> Now:
        facts = Facts(untold=frozenset(MARKED_BY))  # nobody to explain a change by
        return Now(cast(Gate, self), CATALOGUE, facts, LAST, self.first)


def days(start: int, count: int, value: float) -> dict[date, float]:
    """What is earned on days that begin so long before the last one."""
    return {LAST - timedelta(start - n): value for n in range(count)}


def text(sentences: list[dict[str, Any]]) -> str | None:
    return sentences[0]["text"].replace("\u00a0", " ") if sentences else None


@pytest.mark.parametrize(
    ("log_days", "says"),
    [
        (11, None),  # the week before has four days
        (13, None),
        (14, "Выручка 1,4 тыс. ₽, на 100,0 % больше"),
    ],
)
def test_a_week_is_compared_only_with_a_whole_one(log_days: int, says: str | None) -> None:
    shop = Shop(LAST - timedelta(log_days - 1), days(6, 7, 200))
    assert text(change(shop.now(), "revenue_trend")) == says


@pytest.mark.parametrize(("weeks", "usual"), [(6, True), (5, False)])
def test_a_week_that_the_log_cuts_does_not_say_what_is_usual(weeks: int, usual: bool) -> None:
    """Four whole changes before the two weeks that are compared say it; a cut one is none."""
    swings = [days(7 * back + 6, 7, 120.0) for back in range(0, 8, 2)]
    earned = {day: value for week in swings for day, value in week.items()}
    shop = Shop(LAST - timedelta(7 * weeks - 1 + 3), earned | days(6, 7, 115.0))
    assert ("обычное колебание" in (text(change(shop.now(), "revenue_trend")) or "")) == usual


@pytest.mark.parametrize(("log_days", "says"), [(27, False), (28, True)])
def test_a_forecast_is_compared_only_with_days_that_the_log_has(log_days: int, says: bool) -> None:
    shop = Shop(LAST - timedelta(log_days - 1))
    found = text(overview.forecast(shop.now(), "forecast"))
    assert found == (
        "Прогноз на 28 дней — 3,0 тыс. ₽, на 7,1 % больше, чем за прошедшие 28" if says else None
    )


@pytest.mark.parametrize(
    ("part", "value", "says"),
    [
        ("почти всё", 200, "почти весь рост — Москва"),
        ("почти всё", 50, "почти всё падение — Москва"),
        ("половина", 50, "половина падения — Москва"),
        ("62 %", 200, "62 % роста — Москва"),
    ],
)
def test_who_explains_a_change(monkeypatch: pytest.MonkeyPatch, part: str, value: float, says: str) -> None:
    monkeypatch.setattr(changes, "driver", lambda *_: (part, "Москва"))
    shop = Shop(LAST - timedelta(20), days(6, 7, value))
    assert (text(change(shop.now(), "revenue_trend")) or "").endswith(f"; {says}")


@pytest.mark.parametrize(
    ("severities", "says"),
    [
        ([], "За неделю ни одно значение не вышло из ожидаемого"),
        (["info"], "За неделю заметного нет: 1 мелкое отклонение"),
        (["info", "info"], "За неделю заметного нет: 2 мелких отклонения"),
        (["info", "critical"], "Что-то случилось"),
    ],
)
def test_slight_incidents_are_not_denied(
    monkeypatch: pytest.MonkeyPatch, severities: list[str], says: str
) -> None:
    found: list[dict[str, Any]] = [
        {"severity": severity, "text": "Что-то случилось", "share": None, "choice": {}}
        for severity in severities
    ]
    monkeypatch.setattr(overview, "read_incidents", lambda *_: found)
    assert text(overview.incidents_of_week(Shop(LAST).now(), "anomaly_list")) == says
