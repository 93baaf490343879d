"""One ingestion, from the sources to the published load."""

from __future__ import annotations

import platform
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from business_telemetry import __version__
from business_telemetry.ingest.errors import BadSource, IngestError, TooManyRejected, WarehouseBusy
from business_telemetry.ingest.owner import require_idle, require_ownership, this_process
from business_telemetry.ingest.plan import Plan, plan_load
from business_telemetry.ingest.raw_layer import Landing, Load, RawLayer, ensure_raw_tables
from business_telemetry.ingest.report import Report
from business_telemetry.ingest.session import spark_session
from business_telemetry.ingest.sources import find_files, fingerprint, is_remote, name_of
from business_telemetry.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from business_telemetry.ingest.land import Landed
    from business_telemetry.ingest.stage import Staged
    from business_telemetry.ingest.staging import Staging


@dataclass(frozen=True)
class Options:
    """What the user may choose.

    Attributes:
        replace: may the load supersede loads of files that have changed?
        max_rejected: the greatest share of rejected rows (0 to 1) that is still published.
        staging: where Spark leaves its Parquet; None means in the embedded warehouse, else below `target/`.
        master: a Spark master; None means spark-submit's, else `local[*]`.
        project_dir: where `target/` and `logs/` are.
    """

    replace: bool = False
    max_rejected: float = 0.05
    staging: str | None = None
    master: str | None = None
    project_dir: Path = Path()


