"""The Spark session: quiet, in UTC, and with a heap that loads a file of any size."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Final

from business_telemetry.java import require_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DRIVER_MEMORY: Final = "2g"


def spark_session(master: str | None) -> SparkSession:
    """Start Spark here, or join the session that spark-submit has started.

    Args:
        master: a Spark master; None means spark-submit's, else `local[*]`.

    Raises:
        JavaMissing: no usable Java.
    """
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if not submitted:
        require_java()
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.compression.codec": "lz4",
        "spark.sql.shuffle.partitions": "8",
        # two output directories in one pass, without sorting the rows by directory first
        "spark.sql.maxConcurrentOutputFileWriters": "2",
        "spark.sql.optimizer.plannedWrite.enabled": "false",
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    }
    if not submitted:
        settings |= {
            "spark.master": master or "local[*]",
            "spark.driver.memory": DRIVER_MEMORY,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.extraJavaOptions": "-XX:+UseParallelGC -Dlog4j2.level=ERROR"
            " -Dlog4j2.configurationFile=org/apache/spark/log4j2-defaults.properties",
        }
    elif master:
        settings["spark.master"] = master
    session = SparkSession.builder.appName("telemetry ingest").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session
