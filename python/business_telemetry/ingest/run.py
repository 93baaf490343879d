"""One ingestion, from the sources to the published load."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from business_telemetry import __version__
from business_telemetry.ingest.errors import IngestError, TooManyRejected
from business_telemetry.ingest.land import Landed, count, examples, land
from business_telemetry.ingest.plan import plan_load
from business_telemetry.ingest.raw_layer import Landing, Load, RawLayer, ensure_raw_tables
from business_telemetry.ingest.report import Report
from business_telemetry.ingest.session import spark_session
from business_telemetry.ingest.sources import find_files, fingerprint, is_remote
from business_telemetry.warehouse import Warehouse


def ingest_files(
    sources: Sequence[str],
    warehouse: Warehouse,
    report: Report,
    *,
    replace: bool = False,
    max_rejected: float = 0.05,
    staging: str | None = None,
    master: str | None = None,
) -> dict[str, Any]:
    """Load the files that are not loaded yet, as one load, and return its summary.

    Args:
        sources: files, directories, globs or URIs.
        warehouse: where to.
        report: who is told.
        replace: may loads of files that have changed be superseded?
        max_rejected: the greatest share of rejected rows (0 to 1) that is still published.
        staging: where Spark writes its Parquet; default: a directory in the embedded warehouse, else below
            `target/`.
        master: a Spark master.

    Raises:
        IngestError: nothing was published; its class carries the exit code.
    """
    spark = spark_session(master) if any(map(is_remote, [*sources, staging or ""])) else None
    ensure_raw_tables(warehouse.client, warehouse.schema, warehouse.cluster)
    raw = RawLayer(warehouse.client, warehouse.schema)
    raw.sweep()

    with report.stage("Looking for new files"):
        given = [fingerprint(name, spark) for name in find_files(sources, spark)]
        plan = plan_load(given, raw.loaded(), replace)
    for name, reason in plan.skipped:
        report.note(f"{name}: {reason}")
    if not plan.files:
        report.note("Nothing to load.")
        return {"status": "nothing to load", "skipped": dict(plan.skipped)}

    area = Path(staging or (warehouse.path or Path("target")) / "ingest-staging", plan.load_id)
    load = Load(
        load_id=plan.load_id,
        files=[file.name for file in plan.files],
        file_fingerprints=[file.fingerprint for file in plan.files],
        fingerprint=plan.load_id,
        started_at=datetime.now(UTC),
        tool_versions={"host": socket.gethostname(), "pid": str(os.getpid())},
    )
    raw.write(load)
    with report.stage("Starting Spark"):
        spark = spark or spark_session(master)
        from business_telemetry.ingest.stage import stage

    with report.stage("Reading and validating"):
        staged = stage(spark, plan.files, str(area))
    with report.stage("Loading into ClickHouse"):
        landing = raw.create_landing(load.load_id)
        land(warehouse, str(area), staged, landing)
        landed = count(warehouse.client, landing)
    with report.stage("Publishing"):
        _complete(load, landed, staged.rows)
        load.tool_versions = _versions(warehouse, spark)
        if landed.rejected > max_rejected * staged.rows:
            load.status = "refused"
        else:
            raw.publish(landing)
        raw.write(load, plan.replaces if load.status == "loaded" else ())
        if load.status == "refused":
            _refuse(warehouse, report, landing, landed, staged.rows, max_rejected)
        raw.sweep()
        shutil.rmtree(area, ignore_errors=True)
    return {
        "status": load.status,
        "load_id": load.load_id,
        "files": load.files,
        "rows_read": load.rows_read,
        "rows_loaded": load.rows_loaded,
        "rows_rejected": load.rows_rejected,
        "rejected_by_reason": load.rejected_by_reason,
        "first_event": load.min_event_time,
        "last_event": load.max_event_time,
        "replaced": list(plan.replaces),
        "skipped": dict(plan.skipped),
        "seconds": {title: round(seconds, 1) for title, seconds in report.seconds.items()},
    }


def _complete(load: Load, landed: Landed, rows: int) -> None:
    """Fill in the counts, after checking that no row is lost or doubled."""
    if landed.loaded + landed.rejected != rows:
        raise IngestError(
            f"Spark has read {rows:,} rows, ClickHouse has {landed.loaded:,} loaded and {landed.rejected:,} rejected"
            " ones: the numbers do not agree, and nothing was published. Run the command again; if it persists,"
            " report it with the file."
        )
    load.rows_read, load.rows_loaded, load.rows_rejected = rows, landed.loaded, landed.rejected
    load.rejected_by_reason = landed.by_reason
    load.min_event_time, load.max_event_time = landed.first, landed.last
    load.finished_at = datetime.now(UTC)
    load.status = "loaded"


def _refuse(
    warehouse: Warehouse, report: Report, landing: Landing, landed: Landed, rows: int, limit: float
) -> None:
    report.rejections(landed.by_reason, examples(warehouse.client, landing))
    raise TooManyRejected(
        f"{landed.rejected:,} of {rows:,} rows ({landed.rejected / rows:.1%}) are malformed, more than"
        f" --max-rejected {limit:.0%} allows. Nothing was loaded. Correct the file or raise the limit."
    )


def _versions(warehouse: Warehouse, spark: Any) -> dict[str, str]:
    return {
        "business_telemetry": __version__,
        "python": platform.python_version(),
        "spark": spark.version,
        "clickhouse": warehouse.client.server_version,
    }
