"""What the warehouse holds now: loads, headline figures, and the outcome of the last dbt run."""

from __future__ import annotations

import json
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from business_telemetry.dashboard.catalogue import Catalogue, Chart
from business_telemetry.dashboard.compile import Filters, View, compile_sql
from business_telemetry.dashboard.load import load_catalogue
from business_telemetry.dashboard.marked_yaml import CatalogueError
from business_telemetry.warehouse import WarehouseUnavailable, open_warehouse

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LOADS = """
    select count() as loads, sum(rows_read) as rows_read, sum(rows_loaded) as rows_loaded,
        sum(rows_rejected) as rows_rejected, sum(rows_ignored) as rows_ignored
    from {raw:Identifier}.loads final
    where status = 'loaded'
"""

SPAN = """
    select minOrNull(event_date) as first_day, maxOrNull(event_date) as last_day
    from {marts:Identifier}.fct_sales
"""
# measures of the dashboard's catalogue, by dataset
HEADLINES = {
    "fct_sales": ("m_revenue", "m_orders", "m_aov", "m_buyers", "m_users"),
    "fct_sessions": ("m_sessions", "m_carted"),
}


def read_summary(client: Client, schema: str, catalogue: Catalogue) -> dict[str, Any]:
    """Loads and headline figures of a built warehouse, by name."""
    marts = f"{schema}_marts"
    names = {"raw": f"{schema}_raw", "marts": marts}
    questions: list[tuple[str, dict[str, Any]]] = [(LOADS, names), (SPAN, names)]
    for dataset, measures in HEADLINES.items():
        chart = Chart(title="", type="table", dataset=dataset, y=measures)
        questions.append(compile_sql(View(catalogue, chart), Filters(), marts))
    figures: dict[str, Any] = {}
    for sql, parameters in questions:
        figures |= next(iter(client.query(sql, parameters=parameters).named_results()))
    return figures


def count_test_results(run_results: Path) -> dict[str, int]:
    """Statuses of the tests of the last dbt invocation, e.g. `{"pass": 161}`; empty when there was none."""
    if not run_results.is_file():
        return {}
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    return dict(
        Counter(r["status"] for r in results if r["unique_id"].split(".")[0] in ("test", "unit_test"))
    )


def lines(figures: dict[str, Any], tests: dict[str, int]) -> list[tuple[str, str]]:
    """The summary as label and text, one pair a line."""
    return [
        ("loads", number(figures["loads"])),
        ("rows read", number(figures["rows_read"])),
        ("rows loaded", number(figures["rows_loaded"])),
        ("rows rejected", number(figures["rows_rejected"])),
        ("rows ignored", number(figures["rows_ignored"])),
        ("tests", ", ".join(f"{count} {status}" for status, count in tests.items()) or "not run"),
        ("period", f"{figures['first_day']} to {figures['last_day']}" if figures["first_day"] else "-"),
        ("revenue", number(figures["m_revenue"])),
        ("orders", number(figures["m_orders"])),
        ("average order", number(figures["m_aov"]) if figures["m_orders"] else "-"),
        ("buyers of users", f"{number(figures['m_buyers'])} of {number(figures['m_users'])}"),
        ("sessions", number(figures["m_sessions"])),
        ("put into carts", number(figures["m_carted"])),
    ]


def number(value: int | float | Decimal) -> str:
    """1234567.8 as '1,234,568'."""
    return f"{value:,.0f}"


@click.command()
@click.option("--target", help="Output of the dbt profile; the profile's default when not given.")
def summary(target: str | None) -> None:
    """Show what the warehouse holds: rows, test results of the last `dbt build`, headline figures."""
    try:
        catalogue = load_catalogue(Path("dashboard"))
        warehouse = open_warehouse(target)
    except (CatalogueError, WarehouseUnavailable) as error:
        raise click.ClickException(str(error)) from error
    try:
        figures = read_summary(warehouse.client, warehouse.schema, catalogue)
    except Exception as error:
        raise click.ClickException(
            f"{warehouse.label} holds no built marts yet; run `telemetry ingest LOG` and `dbt build` first."
        ) from error
    finally:
        warehouse.close()
    tests = count_test_results(Path(os.environ.get("DBT_TARGET_PATH", "target")) / "run_results.json")
    click.secho(f"\n{warehouse.label}", bold=True)
    for label, text in lines(figures, tests):
        click.echo(f"  {label:<20} {text}")
    click.secho("\nWhere to look next", bold=True)
    click.echo("  dbt docs serve                  lineage, definitions and every column")
    click.echo("  dbt show --inline \"select * from {{ ref('fct_sales') }}\" --limit 5")
    click.echo("  telemetry ingest YOUR_LOG.csv   your own log, then dbt build")
    click.echo("  make preview                    the dashboard in your browser\n")
