"""An incident planted in the marts: its row, the charts beside it, its marks, and the sentences of a week."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser
from preview import Visit, running, visiting
from project import Project

DAY = "2022-04-16"
CARTS = "2022-04-09"
OUTAGE = "2022-03-20"
PLANT = """
alter table telemetry_marts.mart_anomalies update
    is_anomaly = true, kind = '{kind}', direction = 'up', severity = 'critical', event_start = '{day}',
    event_end = '{day}', event_key = concat(metric, '/', segment_type, '/', segment, '/{day}'),
    impact = 90000, impact_share = 0.6
where day = '{day}' and (metric, segment) in ({series})
settings mutations_sync = 2
"""
NOTHING = (
    f"alter table telemetry_marts.fct_sales delete where event_date = '{OUTAGE}' settings mutations_sync = 2"
)
DRIVERS = """
insert into telemetry_marts.mart_anomaly_drivers
select '{metric}/all/Все/{day}', '{metric}', '{day}', '{day}', 'city', arrayJoin({members}),
    100.0, 50.0, 50.0, 0.5, 100.0
"""
# a city and a category of the same name, instead of those that the log has
KNOWN = (
    "alter table telemetry_marts.{mart} delete where segment = 'Не определено' settings mutations_sync = 2"
)
UNKNOWN = """
insert into telemetry_marts.{mart} ({columns})
select {values} from (
    select ['city', 'category'][number + 1] as kind, [100, 7][number + 1] as amount from numbers(2)
)
"""
UNKNOWN_FORECAST = UNKNOWN.format(
    mart="mart_revenue_forecast",
    columns="origin_date, is_backtest, level, segment, date, horizon, candidate, p50, lo80, hi80",
    values="'2022-04-23', false, kind, 'Не определено', '2022-05-01', 8, 'weighted', amount, 0, 1000",
)
UNKNOWN_PLAN = UNKNOWN.format(
    mart="mart_kpi_plan_fact",
    columns="month, kpi, segment_type, segment, target, actual, observed_days, month_days",
    values="'2022-03-01', 'revenue', kind, 'Не определено', 1000, amount, 31, 31",
)


@pytest.fixture(scope="module")
def planted(demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the demo's warehouse: an incident of three series, one of carts, and a day without a row."""
    project = Project(tmp_path_factory.mktemp("planted"))
    held = shutil.ignore_patterns("status")  # of an engine that has it open
    shutil.copytree(demo.home / "warehouse", project.home / "warehouse", symlinks=True, ignore=held)
    project.ask(
        commands=(
            PLANT.format(
                day=DAY, kind="spike", series="('revenue', 'Все'), ('orders', 'Все'), ('revenue', 'Москва')"
            ),
            PLANT.format(day=CARTS, kind="spike", series="('cart_value', 'Все')"),
            PLANT.format(day=OUTAGE, kind="outage", series="('orders', 'Все')"),
            NOTHING,
            *(KNOWN.format(mart=mart) for mart in ("mart_kpi_plan_fact", "mart_revenue_forecast")),
            UNKNOWN_FORECAST,
            UNKNOWN_PLAN,
            DRIVERS.format(metric="revenue", day=DAY, members=["Москва", "Омск"]),
            DRIVERS.format(metric="orders", day=DAY, members=["Москва", "Омск", "Казань"]),
        )
    )
    return project


@pytest.fixture(scope="module")
def expected(planted: Project) -> dict[str, list[list[str]]]:
    week = "event_date between '2022-04-17' and '2022-04-23'"
    names = ("orders", "now", "before", "sessions")
    answers = planted.ask(
        f"select count() from telemetry_marts.fct_order_lines where order_date = '{DAY}'",
        f"select sum(revenue) from telemetry_marts.fct_sales where {week}",
        "select sum(revenue) from telemetry_marts.fct_sales"
        " where event_date between '2022-04-10' and '2022-04-16'",
        f"select count() from telemetry_marts.fct_sessions where session_date = '{DAY}'",
    )
    return dict(zip(names, answers, strict=True))


@pytest.fixture(scope="module")
def address(planted: Project, expected: object) -> Iterator[str]:
    with running(planted) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    with visiting(browser, address) as visit:
        yield visit


def plain(text: str) -> str:
    """Ordinary spaces for those that do not break."""
    return text.replace("\u00a0", " ")


PERIOD = {"from": "2022-03-01", "to": "2022-04-30"}


