"""`python -m business_telemetry.dashboard.docs` writes what docs say of charts, from the catalogue."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import quote

from business_telemetry.dashboard.catalogue import Catalogue, Chart
from business_telemetry.dashboard.checks import OVERVIEW as OVERVIEW_TAB
from business_telemetry.dashboard.compile import FIRST_DATE, LAST_DATE, Filters, View, compile_sql
from business_telemetry.dashboard.fields import Calculated, Measure
from business_telemetry.dashboard.load import load_catalogue

MARTS = "telemetry_marts"
PAGE = Path("docs", "charts.md")
OVERVIEW = Path("models", "docs", "overview.md")
USES = Path("models", "docs", "marts.md")
EXAMPLE = Chart(
    title="",
    type="table",
    dataset="fct_sales",
    x=("month",),
    y=("m_revenue", "m_orders", "m_aov", "m_cr_buyer"),
)
SQL_BLOCK = re.compile(r"```sql\n.*?```", re.DOTALL)
PARAMETER = re.compile(r"\{(\w+):[^}]+\}")
SCALE = re.compile(r"multiIf\('week' = 'month', .*? 'week' = 'week', (.*?), \w+\) as period")
GRAPHS = re.compile(r"(?<=^\*\*Graphs to begin with:\*\*\n\n).*?(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)
#: title of a graph -> what dbt docs selects; each tab adds its own
PATHS = {
    "From the log to revenue": (
        *("source:telemetry_raw.events", "stg_events", "int_crossing_events", "int_events"),
        *("int_purchase_events", "int_orders", "int_order_carts", "int_order_lines"),
        *("fct_orders", "fct_order_lines", "fct_sales"),
    ),
    "From revenue to anomalies and the forecast": (
        *("fct_sales", "int_metric_series", "int_anomaly_scores", "mart_anomalies", "int_anomaly_part_sums"),
        *("int_anomaly_drivers", "mart_anomaly_drivers", "int_revenue_series", "int_forecast_predictions"),
        *("int_revenue_forecast", "mart_revenue_forecast"),
    ),
}
#: marts that no chart reads by itself
EXAMPLES = {
    "dim_city": """\
select
    federal_district,
    count() as cities,
    sum(population) as population
from telemetry_marts.dim_city
group by federal_district
order by population desc""",
    "dim_date": """\
select
    dates.weekday as weekday,
    avg(sales.revenue) as revenue_of_a_day
from telemetry_marts.dim_date as dates
left join (
    select event_date, sum(revenue) as revenue
    from telemetry_marts.fct_sales
    group by event_date
) as sales on dates.date_day = sales.event_date
where dates.is_observed
group by weekday
order by weekday""",
    "dim_log": """\
select contract, currency, first_date, last_date, row_count
from telemetry_marts.dim_log""",
    "dim_user": """\
select
    age_group,
    count() as users,
    countIf(order_count > 0) as buyers
from telemetry_marts.dim_user
group by age_group
order by age_group""",
    "dim_user_history": """\
-- where a user lived when an order was confirmed
select
    orders.order_key,
    history.city
from telemetry_marts.fct_orders as orders
asof left join telemetry_marts.dim_user_history as history
    on orders.user_id = history.user_id and orders.confirmed_at >= history.valid_from
limit 10""",
    "mart_notebook_parity": """\
select
    sum(raw_value) as as_the_notebook_saw_it,
    sum(deduplicated_value) as without_copies
from telemetry_marts.mart_notebook_parity""",
}
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
    """The overview of dbt docs, with the catalogue's formulas in its example and a graph for each tab."""
    sql = compile_sql(View(catalogue, EXAMPLE), Filters(), MARTS)[0].replace("{marts:Identifier}", MARTS)
    sql = re.sub(r"sum\(multiIf\(.*?revenue\)\)", "sum(revenue)", sql)
    page = SQL_BLOCK.sub(lambda _: f"```sql\n{sql}\n```", page, count=1)
    links = [f"- [{title}]({graph_link(nodes)})" for title, nodes in graphs(catalogue).items()]
    return GRAPHS.sub(lambda _: "\n".join(links), page)


def graphs(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Title of each graph of the overview -> what it selects; a tab with all that is before it."""
    return PATHS | {f"The tab «{title}»": (f"+exposure:{name}_tab",) for name, title, _ in tabs_of(catalogue)}


def tabs_of(catalogue: Catalogue) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, title and charts of each tab, the page's first included."""
    tabs = [(tab.id, tab.title, tab.items) for tab in catalogue.dashboard.tabs]
    return [("overview", OVERVIEW_TAB, catalogue.overview.charts), *tabs] if catalogue.overview else tabs


def graph_link(nodes: tuple[str, ...]) -> str:
    """The address of a graph inside dbt docs."""
    return f"#!/overview?g_v=1&g_i={quote(' '.join(nodes), safe=':')}"


def uses_page(catalogue: Catalogue, marts: list[str]) -> str:
    """Doc blocks `use_<mart>`: which charts read the mart, and an example SELECT."""
    return "\n".join(_use(catalogue, mart) for mart in sorted(marts))


def _use(catalogue: Catalogue, mart: str) -> str:
    tabs = {
        title: [
            chart for chart in map(catalogue.charts.__getitem__, items) if mart in catalogue.marts_of(chart)
        ]
        for _, title, items in tabs_of(catalogue)
    }
    lines = [
        f"- {title}: {', '.join(f'«{chart.title}»' for chart in charts)}"
        for title, charts in tabs.items()
        if charts
    ]
    queries = [example(catalogue, chart) for charts in tabs.values() for chart in charts]
    own = [sql for sql in queries if f"from {MARTS}.{mart}\n" in sql]
    # the shortest that is no single number
    sql = min([sql for sql in own if "group by" in sql] or own, key=len, default=None) or EXAMPLES[mart]
    read = "\n".join(lines) or "None by itself: for joins and for analysts."
    return (
        f"{{% docs use_{mart} %}}\n#### Charts that read it\n\n{read}\n\n"
        f"#### Example\n\n```sql\n{sql}\n```\n{{% enddocs %}}\n"
    )


def example(catalogue: Catalogue, chart: Chart) -> str:
    """The chart's SELECT over the whole history, with its values written out."""
    sql, values = compile_sql(View(catalogue, chart), Filters(), MARTS)

    def literal(match: re.Match[str]) -> str:
        value = values[match[1]]
        if match[1] == "marts":
            return str(value)
        if isinstance(value, list):
            return f"({', '.join(_quoted(item) for item in value)})"
        return _quoted(value)

    return SCALE.sub(r"\1 as period", PARAMETER.sub(literal, sql))


def _quoted(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def pages(root: Path) -> dict[Path, str]:
    """Every generated page of the project, as it should be."""
    catalogue = load_catalogue(root / "dashboard")
    overview = root / OVERVIEW
    return {
        root / PAGE: charts_page(catalogue),
        root / USES: uses_page(catalogue, [path.stem for path in (root / "models" / "marts").rglob("*.sql")]),
        overview: overview_page(catalogue, overview.read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    for path, text in pages(Path.cwd()).items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(Path.cwd())} written\n")
