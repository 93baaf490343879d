"""Charts and filters become the SELECT that they should, with every value bound."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zipfile import ZipFile

import pytest

from business_telemetry.dashboard.answers import cut_buckets, exported, plain, readable
from business_telemetry.dashboard.catalogue import Catalogue, Chart
from business_telemetry.dashboard.choice import BadChoice, Choice, parse_choice
from business_telemetry.dashboard.compile import Filters, View, compile_sql, ignored
from business_telemetry.dashboard.describe import default_period
from business_telemetry.dashboard.exports import as_on_card, disarm, to_csv, to_xlsx
from business_telemetry.dashboard.facts import Facts
from business_telemetry.dashboard.gate import Gate, Table
from business_telemetry.dashboard.load import load_catalogue

CATALOGUE = Catalogue.model_validate(
    {
        "version": 1,
        "connection": {"name": "shop"},
        "parameters": {
            "scale": {"title": "Масштаб", "options": {"day": "День", "month": "Месяц"}, "default": "day"}
        },
        "datasets": {
            "sales": {
                "title": "Продажи",
                "table": "fct_sales",
                "date": "event_date",
                "parameters": ["scale"],
                "dimensions": {
                    "event_date": {"title": "День", "type": "date"},
                    "city": {"title": "Город"},
                    "age": {"title": "Возраст", "type": "integer"},
                },
                "calculated": {
                    "period": {
                        "title": "Период",
                        "type": "date",
                        "grain": "scale",
                        "part": "scale",
                        "of": "event_date",
                    },
                    "month": {"title": "Месяц", "type": "date", "part": "month", "of": "event_date"},
                },
                "measures": {
                    "m_revenue": {"title": "Выручка", "hint": "Сумма.", "agg": "sum", "of": "revenue"},
                    "m_users": {"title": "Люди", "hint": "Разные.", "agg": "count_distinct", "of": "user_id"},
                    "m_arpu": {"title": "ARPU", "hint": "На человека.", "ratio": ["m_revenue", "m_users"]},
                },
            },
            "plan": {
                "title": "План",
                "table": "mart_plan",
                "date": "month",
                "dimensions": {"month": {"title": "Месяц", "type": "date", "grain": "month"}},
                "measures": {"m_target": {"title": "План", "hint": "План.", "agg": "sum", "of": "target"}},
            },
        },
        "selectors": {
            "f_city": {"title": "Город", "dataset": "sales", "field": "city"},
            "f_scale": {"title": "Масштаб", "param": "scale"},
        },
        "dashboard": {"name": "Магазин", "tabs": []},
    }
)


SHIPPED = load_catalogue(Path(__file__).parents[3] / "dashboard")


def view(**chart: Any) -> View:
    defaults: dict[str, Any] = {
        "title": "График",
        "type": "table",
        "dataset": "sales",
        "x": ["city"],
        "y": ["m_arpu"],
    }
    return View(CATALOGUE, Chart.model_validate(defaults | chart))


def test_dimensions_measures_and_references() -> None:
    sql, parameters = compile_sql(view(sort="-m_arpu", limit=5), Filters(), "marts")
    assert sql == (
        "select\n"
        "    city as city,\n"
        "    toFloat64(sum(revenue)) / nullIf(uniqExact(user_id), 0) as m_arpu,\n"
        "    uniqExact(user_id) as m_users\n"
        "from {marts:Identifier}.fct_sales\n"
        "group by city\n"
        "order by m_arpu desc, city\n"
        "limit 5"
    )
    assert parameters == {"marts": "marts"}


def test_every_filter_value_is_bound_and_never_in_the_text() -> None:
    evil = "x'); drop table fct_sales --"
    chosen = Filters(date(2022, 1, 3), date(2022, 2, 4), {"city": (evil,), "age": ("7",)}, {"scale": "month"})
    sql, parameters = compile_sql(view(x=["period"], where={"age": [18, 19]}), chosen, "marts")
    assert evil not in sql
    assert "where event_date >= {date_from:Date}\n    and event_date <= {date_to:Date}" in sql
    assert "age in {f_age:Array(Int64)}" in sql
    assert "city in {f_city:Array(String)}" in sql
    assert "age in {w_age:Array(Int64)}" in sql
    assert parameters == {
        "marts": "marts",
        "date_from": date(2022, 1, 3),
        "date_to": date(2022, 2, 4),
        "f_city": [evil],
        "f_age": ["7"],
        "w_age": [18, 19],
        "scale": "month",
    }


def test_a_filter_leaves_datasets_without_its_field_alone() -> None:
    plan = view(dataset="plan", x=["month"], y=["m_target"])
    sql, parameters = compile_sql(plan, Filters(values={"city": ("Омск",)}), "marts")
    assert "where" not in sql
    assert parameters == {"marts": "marts"}


def test_the_one_chosen_city_takes_the_place_of_the_whole_shop() -> None:
    def asked(chart: str, **values: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
        view, filters = View(SHIPPED, SHIPPED.charts[chart]), Filters(values=values)
        return compile_sql(view, filters, "marts")[1], ignored(view, filters)

    bound, left = asked("forecast", city=("Казань",), gender=("Ж",))
    assert (bound["w_level"], bound["w_segment"], left) == (["city"], ["Казань"], ["Пол"])
    bound, left = asked("plan_fact", category=("Одежда",))
    assert (bound["w_segment_type"], bound["w_segment"], left) == (["category"], ["Одежда"], [])
    bound, left = asked("plan_fact", city=("Казань", "Омск"))
    assert (bound["w_segment_type"], left) == (["all"], ["Город"])
    assert asked("plan_fact", city=("Казань",), category=("Одежда",))[1] == ["Город", "Категория"]
    assert asked("forecast_months", city=("Казань",))[1] == ["Город"]
    assert asked("paths", city=("Казань",), gender=("Ж",))[1] == ["Город"]
    assert asked("event_sessions", category=("Одежда",), metric=("orders",))[1] == ["Категория"]
    assert asked("revenue_trend", city=("Казань",), category=("Одежда",))[1] == []


def test_a_month_belongs_to_the_period_in_which_it_begins() -> None:
    plan = view(dataset="plan", x=["month"], y=["m_target"])
    sql, _ = compile_sql(plan, Filters(date_from=date(2022, 3, 15)), "marts")
    assert "where month >= {date_from:Date}" in sql


def test_expandable_rows_get_a_line_for_each_level_and_a_total() -> None:
    sql, _ = compile_sql(
        view(type="pivot", x=[], rows=["month", "city"], columns=["age"]), Filters(), "marts"
    )
    assert "group by grouping sets ((age), (month, age), (month, city, age))" in sql
    assert sql.endswith("settings group_by_use_nulls = 1")


def test_defaults_of_parameters_are_bound() -> None:
    assert compile_sql(view(x=["period"]), Filters(), "marts")[1]["scale"] == "day"


def test_previous_period_and_year_before() -> None:
    chosen = Filters(date(2022, 3, 1), date(2022, 3, 31))
    before, year = chosen.previous(), chosen.year_before()
    assert before is not None
    assert (before.date_from, before.date_to) == (date(2022, 1, 29), date(2022, 2, 28))
    assert year is not None
    assert (year.date_from, year.date_to) == (date(2021, 3, 2), date(2021, 4, 1))
    assert year.date_from is not None
    assert year.date_from.weekday() == date(2022, 3, 1).weekday()
    assert Filters(date_to=date(2022, 3, 1)).previous() is None


def test_default_period_leaves_one_to_compare_with() -> None:
    first = date(2022, 1, 1)
    assert default_period(first, date(2022, 3, 1)) == (date(2022, 1, 31), date(2022, 3, 1))  # 60 days: 30
    assert default_period(first, date(2022, 2, 28)) == (first, date(2022, 2, 28))  # 59 days: all
    assert default_period(first, date(2023, 12, 31)) == (
        date(2023, 1, 1),
        date(2023, 12, 31),
    )  # 730 days: 365


def test_query_strings_become_filters() -> None:
    pairs = [("from", "2022-01-03"), ("f_city", "Омск"), ("f_city", "Пермь"), ("f_scale", "month")]
    filters = Filters(date(2022, 1, 3), None, {"city": ("Омск", "Пермь")}, {"scale": "month"})
    assert parse_choice(CATALOGUE, pairs) == Choice(filters)
    chosen = parse_choice(CATALOGUE, [("vs", "year"), ("event", "revenue/all/Все/2022-01-01")])
    assert (chosen.versus, chosen.event) == ("year", "revenue/all/Все/2022-01-01")


@pytest.mark.parametrize(
    "pairs",
    [
        [("f_town", "Омск")],
        [("f_scale", "year")],
        [("from", "вчера")],
        [("from", "20220103")],
        [("to", "0001-01-01")],
        [("to", "9999-12-31")],
        [("from", "2022-02-02"), ("to", "2022-02-01")],
        [("vs", "never")],
        [("f_city", "\0")],
        [("f_city", "x" * 501)],
        [("f_city", "x")] * 501,
    ],
)
def test_odd_questions_are_refused_with_a_reason(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(BadChoice, match=r"[а-я]"):
        parse_choice(CATALOGUE, pairs)


def test_the_period_to_compare_with_must_be_in_the_log() -> None:
    march = Choice(Filters(date(2022, 3, 1), date(2022, 3, 31)))
    assert march.moved(date(2022, 1, 29)) == Filters(date(2022, 1, 29), date(2022, 2, 28), shift=31)
    assert march.moved(date(2022, 1, 30)) is None
    assert replace(march, versus="none").moved(date(2000, 1, 1)) is None
    year = replace(march, versus="year").moved(date(2000, 1, 1))
    assert year == Filters(date(2021, 3, 2), date(2021, 4, 1), shift=364)


def test_a_comparison_is_cut_into_the_months_of_the_chosen_period() -> None:
    """31 days before 1 March begin in January, and all of them are March's to compare with."""
    march = Choice(Filters(date(2022, 3, 1), date(2022, 3, 31), {"city": ("Омск",)}, {"scale": "month"}))
    moved = march.moved(date(2022, 1, 1))
    assert moved is not None
    sql, parameters = compile_sql(view(type="line", x=["period"], y=["m_revenue"]), moved, "marts")
    assert (
        "from (\n"
        "    select * replace (toDate(event_date + {shift:Int32}) as event_date) from (\n"
        "        select *\n"
        "        from {marts:Identifier}.fct_sales\n"
        "        where event_date >= {date_from:Date}\n"
        "            and event_date <= {date_to:Date}\n"
        "            and city in {f_city:Array(String)}\n"
        "    )\n)\ngroup by period"
    ) in sql
    assert (parameters["shift"], parameters["date_from"]) == (31, date(2022, 1, 29))
    for other in (view(y=["m_revenue"]), view(type="line", dataset="plan", x=["month"], y=["m_target"])):
        assert "shift" not in compile_sql(other, moved, "marts")[1]


