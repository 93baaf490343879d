"""The Spark session: quiet, in UTC, and with a heap that loads a file of any size."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from business_telemetry.ingest.errors import IngestError
from business_telemetry.java import require_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: What every load relies on; also set on a session that spark-submit has started.
SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.compression.codec": "lz4_raw",
    "spark.sql.files.maxPartitionBytes": "64m",
    # two output directories in one pass, without sorting the rows by directory first
    "spark.sql.maxConcurrentOutputFileWriters": "2",
    "spark.sql.optimizer.plannedWrite.enabled": "false",
}
#: What only the owner of a driver may choose.
DRIVER: Final = {
    "spark.driver.memory": "2g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.heartbeatInterval": "1s",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


#: The quick compiler alone halves the start-up; the thorough one pays off on long runs.
BRIEF: Final = "-XX:TieredStopAtLevel=1"
BRIEF_BYTES: Final = 128 * 2**20


def spark_session(master: str | None, log: Path, size: int | None = None) -> SparkSession:
    """Start Spark, or join the session that is running or that spark-submit has started.

    Args:
        master: a Spark master; None means spark-submit's, else `local[*]`.
        log: where Spark's own messages go.
        size: how many bytes there are to read, if that is known.

    Raises:
        JavaMissing: no usable Java.
        IngestError: Java does not start with Spark's settings.
    """
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    from pyspark.sql import SparkSession

    if "PYSPARK_GATEWAY_PORT" not in os.environ and SparkSession.getActiveSession() is None:
        require_java()
        return _start(master or "local[*]", log, brief=size is not None and size < BRIEF_BYTES)
    session = SparkSession.builder.appName("telemetry ingest").getOrCreate()
    for name, value in SETTINGS.items():
        session.conf.set(name, value)
    return session


def _start(master: str, log: Path, brief: bool) -> SparkSession:
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    log.parent.mkdir(parents=True, exist_ok=True)
    settings = {"spark.master": master, "spark.app.name": "telemetry ingest", **SETTINGS, **DRIVER}
    settings["spark.driver.extraJavaOptions"] = " ".join(["-XX:+UseParallelGC", *[BRIEF] * brief])
    conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    try:
        with log.open("w") as file:
            gateway = launch_gateway(conf, {"stdout": file, "stderr": file})
        SparkContext(conf=conf, gateway=gateway)
    except PySparkRuntimeError as error:
        raise IngestError(f"Spark does not start; its messages are in {log}.") from error
    return SparkSession.builder.getOrCreate()
