"""Asks DataLens for the rows of a chart, with the fields as the chart draws them.

A formula that passes DataLens' validation may still fail in a query: only the question tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datalens_sdk import DatasetDataFilter

from business_telemetry.dashboard.catalogue import Catalogue, Chart
from business_telemetry.datalens.context import Context
from business_telemetry.datalens.errors import FailingCharts, explain
from business_telemetry.datalens.fields import Fields

MOST_ROWS = 10_000


def ask_chart(chart: Chart, fields: Fields, limit: int) -> list[list[Any]]:
    """The chart's rows: dimensions with titles where the chart shows titles, then measures.

    Raises:
        DataLensError: DataLens refuses or fails.
    """
    data = fields.live.get_dataset_data(
        columns=[fields.shown(key) for key in (*chart.dimension_names, *chart.measure_names)],
        filters=[DatasetDataFilter(fields.raw(key), "IN", values) for key, values in chart.where.items()],
        limit=limit,
    )
    return [list(row) for row in data.rows]


def require_answers(ctx: Context, datasets: Mapping[str, Fields]) -> None:
    """The last step of a deploy: every chart is asked once.

    Raises:
        FailingCharts: names all that DataLens cannot answer.
    """
    failing = failing_charts(ctx.catalogue, datasets)
    if failing:
        told = "\n".join(f"  {name}: {why}" for name, why in failing.items())
        raise FailingCharts(f"Everything is published, but DataLens cannot answer these charts:\n{told}")


def failing_charts(catalogue: Catalogue, datasets: Mapping[str, Fields]) -> dict[str, str]:
    """Chart -> why it fails."""
    found: dict[str, str] = {}
    for name, chart in catalogue.charts.items():
        try:
            ask_chart(chart, datasets[chart.dataset], limit=1)
        except Exception as error:
            found[name] = str(explain(error, f"chart {name}"))
    return found