LOG = (date(2021, 12, 20), date(2022, 3, 30))


def test_weeks_and_months_that_the_period_cuts() -> None:
    by = view(type="line", x=["period"], y=["m_revenue"])
    months = Filters(date(2022, 1, 15), date(2022, 2, 28), parameters={"scale": "month"})
    assert cut_buckets(by, months, LOG) == ["2022-01-01"]
    assert cut_buckets(by, replace(months, date_to=date(2022, 3, 31)), LOG) == ["2022-01-01", "2022-03-01"]
    assert cut_buckets(by, replace(months, date_from=None), LOG) == ["2021-12-01"]
    assert cut_buckets(by, replace(months, parameters={}), LOG) == []  # days are whole


def test_months_that_a_mart_holds_whole_are_cut_by_the_log_alone() -> None:
    plan = view(type="column", dataset="plan", x=["month"], y=["m_target"])
    for chosen in (Filters(date(2022, 1, 15), date(2022, 2, 9)), Filters()):
        assert cut_buckets(plan, chosen, LOG) == ["2021-12-01", "2022-03-01"]
    assert cut_buckets(plan, Filters(), (date(2022, 1, 1), date(2022, 3, 31))) == []


def test_readable_sql_quotes_values() -> None:
    sql, parameters = compile_sql(view(), Filters(date(2022, 1, 3), None, {"city": ("О'Н\\",)}), "marts")
    shown = readable(sql, parameters)
    assert "from marts.fct_sales" in shown
    assert "event_date >= toDate('2022-01-03')" in shown
    assert "city in ('О\\'Н\\\\')" in shown


