"""docs/charts.md: every SELECT on the page runs on the built warehouse, reads one mart, and returns rows."""

from __future__ import annotations

import re

from bench.charts import selects
from project import ROOT, Project

#: A log of four months has nothing odd to list, and is too short for a forecast.
MAY_BE_EMPTY = {"A2", "A7", "A8", "S13"}


PAGE = selects((ROOT / "docs" / "charts.md").read_text(encoding="utf-8"))


def test_the_page_has_every_chart() -> None:
    promised = (
        {f"S{n}" for n in range(1, 15)} | {f"M{n}" for n in range(1, 16)} | {f"A{n}" for n in range(1, 10)}
    )
    assert {chart for chart, _ in PAGE} == promised


def test_each_chart_reads_one_mart() -> None:
    for chart, select in PAGE:
        assert len(set(re.findall(r"telemetry_\w+\.\w+", select))) == 1, chart


def test_each_select_returns_rows(demo: Project) -> None:
    ((first, last),), ((snapshot,),) = demo.ask(
        "select min(event_date), max(event_date) from telemetry_marts.fct_sales",
        "select max(snapshot_date) from telemetry_marts.mart_rfm_snapshot",
    )
    bound = {"{date_from:Date}": first, "{date_to:Date}": last, "{snapshot:Date}": snapshot}
    queries = []
    for _, select in PAGE:
        for parameter, value in bound.items():
            select = select.replace(parameter, f"toDate('{value}')")
        queries.append(f"select count() from ({select})")
    answers = demo.ask(*queries)
    empty = {chart for (chart, _), rows in zip(PAGE, answers, strict=True) if rows == [[0]]}
    assert empty <= MAY_BE_EMPTY
