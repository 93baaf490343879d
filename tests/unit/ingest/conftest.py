"""One Spark session for all ingestion tests, started as `telemetry ingest` starts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from business_telemetry.ingest.session import spark_session


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    log: Path = tmp_path_factory.mktemp("spark") / "spark.log"
    return spark_session("local[2]", log, size=0)