EVIL = ("=cmd()", "+1", "-1", "@x", "a;=1+1", "a\t=1+1", "a, =1", 'a;"=1', "a\n=1", "  =1", "＝1")


def test_csv_has_titles_and_quotes_texts() -> None:
    table = Table(("city", "m_arpu"), (("Омск", 1.5), ("Уфа", None), ("Пермь", Decimal("-2.50"))))
    assert to_csv(view(), table) == '"Город","ARPU"\r\n"Омск",1.5\r\n"Уфа",""\r\n"Пермь",-2.50\r\n'


def test_a_file_says_what_the_card_says() -> None:
    starts = View(SHIPPED, SHIPPED.charts["session_table"])
    row = (7, 2, 60, 0.5)
    table = Table(starts.columns, (("mainpage", *row), ("", *row)))
    labels = starts.dataset.dimensions["entry_action"].labels
    assert labels["mainpage"] != "mainpage"
    assert as_on_card(starts, table, Facts()).rows == ((labels["mainpage"], *row), ("Не определено", *row))


def test_a_file_names_sums_and_leaves_out_what_the_log_cannot_hold() -> None:
    by_month = View(SHIPPED, SHIPPED.charts["cr_table"])
    month, week = date(2022, 3, 1), date(2022, 3, 7)
    values = tuple(range(len(by_month.columns) - 2))
    table = Table(by_month.columns, ((month, week, *values), (month, None, *values), (None, None, *values)))
    whole = as_on_card(by_month, table, Facts())
    assert [row[:2] for row in whole.rows] == [(month, week), (month, "Всего"), ("Всего", "Всего")]
    assert whole.columns == by_month.columns
    told = as_on_card(by_month, table, Facts(flags={"has_checkout": False}))
    gone = {by_month.columns.index(name) for name in ("m_cr_checkout", "m_checked_out")}
    assert told.columns == tuple(name for i, name in enumerate(by_month.columns) if i not in gone)
    assert told.rows[0][2:] == tuple(value for i, value in enumerate(values, 2) if i not in gone)


