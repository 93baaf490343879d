"""Reads the marts and says what there is to tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from business_telemetry.alerts.alert import Alert, Known, new_incidents
from business_telemetry.dashboard import russian
from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.dashboard.changes import Now
from business_telemetry.dashboard.events import read_events, titles
from business_telemetry.dashboard.facts import read_facts
from business_telemetry.dashboard.gate import Gate
from business_telemetry.dashboard.incidents import KINDS, Event, Incident, headline, series
from business_telemetry.dashboard.overview import health, last_whole_day

#: An incident is told when it still lasted within so many days: runs that were missed are caught up.
LOOKBACK_DAYS: Final = 7
#: Days on either side of an incident that its link shows.
AROUND_DAYS: Final = 28
#: A forecast is broken when so many of the last days lie on one side of the 80 % band that was given before
#: them. By chance that happens less than once in 5,000 weeks, were the days independent.
BROKEN_DAYS, FORECAST_DAYS = 5, 7

LAST_DAY: Final = "select max(event_date) from {marts:Identifier}.fct_sales"
EXPECTED: Final = """
select event_key, avg(value), avg(expected) from {marts:Identifier}.mart_anomalies
where is_anomaly and event_key in {keys:Array(String)} group by event_key
"""
FORECAST: Final = """
select date, p50, lo80, hi80 from {marts:Identifier}.mart_revenue_forecast
where level = 'all' and not is_backtest and date > {last:Date} and date <= {last:Date} + {days:UInt16}
order by date
"""
REVENUE: Final = """
select order_date, toFloat64(sum(revenue)) from {marts:Identifier}.fct_orders
where order_date between {from:Date} and {to:Date} group by order_date
"""
PLAN: Final = """
select toString(kpi), month, toFloat64(assumeNotNull(target)), toFloat64(assumeNotNull(actual))
from {marts:Identifier}.mart_kpi_plan_fact
where segment_type = 'all' and target > 0 and actual is not null and observed_days = month_days
    and addMonths(month, 1) > {since:Date} and addMonths(month, 1) <= {last:Date} + 1