def test_one_row_an_incident_and_a_press_drives_the_charts_beside(
    visit: Visit, expected: dict[str, list[list[str]]]
) -> None:
    visit.open("anomalies", **PERIOD)
    card = visit.page.locator("section[data-testid=anomaly_list]")
    rows = card.locator("tbody tr:visible")
    roots = rows.count()
    mine = card.locator(f"tr[data-event='revenue/all/Все/{DAY}']")
    assert plain(mine.inner_text()).startswith("16 апр, выручка: всплеск")
    mine.locator(".press").click()
    visit.ready()
    assert "chosen" in (mine.get_attribute("class") or "")
    fold = mine.locator(".expander")
    fold.click()
    assert fold.get_attribute("aria-expanded") == "true"
    assert rows.count() == roots + 2
    assert visit.rows("anomaly_drivers") == 2
    assert visit.rows("event_orders") == min(30, int(expected["orders"][0][0]))
    assert visit.rows("event_sessions") > 0

    card.get_by_role("button", name="заказы: всплеск").click()
    visit.ready()
    assert visit.page.eval_on_selector("[data-testid=f_metric]", "e => e.value") == "orders"
    assert "event=orders" in visit.page.url
    card.get_by_role("button", name="выручка, Москва: всплеск").click()
    visit.ready()
    assert visit.page.eval_on_selector("[data-testid=f_series]", "e => e.value") == "Город: Москва"
    cities = visit.page.locator("section[data-testid=event_orders] tbody td:nth-child(4)").all_inner_texts()
    assert set(cities) <= {"Москва"}


MARKS = """card => {
  const chart = echarts.getInstanceByDom(card.querySelector('.body'));
  const index = chart.getOption().series.findIndex(s => s.name === 'Аномалия');
  const box = card.querySelector('.body').getBoundingClientRect();
  return chart.getOption().series[index].data.map(mark => {
    const [x, y] = chart.convertToPixel({seriesIndex: index}, mark.value);
    return {text: mark.note, value: mark.value[1], place: [box.left + x, box.top + y]};
  });
}"""


@pytest.mark.parametrize(
    ("chart", "metric", "parts"), [("revenue_trend", "revenue", 2), ("orders_trend", "orders", 3)]
)
def test_a_mark_on_a_chart_leads_to_the_row_and_to_its_own_metric(
    visit: Visit, chart: str, metric: str, parts: int
) -> None:
    visit.open("sales", f_scale="day", **PERIOD)
    card = visit.page.locator(f"section[data-testid={chart}]")
    card.scroll_into_view_if_needed()
    assert "Аномалия" in (card.locator(".body svg").text_content() or "")
    (mark,) = (mark for mark in card.evaluate(MARKS) if plain(mark["text"]).startswith("16 апр"))
    visit.page.mouse.click(*mark["place"])
    visit.page.wait_for_selector("#tab-anomalies[aria-selected=true]")
    visit.ready()
    assert visit.page.evaluate("document.activeElement.dataset.testid") == "anomaly_list"
    assert "16 апр" in plain(visit.page.inner_text("tr.chosen .press[aria-pressed=true]"))
    assert visit.page.eval_on_selector("[data-testid=f_metric]", "e => e.value") == metric
    assert visit.rows("anomaly_drivers") == parts
    visit.page.select_option("[data-testid=f_metric]", "sessions")
    visit.ready()
    assert visit.rows("anomaly_drivers") == parts  # of the incident, whatever days one looks at


def test_the_mark_of_a_day_without_a_row_stands_on_the_axis(visit: Visit) -> None:
    visit.open("sales", f_scale="day", **{"from": OUTAGE, "to": "2022-04-30"})  # its first day
    card = visit.page.locator("section[data-testid=orders_trend]")
    mark, _ = card.evaluate(MARKS)
    assert plain(mark["text"]).startswith("20 мар, заказы: ")
    assert mark["value"] == 0
    left, top = mark["place"]
    area = card.locator(".body svg").bounding_box()
    assert area is not None
    assert area["x"] < left < area["x"] + area["width"]
    assert area["y"] < top < area["y"] + area["height"]


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("", ["2022-04-11"]),
        ("&f_city=Москва", ["2022-04-11"]),
        ("&f_city=Омск", []),
        ("&f_city=Москва&f_city=Омск", []),  # the sum of both has no series
        ("&f_city=Москва&f_gender=Ж", []),
        ("&f_basis=cart", ["2022-04-04"]),  # what the chart adds up then
        ("&f_basis=cart&f_city=Москва", []),
        ("&f_basis=checkout", []),
    ],
)
def test_marks_are_those_of_what_is_chosen(address: str, query: str, at: list[str]) -> None:
    path = f"api/charts/revenue_trend.json?from=2022-03-01&to=2022-04-30&f_scale=week{query}"
    marks = httpx.get(address + path).json()["marks"]
    assert [mark["at"] for mark in marks] == at