class NeverAsked:
    marts = "marts"


def test_a_file_of_what_the_log_cannot_tell_says_why() -> None:
    products = View(SHIPPED, SHIPPED.charts["product_table"])
    table = exported(
        cast(Gate, NeverAsked()), products, Choice(Filters()), Facts(flags={"has_product": False})
    )
    assert to_csv(products, table) == (
        '"В журнале нет данных о поле «Товар», поэтому график по нему показывать нечего."\r\n'
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("text", EVIL)
def test_no_spreadsheet_finds_a_formula_in_csv(text: str, separator: str) -> None:
    """Whatever it splits at, and whether or not it heeds quotation marks."""
    lines = to_csv(view(), Table(("age", "city", "m_arpu"), ((1, text, 2),)))
    cells = {cell for row in csv.reader(io.StringIO(lines), delimiter=separator) for cell in row}
    cells |= {cell for line in lines.splitlines() for cell in line.split(separator)}
    assert not [cell for cell in cells if cell.strip(" \"'")[:1] in tuple("=+-@＝") and "'" not in cell]


def test_harmless_texts_stay_as_they_are() -> None:
    for text in ("Санкт-Петербург", "18–24", "a=b", "50+50", "", "Авто/мото товары; разное"):
        assert disarm(text) == text


def test_xlsx_holds_numbers_as_numbers_and_formulas_as_text() -> None:
    table = Table(("city", "m_arpu"), (*((text, 1.5) for text in EVIL), ("http://x.example", None)))
    with ZipFile(io.BytesIO(to_xlsx(view(), table))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
        assert sheet.count("<v>1.5</v>") == len(EVIL)
        assert "Город" in book.read("xl/sharedStrings.xml").decode()


def test_values_that_json_lacks() -> None:
    assert [plain(v) for v in (float("nan"), float("inf"), date(2022, 1, 3), True, "x")] == [
        None,
        None,
        "2022-01-03",
        True,
        "x",
    ]
