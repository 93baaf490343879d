"""The live smoke test: the only proof that DataLens computes what ClickHouse computes. Needs an account."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import clickhouse_connect

from business_telemetry.dashboard.catalogue import Catalogue, Chart, Dataset
from business_telemetry.dashboard.compile import Filters, View, compile_sql
from business_telemetry.dashboard.derive import shown_labels
from business_telemetry.datalens.apply import deploy
from business_telemetry.datalens.asking import MOST_ROWS, ask_chart
from business_telemetry.datalens.board import without_incidents
from business_telemetry.datalens.client import Clients
from business_telemetry.datalens.context import Change
from business_telemetry.datalens.errors import DeployError, explain
from business_telemetry.datalens.fields import Fields
from business_telemetry.datalens.settings import Settings
from business_telemetry.datalens.state import Index

TOLERANCE = 1e-6  # relative; DataLens' floats against ClickHouse's decimals


def smoke(
    clients: Clients, catalogue: Catalogue, settings: Settings, workbook: str, say: Callable[[str], None]
) -> int:
    """Deploy to a scratch workbook, deploy again without effect, compare the rows of every chart.

    Returns:
        The number of checks that failed; each is told to `say`.

    Raises:
        DeployError: DataLens or ClickHouse does not work at all.
    """
    catalogue = without_incidents(catalogue)
    deploy(clients, catalogue, settings.clickhouse, workbook, lambda change: None)
    again: list[Change] = []
    deploy(clients, catalogue, settings.clickhouse, workbook, again.append, dry_run=True)
    noisy = [change for change in again if change.what not in ("same", "left")]
    for change in noisy:
        details = "; ".join(change.details)
        say(f"FAILED a second deploy would {change.what} {change.kind} {change.name}: {details}")
    failed = bool(noisy) + _compare(clients, catalogue, settings, workbook, say)
    say(f"{len(catalogue.charts) + 1 - failed} checks passed, {failed} failed")
    return failed


def _compare(
    clients: Clients, catalogue: Catalogue, settings: Settings, workbook: str, say: Callable[[str], None]
) -> int:
    login = settings.clickhouse
    index = Index.of(iter(clients.live.get.workbook(by_id=workbook).list_entries()))
    try:
        server = clickhouse_connect.get_client(
            host=login.host, port=login.port, username=login.user, password=login.password, secure=True
        )
    except Exception as error:
        raise DeployError(f"ClickHouse at {login.host}:{login.port} as {login.user}: {error}") from error
    failed = 0
    for name, chart in catalogue.charts.items():
        plain = without_shape(chart)
        spec = catalogue.datasets[chart.dataset]
        fields = Fields(spec, clients.live.get.dataset(by_id=index.find("dataset", chart.dataset)))
        sql, parameters = compile_sql(View(catalogue, plain), Filters(), login.database)
        try:
            shown = ask_chart(plain, fields, MOST_ROWS)
            expected = as_shown(spec, plain, server.query(sql, parameters=parameters).result_rows)
            problem = unlike(shown, expected, len(plain.dimension_names))
        except Exception as error:
            problem = str(explain(error, name))
        if problem:
            failed += 1
            say(f"FAILED chart {name}: {problem}")
    return failed


def without_shape(chart: Chart) -> Chart:
    """The chart as a flat table of all its rows: what both sides can return."""
    changes = {"type": "table", "x": (*chart.x, *chart.rows, *chart.columns), "rows": (), "columns": ()}
    return chart.model_copy(update={**changes, "point": None, "sort": None, "limit": MOST_ROWS})


def as_shown(spec: Dataset, chart: Chart, rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """ClickHouse's rows with titles instead of codes, and without what the page adds for itself."""
    keys = (*chart.dimension_names, *chart.measure_names)
    labels = [shown_labels(item) if (item := spec.dimension(key)) else {} for key in keys]
    return [
        [titles.get(str(value), value) for titles, value in zip(labels, row, strict=False)] for row in rows
    ]


def unlike(shown: Sequence[Sequence[Any]], expected: Sequence[Sequence[Any]], keys: int) -> str:
    """Where two results differ, or an empty string. The first `keys` values name a row; order is free."""
    if len(shown) != len(expected):
        return f"DataLens has {len(shown)} rows, ClickHouse {len(expected)}"
    ours = {tuple(map(_text, row[:keys])): row[keys:] for row in shown}
    for row in expected:
        key = tuple(map(_text, row[:keys]))
        if key not in ours:
            return f"DataLens has no row {key}"
        for mine, theirs in zip(ours[key], row[keys:], strict=True):
            if not _same(mine, theirs):
                return f"{key}: DataLens {mine}, ClickHouse {theirs}"
    return ""


def _same(one: object, other: object) -> bool:
    numbers = _number(one), _number(other)
    if None not in numbers:
        return math.isclose(*numbers, rel_tol=TOLERANCE, abs_tol=TOLERANCE)  # type: ignore[arg-type]
    return _text(one) == _text(other)


def _number(value: object) -> float | None:
    if value is None or isinstance(value, bool | date):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


def _text(value: object) -> str:
    """One spelling of a value that two systems may write differently."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    number = _number(value)
    return f"{number:g}" if number is not None else str(value)
