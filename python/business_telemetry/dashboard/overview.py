"""The first page: what changed since last week, in sentences that lead to their charts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from business_telemetry.dashboard import russian
from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.dashboard.changes import WEEK, Now, change, iso, link, value_of
from business_telemetry.dashboard.compile import Filters
from business_telemetry.dashboard.events import read_incidents
from business_telemetry.dashboard.facts import Facts
from business_telemetry.dashboard.gate import Gate, NoAnswer

MOST_INCIDENTS = 4
NOTHING_ODD = "За неделю ни одно значение не вышло из ожидаемого"


def overview(gate: Gate, catalogue: Catalogue, facts: Facts, days: tuple[date, date]) -> dict[str, Any]:
    """Sections of sentences, `{text, mood, choice, chart}` each; `choice` is where one leads.

    `days` are the first and last of the log.
    """
    told = catalogue.overview
    if told is None:
        return {"sections": []}
    now = Now(gate, catalogue, facts, last_whole_day(gate, days[1]), days[0])
    before = russian.days(now.last - timedelta(2 * WEEK - 1), now.last - timedelta(WEEK))
    title = f"Неделя {russian.days(now.last - timedelta(WEEK - 1), now.last)} против {before}"
    sections = [
        (title, [sentence for name in told.changes for sentence in change(now, name)]),
        ("Что необычного", incidents_of_week(now, told.incidents)),
        ("План и прогноз", [*plan(now, told.plan), *forecast(now, told.forecast)]),
        ("Данные", health(now, told.health)),
    ]
    return {"sections": [{"title": name, "sentences": found} for name, found in sections if found]}


def last_whole_day(gate: Gate, last_day: date) -> date:
    """The last day of the log that is not cut."""
    try:
        rows = gate.run(
            "select max(as_of) from {marts:Identifier}.mart_anomalies", {"marts": gate.marts}
        ).rows
    except NoAnswer:
        return last_day
    known = rows[0][0] if rows else None
    return min(last_day, known) if known and known.year > 1970 else last_day


def incidents_of_week(now: Now, chart: str) -> list[dict[str, Any]]:
    """The week's incidents, each with what explains it."""
    found = read_incidents(now.gate, now.catalogue, now.facts, now.week.date_from, now.week.date_to)
    known = [item for item in found if item["severity"] != "info"][:MOST_INCIDENTS]
    if not known:
        slight = russian.plural(len(found), "мелкое отклонение", "мелких отклонения", "мелких отклонений")
        text = f"За неделю заметного нет: {slight}" if found else NOTHING_ODD
        return [{"text": text, "mood": "flat", **link(now, chart, now.week)}]
    return [
        {
            "text": item["text"] + (f" ({item['share']} к ожиданию)" if item["share"] else ""),
            "mood": "alarm",
            "chart": chart,
            "choice": {
                "tab": now.catalogue.tab_of(chart),
                "from": iso(now.week.date_from),
                "to": iso(now.week.date_to),
                **item["choice"],
            },
        }
        for item in known
    ]


def plan(now: Now, chart: str) -> list[dict[str, Any]]:
    """How the month goes against its plan."""
    start = now.last.replace(day=1)
    filters = Filters(start, now.last, {"kpi": ("revenue",), "segment_type": ("all",)})
    rows = now.ask("mart_kpi_plan_fact", ("m_target", "m_actual", "m_run_rate"), filters)
    target, actual, rate = (float(value or 0) for value in rows[0]) if rows else (0, 0, 0)
    if not target:
        return []
    text = f"План {russian.OF_MONTH[start.month - 1]} выполнен на {russian.percent(actual / target, 0)}"
    if rate:
        text += f"; если дни до его конца будут как прошедшие, выйдет {russian.percent(rate / target, 0)}"
    mood = "good" if rate >= target else "bad"
    return [{"text": text, "mood": mood, **link(now, chart, Filters(start, now.last))}]


def forecast(now: Now, chart: str) -> list[dict[str, Any]]:
    """The next four weeks beside the last ones."""
    sql = (
        "select sum(p50), count() from {marts:Identifier}.mart_revenue_forecast"
        " where level = 'all' and not is_backtest and date > {date_to:Date} and date <= {date_to:Date} + 28"
    )
    total, count = now.gate.run(sql, {"marts": now.gate.marts, "date_to": now.last}).rows[0]
    weeks = Filters(now.last - timedelta(27), now.last)
    past = value_of(now, "fct_sales", "m_revenue", weeks) if now.covers(weeks) else None
    if count != 28 or not past:
        return []
    moved = float(total) / past - 1
    amount = russian.money(float(total), now.facts.currency)
    more = "больше" if moved > 0 else "меньше"
    text = f"Прогноз на 28 дней — {amount}, на {russian.percent(abs(moved))} {more}, чем за прошедшие 28"
    return [{"text": text, "mood": "flat", **link(now, chart, weeks)}]


def health(now: Now, chart: str) -> list[dict[str, Any]]:
    """Checks of the data that are not what is usual for this log."""
    rows = now.ask("mart_data_health", ("m_state", "m_issue_share", "m_normal"), now.week, "check_name")
    labels = now.catalogue.datasets["mart_data_health"].dimensions["check_name"].labels
    return [
        {
            "text": f"{labels.get(name, name)}: {russian.percent(share)}, обычно {russian.percent(normal)}",
            "mood": "bad" if state == "чаще обычного" else "flat",
            **link(now, chart, now.week),
        }
        for name, state, share, normal in rows
        if state in ("чаще обычного", "реже обычного")
    ]
