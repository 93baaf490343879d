"""What changed in a week: how much, whether that is more than usual, and who made it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median
from typing import Any

import numpy as np

from business_telemetry.dashboard import russian
from business_telemetry.dashboard.catalogue import Catalogue, Chart, Dataset
from business_telemetry.dashboard.compile import FIRST_DATE, Filters, View, compile_sql
from business_telemetry.dashboard.events import MARKED_BY
from business_telemetry.dashboard.facts import Facts
from business_telemetry.dashboard.gate import Gate
from business_telemetry.dashboard.incidents import leading
from business_telemetry.statistics.anomalies.drivers import additive_contributions, ratio_contributions

WEEK = 7
WEEKS_BEFORE = 12  # whose changes say what is usual
# of which a part is told, and what nearly all of it is called
FALL, RISE = ("падения", "почти всё падение"), ("роста", "почти весь рост")


@dataclass(frozen=True)
class Now:
    """Where and when the page is made."""

    gate: Gate
    catalogue: Catalogue
    facts: Facts
    last: date  # last whole day
    first: date = FIRST_DATE  # of the log

    def covers(self, period: Filters) -> bool:
        """Whether the log has begun when the period does: what it cuts would look like growth."""
        return period.date_from is not None and period.date_from >= self.first

    @property
    def week(self) -> Filters:
        return Filters(self.last - timedelta(WEEK - 1), self.last)

    def ask(
        self, dataset: str, measures: Sequence[str], filters: Filters, by: str | None = None
    ) -> list[Any]:
        """Rows of the measures, each after its member."""
        chart = Chart(title="", type="table", dataset=dataset, x=(by,) if by else (), y=tuple(measures))
        sql, bound = compile_sql(View(self.catalogue, chart), filters, self.gate.marts)
        width = len(measures) + bool(by)
        return [row[:width] for row in self.gate.run(sql, bound).rows]


def change(now: Now, name: str) -> list[dict[str, Any]]:
    """One sentence about the first measure of a chart, or none where the log is too short."""
    chart = now.catalogue.charts[name]
    key = chart.y[0]
    measure = now.catalogue.datasets[chart.dataset].measures[key]
    weeks = [week for back in range(WEEKS_BEFORE + 1) if now.covers(week := shifted(now.week, back))]
    if len(weeks) < 2:
        return []
    values = [value_of(now, chart.dataset, key, week) for week in weeks[:2]]
    if values[0] is None or not values[1]:
        return []
    value, before = values[0], values[1]
    shown = russian.measure(value, measure.format.kind, now.facts.currency)
    relative = value / before - 1
    usual = _usual_change(now, chart.dataset, key, weeks)
    if abs(relative) < 0.005:
        text, mood = f"{measure.title} {shown}, как неделей раньше", "flat"
    else:
        points = f"{russian.number(100 * abs(value - before), 1)}{russian.NBSP}п. п."
        amount = points if measure.format.kind == "percent" else russian.percent(abs(relative))
        text = f"{measure.title} {shown}, на {amount} {'больше' if relative > 0 else 'меньше'}"
        good = (relative > 0) == (measure.better == "up")
        mood = "flat" if measure.better is None else ("good" if good else "bad")
        if usual is not None and abs(relative) <= usual:
            text, mood = f"{text}: обычное колебание недели", "flat"
        elif why := driver(now, chart, key, weeks[0], weeks[1]):
            of, nearly_all = RISE if relative > 0 else FALL
            text = f"{text}; {nearly_all if why[0] == russian.NEARLY_ALL else f'{why[0]} {of}'} — {why[1]}"
    return [{"text": text, "mood": mood, **link(now, name, weeks[0])}]


def shifted(week: Filters, back: int) -> Filters:
    """The week so many weeks earlier."""
    assert week.date_from is not None
    assert week.date_to is not None
    moved = timedelta(WEEK * back)
    return replace(week, date_from=week.date_from - moved, date_to=week.date_to - moved)


def _usual_change(now: Now, dataset: str, key: str, weeks: Sequence[Filters]) -> float | None:
    """The median size of a change from week to week, before the two that are compared."""
    values = [value_of(now, dataset, key, week) for week in weeks[1:]]
    changes = [abs(a / b - 1) for a, b in itertools.pairwise(values) if a is not None and b]
    return median(changes) if len(changes) >= 4 else None


def value_of(now: Now, dataset: str, key: str, week: Filters) -> float | None:
    rows = now.ask(dataset, (key,), week)
    value = rows[0][0] if rows else None
    return None if value is None or value != value else float(value)


def driver(now: Now, chart: Chart, key: str, week: Filters, before: Filters) -> tuple[str, str] | None:
    """Who explains at least half of the change, by the rules of anomalies: («половина», «Москва»)."""
    dataset = now.catalogue.datasets[chart.dataset]
    found = []
    for dimension in MARKED_BY:
        if dataset.dimension(dimension) is None or dimension in now.facts.untold:
            continue
        found += contributions(now, chart.dataset, dataset, key, dimension, week, before)
    named = leading(found)
    return (named.split(" — ", 1)[0], named.split(" — ", 1)[1]) if named else None


def contributions(
    now: Now, name: str, dataset: Dataset, key: str, dimension: str, week: Filters, before: Filters
) -> list[tuple[str, float, float]]:
    """Member, its share of the change, its share of the whole before."""
    ratio = dataset.measures[key].ratio
    keys = ratio or (key,)
    new, old = ({row[0]: [float(v or 0) for v in row[1:]] for row in now.ask(name, keys, period, dimension)}
                for period in (week, before))  # fmt: skip
    members = sorted(new.keys() | old.keys(), key=str)
    zero = [0.0] * len(keys)
    after, then = (np.array([side.get(member, zero) for member in members]) for side in (new, old))
    if not len(members):
        return []
    if ratio:
        (num, den), (num_then, den_then) = (_totals(now, name, keys, period) for period in (week, before))
        if not den or not den_then:
            return []
        parts, _ = ratio_contributions(after[:, 0], after[:, 1], num, den, num_then / den_then)
        moved, weights = num / den - num_then / den_then, then[:, 1] / max(then[:, 1].sum(), 1e-9)
    else:
        (total,), (total_then,) = (_totals(now, name, keys, period) for period in (week, before))
        parts, _ = additive_contributions(after[:, 0], then[:, 0], total, total_then)
        moved, weights = total - total_then, then[:, 0] / max(then[:, 0].sum(), 1e-9)
    if not moved:
        return []
    names = {member: named(dataset, dimension, str(member)) for member in members}
    return [(names[member], float(part / moved), float(weight))
            for member, part, weight in zip(members, parts, weights, strict=True)]  # fmt: skip


def named(dataset: Dataset, dimension: str, member: str) -> str:
    """The member's title; one that would not speak for itself with its dimension's."""
    field = dataset.dimension(dimension)
    if field is None:
        return member
    text = field.labels.get(member, member)
    if text[:1].isdigit():
        return f"{field.title.lower()} {text}"
    return text if text == member else text.lower()  # a title of ours is no proper name


def _totals(now: Now, dataset: str, keys: Sequence[str], week: Filters) -> list[float]:
    return [float(value or 0) for value in now.ask(dataset, keys, week)[0]]


def link(now: Now, chart: str, period: Filters) -> dict[str, Any]:
    tab = now.catalogue.tab_of(chart)
    choice = {"tab": tab, "from": iso(period.date_from), "to": iso(period.date_to), "f_scale": ["day"]}
    return {"chart": chart, "choice": choice}


def iso(day: date | None) -> str:
    assert day is not None
    return day.isoformat()
