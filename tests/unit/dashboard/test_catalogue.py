"""Mistakes in `dashboard/*.yml` are reported with file and line; the shipped catalogue has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from business_telemetry.dashboard.compile import Filters, View, compile_sql
from business_telemetry.dashboard.load import load_catalogue
from business_telemetry.dashboard.marked_yaml import CatalogueError

ROOT = Path(__file__).parents[3]
SEEDS = ROOT / "seeds"

GOOD = """\
version: 1
connection: {name: shop}
parameters:
  scale: {title: Масштаб, options: {day: День, week: Неделя}, default: day}
datasets:
  sales:
    title: Продажи
    table: fct_sales
    date: event_date
    parameters: [scale]
    dimensions:
      event_date: {title: День, type: date}
      city: {title: Город}
    measures:
      m_revenue: {title: Выручка, hint: Сумма., agg: sum, of: revenue}
charts:
  by_city: {title: По городам, type: bar, dataset: sales, x: [city], y: [m_revenue]}
selectors:
  f_city: {title: Город, dataset: sales, field: city}
dashboard:
  name: Магазин
  tabs:
    - {id: sales, title: Продажи}
rows:
  sales:
    - {items: [by_city]}
"""


def write(directory: Path, text: str, name: str = "all.yml") -> Path:
    folder = directory / "dashboard"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def message(directory: Path, text: str) -> str:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(write(directory, text))
    return str(caught.value)


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_good_catalogue_loads_and_rows_reach_their_tab(tmp_path: Path) -> None:
    catalogue = load_catalogue(write(tmp_path, GOOD))
    assert catalogue.dashboard.tabs[0].items == ("by_city",)
    assert catalogue.dashboard.tabs[0].rows[0].widths == (36,)
    assert catalogue.marts_of(catalogue.charts["by_city"]) == {"fct_sales"}


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("x: [city], y", "colour: city, x: [city], y", "by_city:", "charts.by_city.colour: unknown key"),
        ("type: bar", "type: pie", "by_city:", "charts.by_city.type: Input should be"),
        ("dataset: sales, x", "dataset: sale, x", "by_city:", "no dataset `sale`"),
        ("y: [m_revenue]", "y: [m_revenu]", "by_city:", "dataset `sales` has no measure `m_revenu`"),
        ("x: [city]", "x: [town]", "by_city:", "dataset `sales` has no dimension `town`"),
        ("x: [city], ", "rows: [city], ", "by_city:", "a bar has no `rows`"),
        ("type: bar", "type: line, limit: 0", "by_city:", "charts.by_city.limit"),
        ("agg: sum, of: revenue", "ratio: [m_a, m_b]", "m_revenue:", "`m_a` is no measure of this dataset"),
        (
            "agg: sum, of: revenue",
            "sql: '@m_a / 2', datalens: '[a]', why: x",
            "m_revenue:",
            "`@m_a` is no measure",
        ),
        ("agg: sum, of: revenue", "agg: total, of: revenue", "m_revenue:", "m_revenue.agg: Input should be"),
        ("hint: Сумма., ", "", "m_revenue:", "m_revenue.hint: Field required"),
        ("city: {title: Город}", "city: {title: Город, labels: town}", "city:", "no list of labels `town`"),
        ("field: city", "field: town", "f_city:", "dataset `sales` has no dimension `town`"),
        ("default: day", "default: year", "scale:", "default `year` is none of its options"),
        ("items: [by_city]", "items: [by_town]", "items:", "no chart `by_town`"),
        ("    - {items: [by_city]}", "    - {items: [by_city], w: [20]}", "items:", "36 in all"),
        ("version: 1", "version: 2", "version", "version: Input should be 1"),
        ("      city: {title: Город}", "      city: {title: День}", "sales:", "share the title «День»"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, old: str, new: str, at: str, says: str) -> None:
    assert GOOD.count(old) == 1
    text = GOOD.replace(old, new)
    found = message(tmp_path, text)
    assert says in found
    first = next(line for line in found.splitlines() if says in line)
    assert first.startswith(f"dashboard/all.yml:{line_of(text, at)}: ")


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace("selectors:", "  by_city: {title: Ещё раз}\nselectors:")
    assert (
        message(tmp_path, text) == f"dashboard/all.yml:{line_of(text, 'Ещё раз')}: `by_city` is given twice"
    )


def test_a_name_given_in_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "charts:\n  by_city: {title: Ещё раз}\n", "more.yml")
    assert message(tmp_path, GOOD) == "dashboard/more.yml:2: `by_city` is given twice"


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    assert message(tmp_path, GOOD.replace("[city], y", "[city, y")).startswith("dashboard/all.yml:")


def test_a_chart_on_no_tab_is_reported(tmp_path: Path) -> None:
    text = GOOD.replace("    - {items: [by_city]}", "    []")
    assert "chart `by_city` is on no tab" in message(tmp_path, text)


def test_no_files_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="run from the project's directory"):
        load_catalogue(tmp_path)


def test_the_shipped_catalogue_has_three_tabs_and_every_formula_resolves() -> None:
    catalogue = load_catalogue(ROOT / "dashboard")
    assert [tab.title for tab in catalogue.dashboard.tabs] == ["Продажи", "Маркетинг", "Аномалии"]
    for chart in catalogue.charts.values():
        sql, _ = compile_sql(View(catalogue, chart), Filters(), "marts")
        assert "@" not in sql


def test_the_readmes_three_lines_add_a_chart(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(# dashboard/mine\.yml\n)(.*?)```", readme, re.DOTALL)
    assert block is not None
    added = block[2]
    assert len(added.strip().splitlines()) == 3
    folder = tmp_path / "dashboard"
    folder.mkdir()
    for path in (ROOT / "dashboard").glob("*.yml"):
        write(tmp_path, path.read_text(encoding="utf-8"), path.name)
    before, after = load_catalogue(folder, SEEDS), load_catalogue(write(tmp_path, added, "mine.yml"), SEEDS)
    (name,) = after.charts.keys() - before.charts.keys()
    assert after.dashboard.tabs[0].items == (name, *before.dashboard.tabs[0].items)  # mine.yml < sales.yml
    sql, parameters = compile_sql(View(after, after.charts[name]), Filters(), "telemetry_marts")
    assert sql.startswith("select\n    city as city,\n    uniqExactIf(order_key, is_order) as m_orders\n")
    assert parameters == {"marts": "telemetry_marts"}
