"""Business Telemetry as an Airflow DAG: ingestion, each dbt model as a task of its own (cosmos), alerts.

Wants astronomer-cosmos beside Airflow, and the project with its .venv at TELEMETRY_HOME. Where one task is
enough, a BashOperator with `telemetry daily` does the same.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import TestBehavior

HOME = Path(os.environ.get("TELEMETRY_HOME", "/srv/business-telemetry"))
SOURCE = os.environ.get("TELEMETRY_SOURCE", "s3://shop-logs/")
TARGET = "prod"  # one embedded warehouse cannot serve tasks that run side by side
BIN = HOME / ".venv" / "bin"

with DAG(
    dag_id="business_telemetry",
    schedule="15 4 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
) as dag:
    ingest = BashOperator(
        task_id="ingest",
        bash_command=f"{BIN}/telemetry ingest {SOURCE} --target {TARGET} --quiet --json",
        cwd=str(HOME),
    )
    freshness = BashOperator(
        task_id="freshness", bash_command=f"{BIN}/dbt source freshness --target {TARGET}", cwd=str(HOME)
    )
    build = DbtTaskGroup(
        group_id="dbt",
        project_config=ProjectConfig(HOME),
        profile_config=ProfileConfig(
            profile_name="business_telemetry", target_name=TARGET, profiles_yml_filepath=HOME / "profiles.yml"
        ),
        execution_config=ExecutionConfig(dbt_executable_path=str(BIN / "dbt")),
        # unit tests prove the code, not the night's data
        render_config=RenderConfig(selector="nightly", test_behavior=TestBehavior.AFTER_EACH),
    )
    alerts = BashOperator(
        task_id="alerts", bash_command=f"{BIN}/telemetry alerts --target {TARGET}", cwd=str(HOME)
    )
    ingest >> freshness >> build >> alerts
