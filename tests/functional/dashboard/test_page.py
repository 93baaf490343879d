"""The page in a real browser: every chart draws, filters act, and the numbers are those of the marts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from playwright.sync_api import Browser
from preview import Visit, visiting
from project import ROOT, Project

from business_telemetry.dashboard.load import load_catalogue

CATALOGUE = load_catalogue(ROOT / "dashboard")
WHOLE = {"from": "2021-12-01", "to": "2022-12-31"}
# this log names no products
UNTOLD = {"product_table"}
# charts of marts that stay empty while the log is young -> where their rows come from
YOUNG = {
    "event_orders": "mart_anomalies where is_anomaly",
    "event_sessions": "mart_anomalies where is_anomaly",
    "odd_months": "mart_anomaly_months",
    "anomaly_list": "mart_anomalies where is_anomaly",
    "anomaly_drivers": "mart_anomaly_drivers",
    "forecast": "mart_revenue_forecast where level = 'all' and not is_backtest",
    "forecast_months": "mart_revenue_forecast where level != 'all' and not is_backtest",
    "forecast_accuracy": "mart_forecast_accuracy where candidate = 'weighted'",
}
MARCH = {"from": "2022-03-01", "to": "2022-03-31"}


@pytest.fixture(scope="module")
def expected(demo: Project) -> dict[str, list[list[str]]]:
    """What the marts say, asked before the preview has the warehouse."""
    sales, funnel = "telemetry_marts.fct_sales", "telemetry_marts.fct_funnel"
    march = "event_date between '2022-03-01' and '2022-03-31'"
    before = "event_date between '2022-01-29' and '2022-02-28'"
    names = ("whole", "march", "february", "cart", "cities", "weeks", "categories", "days", "visits", "young")
    answers = demo.ask(
        f"select sum(revenue), count(distinct if(is_order, order_key, null)) from {sales}",
        f"select sum(revenue) from {sales} where {march} and city = 'Москва'",
        f"select sum(revenue) from {sales} where {before} and city = 'Москва'",
        f"select sum(cart_value) from {sales} where {march}",
        f"select city, sum(revenue) from {sales} where {march} group by city order by 2 desc",
        "select toStartOfWeek(session_date, 1) as week, count(distinct session_key),"
        " count(distinct if(step_level = 4, session_key, null))"
        f" from {funnel} where toStartOfMonth(session_date) = '2022-03-01' group by week order by week",
        f"select count(distinct category) from {sales} where {march}",
        f"select toString(event_date), sum(revenue) from {sales} group by event_date",
        "select toString(session_date), count(distinct session_key),"
        f" count(distinct if(step_level = 4, session_key, null)) from {funnel} group by session_date",
        " union all ".join(
            f"select '{chart}', count() from telemetry_marts.{mart}" for chart, mart in YOUNG.items()
        ),
    )
    return dict(zip(names, answers, strict=True))


@pytest.fixture
def visit(expected: object, browser: Browser, address: str):  # type: ignore[no-untyped-def]
    with visiting(browser, address) as visit:
        yield visit


@pytest.mark.parametrize("tab", [tab.id for tab in CATALOGUE.dashboard.tabs])
def test_every_chart_of_every_tab_has_data(
    visit: Visit, tab: str, expected: dict[str, list[list[str]]]
) -> None:
    visit.open(tab, **WHOLE)
    items = next(t.items for t in CATALOGUE.dashboard.tabs if t.id == tab)
    empty = {chart for chart, count in expected["young"] if int(count) == 0}
    states = {item: visit.state(item) for item in items}
    told = dict.fromkeys(empty, "empty") | dict.fromkeys(UNTOLD, "untold")
    assert states == {item: told.get(item, "ready") for item in items}
    assert all(visit.rows(item) > 0 for item in items if item not in told)
    blank = "bodies => bodies.filter(body => !body.innerHTML).length"
    assert visit.page.eval_on_selector_all(".card .body", blank) == 0


def test_values_are_those_of_the_marts(visit: Visit, expected: dict[str, list[list[str]]]) -> None:
    visit.open("sales", **WHOLE)
    (revenue, orders), *_ = expected["whole"]
    assert visit.number("kpi_revenue") == pytest.approx(float(revenue))
    assert visit.number("kpi_orders") == float(orders)
    assert visit.number("kpi_aov") == pytest.approx(float(revenue) / float(orders), abs=1e-6)
    visit.open("sales", **MARCH)
    shown = visit.page.locator("section[data-testid=city_table] tbody tr").all()
    cities = [
        (row.locator("td").nth(0).inner_text(), digits(row.locator("td").nth(1).inner_text()))
        for row in shown
    ]
    assert dict(cities) == {city: round(float(value)) for city, value in expected["cities"]}


def test_filters_change_numbers_and_the_change_is_right(
    visit: Visit, expected: dict[str, list[list[str]]]
) -> None:
    visit.open("sales", **WHOLE)
    before = visit.number("kpi_revenue")
    visit.open("sales", **MARCH)
    visit.page.click("details[data-testid=f_city] summary")
    visit.page.check("details[data-testid=f_city] input[value='Москва']")
    visit.ready()
    now, then = float(expected["march"][0][0]), float(expected["february"][0][0])
    assert visit.number("kpi_revenue") == pytest.approx(now)
    assert visit.number("kpi_revenue") < before
    assert visit.rows("city_table") == 1
    text = visit.page.inner_text("section[data-testid=kpi_revenue] .delta")
    change = 100 * (now / then - 1)
    assert text.replace("\u00a0", " ") == f"{'▲' if change > 0 else '▼'} {abs(change):.1f} %".replace(
        ".", ","
    )
    assert "f_city=" in visit.page.url


def test_the_revenue_basis_changes_revenue(visit: Visit, expected: dict[str, list[list[str]]]) -> None:
    visit.open("sales", **MARCH)
    visit.page.select_option("[data-testid=f_basis]", "cart")
    visit.ready()
    assert visit.number("kpi_revenue") == pytest.approx(float(expected["cart"][0][0]))


@pytest.mark.parametrize(
    ("scale", "first", "last"),
    [
        ("month", "2022-03-01", "2022-03-31"),
        ("week", "2022-02-23", "2022-04-05"),
        ("day", "2022-03-01", "2022-03-31"),
    ],
)
def test_the_comparison_is_cut_where_the_chosen_period_is(
    expected: dict[str, list[list[str]]], address: str, scale: str, first: str, last: str
) -> None:
    """Day by day the distance of the two periods, put into weeks and months of the chosen one."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    length = (end - start) + timedelta(1)

    def place(day: date) -> str:
        if scale == "month":
            return day.replace(day=1).isoformat()
        return (day - timedelta(day.weekday()) if scale == "week" else day).isoformat()

    revenue: dict[str, float] = defaultdict(float)
    for text, value in expected["days"]:
        if start <= (day := date.fromisoformat(text) + length) <= end:
            revenue[place(day)] += float(value)
    sessions: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for text, count, ordered in expected["visits"]:
        if start <= (day := date.fromisoformat(text) + length) <= end:
            sessions[place(day)][0] += int(count)
            sessions[place(day)][1] += int(ordered)
    query = {"from": first, "to": last, "f_scale": scale}
    found = httpx.get(f"{address}api/charts/revenue_trend.json", params=query).json()
    then = {row[0]: row[1] for row in found["versus"]["rows"]}
    assert then == pytest.approx(revenue)
    assert found["versus"]["partial"] == ([place(start), place(end)] if scale == "week" else [])
    assert found["versus"]["to"] == (start - timedelta(1)).isoformat()
    cr = httpx.get(f"{address}api/charts/cr_trend.json", params=query).json()["versus"]["rows"]
    ratios = {place: ordered / count for place, (count, ordered) in sessions.items()}
    assert {row[0]: row[1] for row in cr} == pytest.approx(ratios)


