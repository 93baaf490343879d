"""Business Telemetry in Dagster: dbt models as assets (dagster-dbt), ingestion before, alerts after them.

Wants dagster and dagster-dbt; `dagster dev -f examples/dagster_defs.py`.
"""

import os  # no postponed annotations: Dagster reads them as objects
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetSpec,
    Definitions,
    ScheduleDefinition,
    define_asset_job,
    multi_asset,
)
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

HOME = Path(os.environ.get("TELEMETRY_HOME", Path(__file__).parents[1]))
SOURCE = os.environ.get("TELEMETRY_SOURCE", "s3://shop-logs/")
TARGET = os.environ.get("TELEMETRY_TARGET", "prod")
RAW = [AssetSpec(["telemetry_raw", table]) for table in ("loads", "events", "rejected_events")]

project = DbtProject(project_dir=HOME, target=TARGET)
project.prepare_if_dev()


def telemetry(*arguments: str) -> None:
    subprocess.run(["telemetry", *arguments, "--target", TARGET], cwd=HOME, check=True)


@multi_asset(specs=RAW, name="ingest")
def ingest():  # Dagster reads the annotation as that of its outputs
    """The sources of the dbt models."""
    telemetry("ingest", SOURCE, "--quiet")


@dbt_assets(manifest=project.manifest_path, select="fqn:*", exclude="resource_type:unit_test")
def models(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    yield from dbt.cli(["build"], context=context).stream()


@multi_asset(specs=[AssetSpec("alerts", deps=[models])], name="send_alerts")
def alerts() -> None:
    """What the last day brought."""
    telemetry("alerts")


nightly = define_asset_job("nightly", selection="*")
defs = Definitions(
    assets=[ingest, models, alerts],
    jobs=[nightly],
    schedules=[ScheduleDefinition(job=nightly, cron_schedule="15 4 * * *")],
    resources={"dbt": DbtCliResource(project_dir=project)},
)
