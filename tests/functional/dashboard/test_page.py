"""The page in a real browser: every chart draws, filters act, and the numbers are those of the marts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from preview import Visit, visiting
from project import ROOT, Project

from business_telemetry.dashboard.load import load_catalogue

CATALOGUE = load_catalogue(ROOT / "dashboard")
WHOLE = {"from": "2021-12-01", "to": "2022-12-31"}
# charts of marts that stay empty while the log is young -> where their rows come from
YOUNG = {
    "odd_months": "mart_anomaly_months",
    "anomaly_list": "mart_anomalies where is_anomaly",
    "anomaly_drivers": "mart_anomaly_drivers",
    "forecast": "mart_revenue_forecast where level = 'all' and not is_backtest",
    "forecast_months": "mart_revenue_forecast where level != 'all' and not is_backtest",
    "forecast_accuracy": "mart_forecast_accuracy",
}
MARCH = {"from": "2022-03-01", "to": "2022-03-31"}


@pytest.fixture(scope="module")
def expected(demo: Project) -> dict[str, list[list[str]]]:
    """What the marts say, asked before the preview has the warehouse."""
    sales, funnel = "telemetry_marts.fct_sales", "telemetry_marts.fct_funnel"
    march = "event_date between '2022-03-01' and '2022-03-31'"
    before = "event_date between '2022-01-29' and '2022-02-28'"
    names = ("whole", "march", "february", "cart", "cities", "weeks", "categories", "young")
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
    assert states == {item: "empty" if item in empty else "ready" for item in items}
    assert all(visit.rows(item) > 0 for item in items if item not in empty)
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


def test_sql_and_csv_of_a_chart(visit: Visit, expected: dict[str, list[list[str]]]) -> None:
    visit.open("sales", **MARCH)
    card = visit.page.locator("section[data-testid=category_pareto]")
    card.locator("summary").click()
    card.get_by_text("показать SQL").click()
    sql = visit.page.inner_text("dialog pre")
    assert "from telemetry_marts.fct_sales" in sql
    assert "toDate('2022-03-01')" in sql
    visit.page.keyboard.press("Escape")
    card.locator("summary").click()
    with visit.page.expect_download() as download:
        card.get_by_text("скачать CSV").click()
    assert download.value.suggested_filename == "category_pareto.csv"
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "Категория,Выручка,Накопленная доля"
    assert len(lines) - 1 == int(expected["categories"][0][0]) == visit.rows("category_pareto")


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


def test_a_phone_shows_everything_without_scrolling_sideways(
    expected: object, browser: Browser, address: str
) -> None:
    with visiting(browser, address, width=390) as visit:
        visit.open("sales", **MARCH)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_empty_choice_says_what_to_do(visit: Visit) -> None:
    visit.open("sales", **{"from": "2030-01-01", "to": "2030-01-02"})
    card = visit.page.locator("section[data-testid=revenue_trend]")
    assert card.get_attribute("data-state") == "empty"
    assert "Расширьте период" in card.inner_text()


def test_numbers_and_dates_are_russian(visit: Visit) -> None:
    visit.open("sales", **MARCH)
    cases = {
        "Format.number(1234567, {kind: 'money'})": "1 234 567 ₽",
        "Format.number(1234567, {kind: 'money'}, true)": "1,2 млн ₽",
        "Format.number(12300, {}, true)": "12,3 тыс.",
        "Format.number(-0.1234, {kind: 'percent', precision: 1})": "−12,3 %",
        "Format.number(130, {kind: 'duration'})": "2 мин 10 с",
        "Format.number(90061, {kind: 'duration'})": "1 дн 1 ч",
        "Format.number(null)": "–",
        "Format.number(12.345)": "12,3",
        "Format.label('2022-03-01', {type: 'date'}, true)": "март 2022",
        "Format.label('2022-03-01', {type: 'date'})": "1 мар 2022",
        "Format.change(90, 100, {better: 'up'}).text": "▼ 10,0 %",
        "Format.change(90, 100, {better: 'down'}).mood": "good",
        "Format.change(0.2, 0.15, {format: {kind: 'percent'}}).text": "▲ 5,0 п. п.",
        "String(Format.change(5, 0, {}))": "null",
    }
    shown = {code: visit.page.evaluate(code).replace("\u00a0", " ") for code in cases}
    assert shown == cases


def digits(text: str) -> int:
    """1 234 ₽ -> 1234."""
    return int("".join(c for c in text if c.isdigit()))