def test_scale_changes_row_counts(visit: Visit) -> None:
    counts = []
    for scale in ("day", "week", "month"):
        visit.open("sales", f_scale=scale, **MARCH)
        counts.append(visit.rows("revenue_trend"))
    assert counts == [31, 5, 1]


def test_a_month_opens_into_its_weeks(visit: Visit, expected: dict[str, list[list[str]]]) -> None:
    visit.open("sales", **WHOLE)
    card = visit.page.locator("section[data-testid=cr_table]")
    month = card.get_by_role("button", name="март 2022")
    assert month.get_attribute("aria-expanded") == "false"
    month.focus()
    visit.page.keyboard.press("Enter")
    assert month.get_attribute("aria-expanded") == "true"
    weeks = card.locator("tr.depth-2").all()
    shown = [[digits(cell) for cell in row.locator("td").all_inner_texts()[:2]] for row in weeks]
    assert shown == [[int(sessions), int(orders)] for _, sessions, orders in expected["weeks"]]
    month.click()
    assert card.locator("tr.depth-2").count() == 0


def test_sql_and_files_of_a_chart(visit: Visit, expected: dict[str, list[list[str]]]) -> None:
    visit.open("sales", **MARCH)
    card = visit.page.locator("section[data-testid=category_pareto]")
    menu = card.locator(".menu summary")
    menu.click()
    card.get_by_text("показать SQL").click()
    sql = visit.page.inner_text("dialog pre")
    assert "from telemetry_marts.fct_sales" in sql
    assert "toDate('2022-03-01')" in sql
    visit.page.keyboard.press("Escape")

    def saved(kind: str) -> Path:
        menu.click()
        with visit.page.expect_download() as download:
            card.get_by_text(f"скачать {kind.upper()}").click()
        assert download.value.suggested_filename == f"category_pareto.{kind}"
        return Path(download.value.path())

    count = int(expected["categories"][0][0])
    assert count == visit.rows("category_pareto")
    lines = saved("csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == '"Категория","Выручка","Накопленная доля"'
    assert len(lines) - 1 == count
    with ZipFile(saved("xlsx")) as book:
        assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == count + 1
        assert "Накопленная доля" in book.read("xl/sharedStrings.xml").decode()
    for chart in ("category_pareto", "city_table", "kpi_orders"):  # drawn by ECharts, and by the page itself
        card = visit.page.locator(f"section[data-testid={chart}]")
        menu = card.locator(".menu summary")
        menu.click()
        with visit.page.expect_download() as download:
            card.get_by_text("скачать PNG").click()
        picture = Path(download.value.path()).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 5_000


def test_keyboard_and_theme(visit: Visit) -> None:
    visit.open("sales", **MARCH)
    visit.page.focus("#tab-sales")
    visit.page.keyboard.press("ArrowRight")
    visit.ready()
    assert visit.page.get_attribute("#tab-marketing", "aria-selected") == "true"
    assert visit.page.evaluate("document.activeElement.id") == "tab-marketing"
    colour = "getComputedStyle(document.body).backgroundColor"
    light = visit.page.evaluate(colour)
    visit.page.click("#theme")
    assert visit.page.evaluate(colour) != light


def test_the_way_to_the_charts_keeps_the_choice(visit: Visit) -> None:
    visit.open("marketing", **MARCH, f_city="Москва")
    address = visit.page.url
    visit.page.focus(".skip")
    visit.page.keyboard.press("Enter")
    visit.ready()
    assert visit.page.evaluate("document.activeElement.id") == "board"
    assert visit.page.url == address
    assert visit.page.get_attribute("#tab-marketing", "aria-selected") == "true"
    assert visit.page.locator(".chips li").all_inner_texts() == ["Город: Москва ×"]


def test_filters_fold_on_a_phone(expected: object, browser: Browser, address: str) -> None:
    with visiting(browser, address, width=390) as visit:
        visit.open("sales", **MARCH, f_city="Москва")
        fold = visit.page.get_by_role("button", name="Фильтры (1)")
        assert visit.page.is_hidden("#filters")
        fold.click()
        assert visit.page.is_visible("#filters")
        assert fold.get_attribute("aria-expanded") == "true"


def test_an_empty_choice_says_what_to_do(visit: Visit) -> None:
    visit.open("sales", **{"from": "2030-01-01", "to": "2030-01-02"})
    card = visit.page.locator("section[data-testid=revenue_trend]")
    assert card.get_attribute("data-state") == "empty"
    assert "Расширьте период" in card.inner_text()


def test_definitions_are_hints(visit: Visit) -> None:
    visit.open("sales", **MARCH)
    card = visit.page.locator("section[data-testid=kpi_aov]")
    assert card.locator("dl").is_hidden()
    card.get_by_label("Что это").click()
    assert "Выручка на один заказ." in card.locator("dl").inner_text()
    visit.page.keyboard.press("Escape")
    assert card.locator("dl").is_hidden()


def test_the_comparison_period_is_chosen(visit: Visit) -> None:
    visit.open("sales", **MARCH)
    legend = "section[data-testid=orders_trend] .body svg"
    assert "Было" in (visit.page.text_content(legend) or "")
    assert "к прошлому" in visit.page.inner_text("section[data-testid=kpi_orders]")
    visit.page.select_option("[data-testid=vs]", "none")
    visit.ready()
    assert "Было" not in (visit.page.text_content(legend) or "")
    assert visit.page.locator("section[data-testid=kpi_orders] .delta").count() == 0
    visit.page.select_option("[data-testid=vs]", "year")
    visit.ready()
    assert "сравнить не с чем" in visit.page.inner_text("section[data-testid=kpi_orders]")
    assert "vs=year" in visit.page.url


def test_filters_are_searched_shown_as_chips_and_reset(visit: Visit) -> None:
    visit.open("sales", **MARCH)
    whole = visit.number("kpi_orders")
    visit.page.click("details[data-testid=f_city] summary")
    visit.page.fill("details[data-testid=f_city] input[type=search]", "моск")
    shown = visit.page.locator("details[data-testid=f_city] .options label:visible")
    assert shown.all_inner_texts() == ["Москва"]
    shown.first.click()
    visit.ready()
    visit.page.get_by_role("button", name="Убрать: Город: Москва").click()
    visit.ready()
    assert visit.number("kpi_orders") == whole
    visit.page.get_by_label("По", exact=True).fill("2022-03-15")
    visit.ready()
    assert visit.number("kpi_orders") < whole
    visit.page.get_by_role("button", name="Сбросить").click()
    visit.ready()
    assert visit.page.locator(".chips").count() == 0


def test_a_choice_by_keyboard_keeps_its_place_and_the_search(visit: Visit) -> None:
    visit.open("sales", **MARCH)
    visit.page.click("details[data-testid=f_city] summary")
    visit.page.fill("details[data-testid=f_city] input[type=search]", "о")
    shown = visit.page.locator("details[data-testid=f_city] .options label:visible")
    cities = shown.all_inner_texts()
    assert 1 < len(cities) < visit.page.locator("details[data-testid=f_city] .options label").count()
    shown.first.locator("input").focus()
    visit.page.keyboard.press("Space")
    visit.ready()
    assert visit.page.evaluate("document.activeElement.value") == cities[0]
    assert shown.all_inner_texts() == cities
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Space")
    visit.ready()
    assert visit.page.evaluate("document.activeElement.value") == cities[1]
    chips = visit.page.locator(".chips li").all_inner_texts()
    assert sorted(chips) == sorted(f"Город: {city} ×" for city in cities[:2])


def test_a_card_names_the_filter_that_does_not_act_on_it(visit: Visit) -> None:
    visit.open("sales", **WHOLE)
    assert visit.page.locator(".unfiltered:visible").count() == 0
    visit.open("sales", **WHOLE, f_city="Москва", f_gender="Ж")

    def told(chart: str) -> list[str]:
        return visit.page.locator(f"section[data-testid={chart}] .unfiltered:visible").all_inner_texts()

    assert told("plan_table") == ["Без фильтра: Город, Пол"]
    assert told("plan_fact") == ["Без фильтра: Пол"]
    assert told("revenue_trend") == []


def test_a_plan_of_one_city_is_that_citys(address: str, expected: dict[str, list[list[str]]]) -> None:
    query = {"from": "2022-03-01", "to": "2022-03-31", "f_city": "Москва"}
    ((_, actual, *_),) = httpx.get(f"{address}api/charts/plan_fact.json", params=query).json()["rows"]
    assert actual == pytest.approx(float(expected["march"][0][0]))


def test_small_samples_are_told(visit: Visit) -> None:
    visit.open("sales", **{"from": "2022-03-01", "to": "2022-03-02"})
    cells = visit.page.locator("section[data-testid=city_table] td.few")
    assert cells.count() > 0
    assert (cells.first.get_attribute("title") or "").startswith("мало данных: ")
    pale = visit.page.locator("section[data-testid=cr_table] td.few .sr")
    assert (pale.first.text_content() or "").startswith(", мало данных: ")
    visit.open("sales", **WHOLE)
    assert visit.page.locator("section[data-testid=city_table] tbody tr:first-child td.few").count() == 0


def test_sentences_of_the_first_page_lead_to_charts(visit: Visit) -> None:
    visit.open("sales", **MARCH, f_city="Омск", f_basis="cart")
    visit.page.click("#tab-overview")
    visit.ready()
    assert visit.page.get_attribute("#tab-overview", "aria-selected") == "true"
    first = visit.page.locator(".sentences a").first
    assert first.inner_text().startswith("Выручка ")
    first.click()
    visit.ready()
    assert visit.page.get_attribute("#tab-sales", "aria-selected") == "true"
    assert visit.page.evaluate("document.activeElement.dataset.testid") == "revenue_trend"
    assert visit.page.locator(".chips").count() == 0  # the sentence is about the whole shop
    assert visit.page.eval_on_selector("[data-testid=f_basis]", "e => e.value") == "confirmed"
    visit.page.go_back()
    visit.ready()
    assert visit.page.get_attribute("#tab-overview", "aria-selected") == "true"


def digits(text: str) -> int:
    """1 234 ₽ -> 1234."""
    return int("".join(c for c in text if c.isdigit()))