order by month, kpi
"""
PLANNED: Final = {
    "revenue": ("выручке", "money"),
    "orders": ("заказам", "number"),
    "sessions": ("визитам", "number"),
}


@dataclass(frozen=True)
class Band:
    """A day of a forecast."""

    day: date
    p50: float
    low: float
    high: float


@dataclass(frozen=True)
class Found:
    """What a run has found.

    Attributes:
        last: the last whole day of the log.
        alerts: what may be told.
        judged: states that this run could tell good from bad.
        forecast: the forecast from that day on, to be held against what comes.
    """

    last: date
    alerts: Sequence[Alert]
    judged: Collection[str]
    forecast: Sequence[Band]


def find(gate: Gate, catalogue: Catalogue, known: Known, forecast: Sequence[Band], address: str) -> Found:
    """Everything that may be told now.

    Args:
        gate: to the marts.
        catalogue: of the dashboard, for titles and links.
        known: what was told.
        forecast: what an earlier run expected of the days since.
        address: of the dashboard, for links.

    Raises:
        NoAnswer: the marts are not built, or the warehouse is held.
    """
    facts = read_facts(gate, catalogue)
    ((newest,),) = gate.run(LAST_DAY, {"marts": gate.marts}).rows
    now = Now(gate, catalogue, facts, last_whole_day(gate, newest))
    bands = gate.run(FORECAST, _bound(now, days=FORECAST_DAYS)).rows
    coming = [Band(when, *map(float, amounts)) for when, *amounts in bands]
    broken_, of_forecast = _broken(now, forecast, address)
    bad, of_checks = _bad(now, address)
    return Found(
        now.last,
        [*_incidents(now, known, address), *broken_, *bad, *_missed(now, address)],
        [*of_forecast, *of_checks],
        coming,
    )


def _incidents(now: Now, known: Known, address: str) -> list[Alert]:
    labels, since = titles(now.catalogue), now.last - timedelta(LOOKBACK_DAYS - 1)
    found = new_incidents(read_events(now.gate, None, None), known, list(labels["metric"]), since)
    rows = now.gate.run(EXPECTED, _bound(now, keys=[item.root.key for item in found])).rows if found else ()
    values = {key: (value, expected) for key, value, expected in rows}
    chart = now.catalogue.overview.incidents if now.catalogue.overview else ""
    choice = {"tab": now.catalogue.tab_of(chart)} if chart else {}
    around = timedelta(AROUND_DAYS)
    return [
        Alert(
            key=f"incident/{item.root.key}",
            text=incident_text(item, labels, values.get(item.root.key), now.facts.currency),
            link=_link(
                address,
                {
                    **choice,
                    "from": item.root.start - around,
                    "to": min(item.root.end + around, now.last),
                    "event": item.root.key,
                    "f_metric": item.root.metric,
                    "f_series": series(item.root, labels),
                },
            ),
            event=item.root,
        )
        for item in found
    ]


def incident_text(
    item: Incident,
    labels: Mapping[str, Mapping[str, str]],
    values: tuple[float | None, float | None] | None,
    currency: str,
) -> str:
    """«Выручка, Москва: провал, 16–18 дек: 12,3 тыс. ₽ в день, ожидалось 45,6 тыс. ₽ (−73 %)»."""
    root: Event = item.root
    head = headline(root, labels)
    text = f"{head[:1].upper()}{head[1:]}, {russian.days(root.start, root.end)}"
    value, expected = values or (None, None)
    if value is not None and expected is not None:
        kind = KINDS.get(root.metric, "number")
        daily = " в день" if root.days > 1 and kind != "percent" else ""
        shown, hoped = (russian.measure(number, kind, currency) for number in (value, expected))
        text += f": {shown}{daily}, ожидалось {hoped}"
        if expected:
            text += f" ({_signed(value / expected - 1)})"
    if item.members:
        moved = russian.plural(len(item.members), "показатель", "показателя", "показателей")
        verb = "изменился" if moved.endswith("показатель") else "изменились"  # as the noun: 1, 21, 31, …
        text += f"; вместе с ним {verb} ещё {moved}"
    return text


@dataclass(frozen=True)
class Course:
    """How the revenue went beside its forecast: the days that have come, how many of them left the band."""

    come: Sequence[Band]
    below: int
    above: int

    @property
    def is_long(self) -> bool:
        """Have enough days come to tell?"""
        return len(self.come) >= BROKEN_DAYS

    @property
    def broken(self) -> str:
        """The side to which the forecast is broken: `below`, `above`, or nothing."""
        if max(self.below, self.above) < BROKEN_DAYS:
            return ""
        return "below" if self.below > self.above else "above"


def course(forecast: Sequence[Band], actual: Mapping[date, float]) -> Course:
    """Holds a forecast against the days that have come."""
    come = [band for band in forecast if band.day in actual]
    return Course(
        come,
        below=sum(actual[band.day] < band.low for band in come),
        above=sum(actual[band.day] > band.high for band in come),
    )


def _broken(now: Now, forecast: Sequence[Band], address: str) -> tuple[list[Alert], list[str]]:
    """What to tell of the forecast, and the states that could be judged."""
    if not forecast or now.catalogue.overview is None:
        return [], []
    bound = _bound(now) | {"from": forecast[0].day, "to": min(now.last, forecast[-1].day)}
    actual = dict(now.gate.run(REVENUE, bound).rows)
    days = {band.day: actual.get(band.day, 0.0) for band in forecast if band.day <= now.last}
    went = course(forecast, days)
    judged = ["forecast/below", "forecast/above"] if went.is_long else []
    if not went.broken:
        return [], judged
    total, expected = sum(days.values()), sum(band.p50 for band in went.come)
    currency, first, last = now.facts.currency, went.come[0].day, went.come[-1].day
    side, count = ("ниже", went.below) if went.broken == "below" else ("выше", went.above)
    text = (
        f"Прогноз выручки не сбывается: за {russian.days(first, last)}"
        f" {russian.money(total, currency)}, ожидалось {russian.money(expected, currency)}"
        f" ({_signed(total / expected - 1)}); {side} 80-процентного коридора"
        f" {russian.plural(count, 'день', 'дня', 'дней')}"
    )
    link = _chart(now, address, now.catalogue.overview.forecast, first, last)
    state = f"forecast/{went.broken}"
    return [Alert(f"{state}/{now.last}", text, link, state=state)], judged


def _bad(now: Now, address: str) -> tuple[list[Alert], list[str]]:
    """What to tell of the checks of the data, and the states that could be judged."""
    if now.catalogue.overview is None:
        return [], []
    chart = now.catalogue.overview.health
    labels = now.catalogue.datasets["mart_data_health"].dimensions["check_name"].labels
    names = {title: name for name, title in labels.items()}
    alerts = []
    for sentence in health(now, chart):
        title = sentence["text"].partition(":")[0]
        state = f"health/{names.get(title, title)}"
        if sentence["mood"] == "bad":
            text = f"Данные за неделю стали хуже. {sentence['text']}"
            link = _chart(now, address, chart, now.week.date_from, now.week.date_to)
            alerts.append(Alert(f"{state}/{now.last}", text, link, state=state))
    words = now.ask("mart_data_health", ("m_state",), now.week, "check_name")
    return alerts, [f"health/{name}" for name, word in words if word != "мало данных"]


def _missed(now: Now, address: str) -> list[Alert]:
    if now.catalogue.overview is None:
        return []
    rows = now.gate.run(PLAN, _bound(now) | {"since": now.last - timedelta(LOOKBACK_DAYS - 1)}).rows
    alerts = []
    for kpi, month, target, actual in rows:
        if actual >= target or kpi not in PLANNED:
            continue
        name, kind = PLANNED[kpi]
        of = f"{russian.OF_MONTH[month.month - 1]} {month.year}"
        shown, hoped = (russian.measure(number, kind, now.facts.currency) for number in (actual, target))
        text = f"План {of} по {name} не выполнен: {shown} из {hoped} ({russian.percent(actual / target, 0)})"
        end = (month.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
        link = _chart(now, address, now.catalogue.overview.plan, month, end)
        alerts.append(Alert(f"plan/{kpi}/{month:%Y-%m}", text, link))
    return alerts


def _signed(share: float) -> str:
    return f"{'+' if share > 0 else ''}{russian.percent(share, 0)}"


def _bound(now: Now, **more: Any) -> dict[str, Any]:
    return {"marts": now.gate.marts, "last": now.last, **more}


def _chart(now: Now, address: str, chart: str, first: date | None, last: date | None) -> str:
    return _link(address, {"tab": now.catalogue.tab_of(chart), "from": first, "to": last})


def _link(address: str, choice: Mapping[str, Any]) -> str:
    return f"{address.rstrip('/')}/#{urlencode(choice)}" if address else ""
