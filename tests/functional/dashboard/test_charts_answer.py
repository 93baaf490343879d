"""Every SELECT of the catalogue runs on a built warehouse; every code that it holds has a title."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from bench.charts import sections
from project import ROOT, Project

from business_telemetry.dashboard.answers import readable
from business_telemetry.dashboard.compile import FIRST_DATE, LAST_DATE, Filters, View, compile_sql
from business_telemetry.dashboard.load import load_catalogue

CATALOGUE = load_catalogue(ROOT / "dashboard")
MARTS = "telemetry_marts"
# a log of four months has nothing odd to list; this one names no products
MAY_BE_EMPTY = {"product_table", "anomaly_list", "anomaly_drivers", "odd_months", "price_outliers"}


def test_each_select_returns_rows(demo: Project) -> None:
    whole = Filters(FIRST_DATE, LAST_DATE)
    selects = [
        readable(*compile_sql(View(CATALOGUE, chart), whole, MARTS)) for chart in CATALOGUE.charts.values()
    ]
    answers = demo.ask(*selects)  # in full: of a count ClickHouse would compute no measure
    empty = {name for name, rows in zip(CATALOGUE.charts, answers, strict=True) if not rows}
    assert empty <= MAY_BE_EMPTY
    widths = {
        name: {len(row) for row in rows} - {len(View(CATALOGUE, CATALOGUE.charts[name]).columns)}
        for name, rows in zip(CATALOGUE.charts, answers, strict=True)
    }
    assert not any(widths.values()), widths


def test_every_code_in_the_marts_has_a_title(demo: Project) -> None:
    labelled = [
        (f"{key}.{name}", dataset.table, getattr(field, "sql", name) or "", field)
        for key, dataset in CATALOGUE.datasets.items()
        for name, field in {**dataset.dimensions, **dataset.calculated}.items()
        if field.labels and not (name in dataset.calculated and dataset.calculated[name].part)
    ]
    answers = demo.ask(
        *(f"select distinct toString({column}) from {MARTS}.{table}" for _, table, column, _ in labelled)
    )
    lost = {
        place: codes
        for (place, *_, field), rows in zip(labelled, answers, strict=True)
        if (codes := {code for (code,) in rows} - field.labels.keys() - {""})
    }
    assert lost == {}


@pytest.mark.parametrize("name", [n for n, _ in sections((ROOT / "bench/raw_questions.sql").read_text())])
def test_the_benchmark_asks_raw_events_what_a_chart_asks(name: str) -> None:
    assert name in CATALOGUE.charts


WEEKS = (date(2022, 1, 31), date(2022, 3, 27))  # eight whole ones
MOSCOW = ZoneInfo("Europe/Moscow")


def test_hours_of_a_weekday_are_those_of_the_citys_clock(demo: Project) -> None:
    """Each cell counted anew from instants: in Vladivostok Monday morning is Sunday night of the shop."""
    with (ROOT / "seeds" / "cities.csv").open(encoding="utf-8", newline="") as file:
        zones = {row["city"]: ZoneInfo(row["timezone"]) for row in csv.DictReader(file)}
    charts = ("hour_weekday", "hour_weekday_buyers")
    views = [View(CATALOGUE, CATALOGUE.charts[name]) for name in charts]
    events, visits, buyers = demo.ask(
        f"select city, toString(user_key), toUnixTimestamp(event_hour), is_order from {MARTS}.fct_sales"
        f" where event_date between '{WEEKS[0]}' and '{WEEKS[1]}'",
        *(readable(*compile_sql(view, Filters(*WEEKS), MARTS)) for view in views),
    )
    days: dict[tuple[int, int], set[tuple[str, date]]] = defaultdict(set)
    users: dict[tuple[int, int], set[str]] = defaultdict(set)
    buying: dict[tuple[int, int], set[str]] = defaultdict(set)
    moved = 0
    for city, user, instant, is_order in events:
        local = datetime.fromtimestamp(instant, zones.get(city, MOSCOW))
        shop = datetime.fromtimestamp(instant, MOSCOW)
        cell = (local.isoweekday(), local.hour)
        days[cell].add((user, shop.date()))
        users[cell].add(user)
        moved += local.date() != shop.date()
        if is_order:
            buying[cell].add(user)
    assert moved > 0
    found = {(int(weekday), int(hour)): value for weekday, hour, value, *_ in visits}
    assert found == pytest.approx({cell: len(pairs) / 8 for cell, pairs in days.items()})
    shares = {(int(weekday), int(hour)): value for weekday, hour, value, *_ in buyers}
    assert shares == pytest.approx({cell: len(buying[cell]) / len(who) for cell, who in users.items()})


# every Decimal(18, 6) of the marts goes up to a billion; a year of a large shop holds a trillion
LARGE = """
with sales as (
    select
        toDate('2024-01-01') + number % 400 as event_date,
        toUInt64(number % 50) as user_key,
        toString(number) as order_key,
        true as is_order,
        ['Еда', 'Одежда'][1 + number % 2] as category,
        ['Ж', 'М'][1 + intDiv(number, 2) % 2] as gender,
        '25–34' as age_group,
        toDecimal64(999999999999 - number, 6) as revenue,
        revenue as cart_value,
        revenue as checkout_value,
        revenue as notebook_value,
        toNullable(toDecimal32(0.9, 4)) as margin
    from numbers(2000)
)
"""


def large(measure: str, *dimensions: str) -> str:
    """A SELECT of the measure over large amounts."""
    chart = CATALOGUE.charts["affinity"].model_copy(
        update={"type": "table", "x": dimensions, "rows": (), "columns": (), "y": (measure,)}
    )
    sql = readable(*compile_sql(View(CATALOGUE, chart), Filters(), MARTS))
    return f"{LARGE} select toFloat64({measure}) from ({sql.replace(f'{MARTS}.fct_sales', 'sales')})"


def test_large_amounts_do_not_overflow(demo: Project) -> None:
    """Two of each: a product or quotient of Decimals that wraps round would be far off."""
    names = ("m_affinity", "m_share", "m_gross_profit", "m_aov", "m_arpu", "m_pareto")
    answers = demo.ask(
        large("m_affinity", "category", "segment"),
        *(large(name, "category") for name in names[1:]),
    )
    found = {name: sorted(value for (value,) in rows) for name, rows in zip(names, answers, strict=True)}
    total = 2000 * 999_999_999_999 - sum(range(2000))
    assert found["m_affinity"] == pytest.approx([100] * 4, abs=0.01)
    assert found["m_share"] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert found["m_gross_profit"] == pytest.approx([0.45 * total] * 2, rel=1e-6)
    assert found["m_aov"] == pytest.approx([total / 2000] * 2, rel=1e-6)
    assert found["m_arpu"] == pytest.approx([total / 50] * 2, rel=1e-6)
    assert found["m_pareto"] == pytest.approx([0.5, 1], abs=1e-6)
