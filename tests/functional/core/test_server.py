"""A server instead of the embedded engine: the same commands with `--target prod`, the same numbers."""

from __future__ import annotations

from pathlib import Path

import clickhouse_connect
import pytest
from project import Project

CHECKSUMS = (
    "select count(), sum(revenue), sum(cart_value), sum(sales_key) from telemetry_marts.fct_sales",
    "select count(), sum(revenue), uniqExact(order_key) from telemetry_marts.fct_orders",
    "select count(), sum(step_level), uniqExact(session_key) from telemetry_marts.fct_funnel",
    # exact: a sum of floats depends on the order of adding; a null may hold an infinity beneath
    "select count(), sum(revenue), sum(toDecimal128(ifNull(price_robust_z, 0), 9))"
    " from telemetry_marts.fct_order_lines",
)


def test_a_server_gives_the_same_numbers(
    server_process: tuple[int, Path], demo: Project, demo_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, home = server_process
    for name, value in (("HOST", "127.0.0.1"), ("PORT", str(port)), ("SECURE", "false")):
        monkeypatch.setenv(f"CLICKHOUSE_{name}", value)
    client = clickhouse_connect.get_client(host="127.0.0.1", port=port, compress=False)
    client.command("drop database if exists telemetry_raw sync")
    project = Project(home / "prod")

    # session keys name the log
    project.run("telemetry", "ingest", str(demo_log), "--log", "demo", "--target", "prod", "--quiet")
    marts = ("+fct_sales", "+fct_orders", "+fct_funnel", "+fct_order_lines")
    without_tests = ("--exclude-resource-type", "test", "unit_test")
    project.run("dbt", "build", "--target", "prod", "-s", *marts, *without_tests)
    found = [[str(value) for value in client.query(query).result_rows[0]] for query in CHECKSUMS]
    client.command("drop database telemetry_raw sync")
    client.close()

    expected = [[str(value) for value in rows[0]] for rows in demo.ask(*CHECKSUMS)]
    assert found == expected