def test_an_address_decides_which_series_is_shown(visit: Visit) -> None:
    """Of the metric that it names, whatever comes first in the list; of the incident, whatever the period."""

    def chosen() -> str:
        return plain(visit.page.inner_text("tr.chosen .press[aria-pressed=true]"))

    visit.open("anomalies", f_metric="cart_value", **PERIOD)
    assert visit.page.eval_on_selector("[data-testid=f_metric]", "e => e.value") == "cart_value"
    assert chosen().startswith("9 апр")
    visit.open("anomalies", f_metric="sessions", **PERIOD)
    assert visit.page.eval_on_selector("[data-testid=f_metric]", "e => e.value") == "sessions"
    assert visit.page.locator("tr.chosen").count() == 0
    for chart in ("anomaly_drivers", "event_orders", "event_sessions"):
        assert visit.state(chart) == "empty"
    visit.open("anomalies", event=f"orders/all/Все/{OUTAGE}", **{"from": "2022-04-01", "to": "2022-04-30"})
    assert chosen().startswith("20 мар")
    assert visit.page.input_value("[data-testid=filter-from]") == OUTAGE


@pytest.mark.parametrize("chart", ["anomaly_drivers", "event_orders", "event_sessions"])
def test_without_an_incident_nothing_is_shown_as_if_it_were_one(address: str, chart: str) -> None:
    query = "from=2022-03-01&to=2022-03-31&f_metric=sessions"
    assert httpx.get(f"{address}api/charts/{chart}.json?{query}").json()["rows"] == []
    event = f"&event=revenue/all/Все/{DAY}"
    assert httpx.get(f"{address}api/charts/{chart}.json?{query}{event}").json()["rows"] != []


def test_the_first_page_says_what_the_marts_say(address: str, expected: dict[str, list[list[str]]]) -> None:
    found = httpx.get(address + "api/overview").json()["sections"]
    week = found[0]
    assert week["title"].replace("\u00a0", " ") == "Неделя 17–23 апр против 10–16 апр"
    now, before = (float(expected[name][0][0]) for name in ("now", "before"))
    text = week["sentences"][0]["text"].replace("\u00a0", " ")
    change = f"{100 * abs(now / before - 1):.1f} %".replace(".", ",")
    assert text.startswith(f"Выручка {now / 1000:.1f} тыс. ₽, на {change} меньше".replace(".", ",", 1))
    assert now < before


def test_a_chart_of_an_incident_follows_it_and_not_the_period(
    address: str, expected: dict[str, object]
) -> None:
    event = f"revenue/all/Все/{DAY}"
    answer = httpx.get(
        f"{address}api/charts/event_orders.json", params={"event": event, "from": "2022-03-01"}
    )
    dates = {row[0] for row in answer.json()["rows"]}
    assert dates == {DAY}
    csv = httpx.get(f"{address}api/charts/event_orders.csv", params={"event": event}).text
    assert csv.count(DAY) == len(answer.json()["rows"])


def test_a_city_and_a_category_of_one_name_are_two_rows(address: str) -> None:
    query = {"from": "2022-03-01", "to": "2022-03-31"}
    forecast = httpx.get(f"{address}api/charts/forecast_months.json", params=query).json()["rows"]
    unknown = {row[0]: row[2] for row in forecast if "Не определено" in row[0] and row[1] == "2022-05-01"}
    assert unknown == {"Город: Не определено": 100, "Категория: Не определено": 7}
    plan = httpx.get(f"{address}api/charts/plan_table.json", params=query).json()["rows"]
    unknown = {row[1]: row[3] for row in plan if "Не определено" in row[1]}
    assert unknown == {"Город: Не определено": 100, "Категория: Не определено": 7}
    one = httpx.get(f"{address}api/charts/forecast.json", params={"f_city": "Не определено"}).json()
    assert [row[1] for row in one["rows"] if row[0] == "2022-05-01"] == [100]
