"""`python -m business_telemetry.dashboard.docs` writes what docs say of charts, from the catalogue."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from business_telemetry.dashboard.catalogue import Catalogue, Chart
from business_telemetry.dashboard.compile import FIRST_DATE, LAST_DATE, Filters, View, compile_sql
from business_telemetry.dashboard.fields import Calculated, Measure
from business_telemetry.dashboard.load import load_catalogue

MARTS = "telemetry_marts"
PAGE = Path("docs", "charts.md")
OVERVIEW = Path("models", "docs", "overview.md")
EXAMPLE = Chart(
    title="",
    type="table",
    dataset="fct_sales",
    x=("month",),
    y=("m_revenue", "m_orders", "m_aov", "m_cr_buyer"),
)
SQL_BLOCK = re.compile(r"```sql\n.*?```", re.DOTALL)
HEAD = """\
# Charts and the SELECTs that draw them

Generated from `dashboard/*.yml` by `python -m business_telemetry.dashboard.docs`;
a test says when it is stale.

For analysts: each chart is one SELECT over one mart. Copy one, change it, run it in any client.

- `{date_from:Date}` and `{date_to:Date}` are the period, both inclusive; a month belongs to the period in
  which it begins.
- `{name:String}` is a choice of the reader: scale (day, week, month), basis of revenue (confirmed, checkout,
  cart, notebook).
- Filters by city, gender, age group and, where the mart has it, category are plain conditions on the columns
  of that name.
- Ratios are divided at the grain of the chart and stored nowhere: users, buyers, sessions and orders are
  distinct counts and do not add up over days or segments.
"""
EXCEPTIONS = """\
## Formulas by hand

Everything else is declared once and derived for ClickHouse and DataLens alike; here both stand in the
catalogue.

| dataset | field | why |
|---|---|---|"""


def charts_page(catalogue: Catalogue) -> str:
    """The whole of docs/charts.md."""
    parts = [HEAD]
    for tab in catalogue.dashboard.tabs:
        parts.append(f"## {tab.title}\n")
        parts += [_chart(catalogue, name) for name in tab.items]
    return "\n".join([*parts, _exceptions(catalogue)])


def _chart(catalogue: Catalogue, name: str) -> str:
    chart = catalogue.charts[name]
    measures = catalogue.datasets[chart.dataset].measures
    told = [f"- **{measures[key].title}**: {measures[key].hint}" for key in chart.measure_names]
    about = [f"{chart.note}.\n"] if chart.note else []
    return "\n".join([f"### {chart.title} (`{name}`)\n", *about, *told, "", _block(catalogue, chart)])


def _block(catalogue: Catalogue, chart: Chart) -> str:
    sql = compile_sql(View(catalogue, chart), Filters(FIRST_DATE, LAST_DATE), MARTS)[0]
    return f"```sql\n{sql.replace('{marts:Identifier}', MARTS)}\n```\n"


def _exceptions(catalogue: Catalogue) -> str:
    """Which formulas stand twice, and why."""
    lines = [EXCEPTIONS]
    for key, dataset in catalogue.datasets.items():
        fields: dict[str, Calculated | Measure] = {**dataset.calculated, **dataset.measures}
        lines += [
            f"| `{key}` | {item.title} (`{name}`) | {item.why} |" for name, item in fields.items() if item.sql
        ]
    return "\n".join(lines) + "\n"


def overview_page(catalogue: Catalogue, page: str) -> str:
    """The overview of dbt docs, with the catalogue's formulas in its example."""
    sql = compile_sql(View(catalogue, EXAMPLE), Filters(), MARTS)[0].replace("{marts:Identifier}", MARTS)
    sql = re.sub(r"sum\(multiIf\(.*?revenue\)\)", "sum(revenue)", sql)
    return SQL_BLOCK.sub(lambda _: f"```sql\n{sql}\n```", page, count=1)


def pages(root: Path) -> dict[Path, str]:
    """Every generated page of the project, as it should be."""
    catalogue = load_catalogue(root / "dashboard")
    overview = root / OVERVIEW
    return {
        root / PAGE: charts_page(catalogue),
        overview: overview_page(catalogue, overview.read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    for path, text in pages(Path.cwd()).items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(Path.cwd())} written\n")