class Ingestion:
    """Loads files into a warehouse; `run` does everything."""

    def __init__(self, warehouse: Warehouse, report: Report, options: Options) -> None:
        self._warehouse, self._report, self._options = warehouse, report, options
        self._raw = RawLayer(warehouse.client, warehouse.schema)

    def run(self, sources: Sequence[str]) -> dict[str, Any]:
        """Load the files that are not loaded yet, as one load, and return its summary.

        Args:
            sources: files, directories, globs or URIs.

        Raises:
            IngestError: nothing was published; its class carries the exit code.
        """
        ensure_raw_tables(self._warehouse.client, self._warehouse.schema, self._warehouse.cluster)
        with self._report.stage("Looking for new files"):
            spark = self._spark() if any(map(is_remote, sources)) else None
            given = [fingerprint(name, spark) for name in find_files(sources, spark)]
            plan = plan_load(given, self._raw.loaded(), self._options.replace)
        for name, reason in plan.skipped:
            self._report.note(f"{name}: {reason}")
        if not plan.files:
            self._report.note("Nothing to load.")
            return {"status": "nothing to load", "skipped": dict(plan.skipped)}
        self._clear_leftovers(plan)
        load = self._begin(plan)
        try:
            landing, staged = self._stage_and_land(plan)
            with self._report.stage("Publishing"):
                self._finish(load, plan, landing, staged)
        except WarehouseBusy:
            raise  # what lies there now belongs to another process
        except BaseException:
            self._raw.forget([load.load_id])
            self._raw.sweep()
            raise
        return self._summary(load, plan)

    def _spark(self, size: int | None = None) -> SparkSession:
        return spark_session(self._options.master, self._options.project_dir / "logs" / "spark.log", size)

    def _staging(self, load_id: str, attempt: str = "") -> Staging:
        from business_telemetry.ingest.staging import Staging

        base = self._warehouse.path or self._options.project_dir / "target"
        return Staging(f"{self._options.staging or base / 'ingest-staging'}/{load_id}{attempt}")

    def _clear_leftovers(self, plan: Plan) -> None:
        unfinished = self._raw.unfinished()
        if self._warehouse.path is None:
            require_idle(unfinished, plan.load_id)
        for load in unfinished:
            self._staging(load.load_id).remove()
        self._raw.forget([load.load_id for load in unfinished])
        self._raw.sweep()

    def _begin(self, plan: Plan) -> Load:
        load = Load(
            load_id=plan.load_id,
            files=[file.name for file in plan.files],
            file_fingerprints=[file.fingerprint for file in plan.files],
            fingerprint=plan.fingerprint,
            started_at=datetime.now(UTC),
            tool_versions=this_process(),
        )
        self._raw.write(load)
        return load

    def _stage_and_land(self, plan: Plan) -> tuple[Landing, Staged]:
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        from business_telemetry.ingest.land import land
        from business_telemetry.ingest.stage import stage

        # a directory of its own for each attempt: a killed one's Java may write for a moment longer
        staging = self._staging(plan.load_id, f"/{uuid.uuid4().hex[:8]}")
        with self._report.stage("Starting Spark"):
            spark = self._spark(sum(file.size for file in plan.files))
        try:
            with self._report.stage("Reading and validating", spark):
                staged = stage(spark, plan.files, staging)
            with self._report.stage("Loading into ClickHouse"):
                landing = self._raw.create_landing(plan.load_id)
                land(self._warehouse.client, self._warehouse.path is not None, staging, staged, landing)
        except (Py4JJavaError, PySparkException) as error:
            raise BadSource(_reason(error)) from error
        finally:
            self._staging(plan.load_id).remove()
        return landing, staged

    def _finish(self, load: Load, plan: Plan, landing: Landing, staged: Staged) -> None:
        """Check the counts and publish or refuse: the manifest row decides."""
        from business_telemetry.ingest.land import count, examples

        landed = count(self._warehouse.client, landing)
        _complete(load, landed, staged.rows)
        load.tool_versions = self._versions()
        limit = self._options.max_rejected
        if self._warehouse.path is None:
            require_ownership(self._raw, load.load_id)
        if landed.rejected > limit * staged.rows:
            load.status = "refused"
            self._raw.write(load)
            self._report.rejections(landed.by_reason, examples(self._warehouse.client, landing))
            self._raw.sweep()
            raise TooManyRejected(
                f"{landed.rejected:,} of {staged.rows:,} rows ({landed.rejected / staged.rows:.1%}) are"
                f" malformed, more than --max-rejected {limit:.1%} allows. Nothing was loaded."
                " Correct the file or raise the limit."
            )
        self._raw.publish(landing)
        load.status = "loaded"
        self._raw.write(load, plan.replaces)
        self._raw.sweep()

    def _versions(self) -> dict[str, str]:
        import pyspark

        return {
            "business_telemetry": __version__,
            "python": platform.python_version(),
            "spark": pyspark.__version__,
            "clickhouse": self._warehouse.client.server_version,
        }

    def _summary(self, load: Load, plan: Plan) -> dict[str, Any]:
        return {
            "status": load.status,
            "load_id": load.load_id,
            "files": load.files,
            "rows_read": load.rows_read,
            "rows_loaded": load.rows_loaded,
            "rows_rejected": load.rows_rejected,
            "rejected_by_reason": load.rejected_by_reason,
            "min_event_time": load.min_event_time,
            "max_event_time": load.max_event_time,
            "replaced": list(plan.replaces),
            "skipped": dict(plan.skipped),
            "seconds": self._report.seconds,
        }


def _complete(load: Load, landed: Landed, rows: int) -> None:
    """Fill in the counts, after checking that no row is lost or doubled."""
    if landed.loaded + landed.rejected != rows:
        raise IngestError(
            f"Spark has read {rows:,} rows, but ClickHouse holds {landed.loaded:,} loaded and"
            f" {landed.rejected:,} rejected ones. Nothing was published. Run the command again; if the"
            " numbers still disagree, report it with the file."
        )
    load.rows_read, load.rows_loaded, load.rows_rejected = rows, landed.loaded, landed.rejected
    load.rejected_by_reason = landed.by_reason
    load.min_event_time, load.max_event_time = landed.first, landed.last
    load.finished_at = datetime.now(UTC)


def _reason(error: Exception) -> str:
    """The file and the innermost cause that Java names, in one line."""
    text = str(error)
    file = re.search(r"reading file (\S+?)\.?(?:\s|$)", text)
    causes = re.findall(r"Caused by: (.*)", text)
    which = name_of(file[1]) if file else "the files"
    return f"Spark could not read {which}: {causes[-1] if causes else text.splitlines()[0]}"
