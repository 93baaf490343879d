"""One ingestion, from the sources to the published load."""

from __future__ import annotations

import platform
import shutil
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from business_telemetry import __version__
from business_telemetry.ingest.contract_file import DEFAULT, load_contract
from business_telemetry.ingest.errors import (
    BadSource,
    IngestError,
    LoadFailed,
    TooManyRejected,
    WarehouseBusy,
    of_code,
)
from business_telemetry.ingest.files import SourceFile, is_remote, require_unchanged, scan
from business_telemetry.ingest.lock import TAKEN_OVER, Lock
from business_telemetry.ingest.plan import Plan, plan_load, some_of
from business_telemetry.ingest.raw_layer import Landing, Load, RawLayer, ensure_raw_tables
from business_telemetry.ingest.report import Report
from business_telemetry.warehouse import Warehouse, one_line

if TYPE_CHECKING:
    from business_telemetry.ingest.land import Landed
    from business_telemetry.ingest.sink import SinkSpec
    from business_telemetry.ingest.spark import Starting
    from business_telemetry.ingest.task import Outcome, Task

#: What engines, servers, connections and disks raise.
FROM_OUTSIDE: Final = (ClickHouseError, OSError, HTTPError)


@dataclass(frozen=True)
class Options:
    """What the user may choose.

    Attributes:
        log: the log's contract, by name or path.
        replace: may the load supersede loads of files that have changed?
        max_rejected: the greatest share of rejected rows (0 to 1) that is still published.
        staging: where tasks leave files for an embedded engine; None means in the warehouse.
        master: a Spark master; None means spark-submit's, else `local[*]`.
        project_dir: where `logs/` is.
    """

    log: str = DEFAULT
    replace: bool = False
    max_rejected: float = 0.05
    staging: str | None = None
    master: str | None = None
    project_dir: Path = Path()


@dataclass(frozen=True)
class Found:
    """What the tasks have found.

    Attributes:
        rows: as the files' lines tell.
        ignored: rows that the contract ignores, by the log's own word for their action.
        absent: file -> columns that the contract names and the file has not.
    """

    rows: int
    ignored: dict[str, int]
    absent: dict[str, list[str]]


class Ingestion:
    """Loads files into a warehouse; `run` does everything.

    Args:
        warehouse: where to load into.
        report: who is told.
        options: what the user chose.
        spark: where it is starting already; None means to start it when there is something to load.
    """

    def __init__(
        self, warehouse: Warehouse, report: Report, options: Options, spark: Starting | None = None
    ) -> None:
        self._warehouse, self._report, self._options, self._spark = warehouse, report, options, spark
        self._raw = RawLayer(warehouse.client, warehouse.schema, warehouse.cluster)
        self._contract = load_contract(options.log)
        self._lock = Lock.of(warehouse)

    def run(self, names: Sequence[str]) -> dict[str, Any]:
        """Load the files that are not loaded yet, as one load, and return its summary.

        Args:
            names: of files, as `find_files` gives them; none is looked for again.

        Raises:
            IngestError: nothing was published; its class carries the exit code.
        """
        try:
            return self._run_claimed(names)
        except FROM_OUTSIDE as error:
            told = f"{self._warehouse.label}: {one_line(error)}; run the same command again."
            raise LoadFailed(told) from error

    def _run_claimed(self, names: Sequence[str]) -> dict[str, Any]:
        zone = self._contract.columns["time"].zone
        warehouse = self._warehouse
        if ensure_raw_tables(warehouse.client, warehouse.schema, zone, warehouse.cluster):
            self._report.note(
                f"The raw tables were of an earlier version and have been rebuilt, stamps taken in {zone}."
                " Run `dbt build --full-refresh` once."
            )
        with self._report.stage("Looking for new files"):
            given = self._scan(names)
            plan = self._plan(given)
        self._tell_skipped(plan)
        if not plan.files and not plan.replaces:
            self._sweep_if_free()
            self._report.note("Nothing to load.")
            return {"status": "nothing to load", "skipped": dict(plan.skipped)}
        tasks = self._tasks(plan)
        self._lock.claim(plan.load_id if plan.files else "")
        try:
            if self._plan(given) != plan:
                raise WarehouseBusy("Another process has just loaded into this warehouse. Run again.")
            summary = self._load(plan, tasks) if plan.files else self._replace(plan)
        except BaseException:
            # what went wrong is told, and not that tidying up fails for the same reason: the next run does it
            with suppress(*FROM_OUTSIDE):
                self._tidy()
            raise
        self._tidy()
        return summary

    def _plan(self, given: Sequence[SourceFile]) -> Plan:
        return plan_load(given, self._raw.loaded(), self._options.replace, self._contract.hash)

    def _tell_skipped(self, plan: Plan) -> None:
        by_reason: dict[str, list[str]] = defaultdict(list)
        for name, reason in plan.skipped:
            by_reason[reason].append(name)
        for reason, names in by_reason.items():
            self._report.note(f"{some_of(names)}: {reason}")
        if plan.read_otherwise:
            self._report.note(
                f"Read by another contract, or before contract {self._contract.name} was changed: load"
                f" {some_of(plan.read_otherwise)}. What is loaded stays as it is; to have it read anew:"
                f" telemetry loads --undo {plan.read_otherwise[0]}, then this command again."
            )

    def _tidy(self) -> None:
        try:
            # who has been taken over has nothing to tidy any more
            if self._lock.holds:
                self._clear_leftovers()
        finally:
            self._lock.release()

    def _sweep_if_free(self) -> None:
        """Tidy up after a process that was killed when its load was published already."""
        try:
            self._lock.claim()
        except WarehouseBusy:
            return
        try:
            self._clear_leftovers()
        finally:
            self._lock.release()

    def _replace(self, plan: Plan) -> dict[str, Any]:
        """What the files hold now is loaded already, under other names; what they held counts no more."""
        self._raw.write(*self._raw.replaced(plan.replaces))
        return {"status": "replaced", "replaced": list(plan.replaces), "skipped": dict(plan.skipped)}

    def _load(self, plan: Plan, tasks: Sequence[Task]) -> dict[str, Any]:
        self._require_one_currency()
        # first of all, so that no row of a process that this one has taken over comes after it and counts
        load = self._begin(plan)
        self._clear_leftovers(plan.load_id)
        landing, found = self._read_and_land(plan, tasks)
        lost = self._lost({task.file for task in tasks}, found.absent)
        with self._report.stage("Publishing"):
            strays = self._finish(load, plan, landing, found)
        told = {"absent": found.absent, "lost_columns": lost, "stray_days": strays}
        return self._summary(load, plan) | told | {"seconds": self._report.seconds}

    def _scan(self, names: Sequence[str]) -> list[SourceFile]:
        with ThreadPoolExecutor(8 if any(map(is_remote, names)) else 2) as pool:
            files = list(pool.map(scan, names))
        if all(file.stat.size == 0 for file in files):
            raise BadSource(f"{', '.join(names)}: the file is empty, it has not even a header line")
        for file in files:
            if file.stat.size == 0:
                self._report.note(f"{file.name}: is empty, left out")
        return [file for file in files if file.stat.size]

    def _tasks(self, plan: Plan) -> list[Task]:
        from business_telemetry.ingest.header import numbered, tasks_of

        tasks: list[Task] = []
        for file in plan.files:
            opened = tasks_of(file, self._contract)
            if opened is None:  # packed emptiness
                raise BadSource(f"{file.name}: the file is empty, it has not even a header line")
            if opened[1].absent:
                self._require_currency(file.name, opened[1].absent)
                self._report.note(
                    f"{file.name}: no column {', '.join(opened[1].absent)}; what it would tell is unknown"
                )
            tasks += opened[0]
        return numbered(tasks)

    def _require_currency(self, name: str, absent: Sequence[str]) -> None:
        """What an amount is in cannot be unknown: it would pass for the contract's own currency."""
        currency = self._contract.currency
        if currency.source in absent:
            raise BadSource(
                f"{name}: no column {currency.source}, by which contract {self._contract.name} tells the"
                " currency of each amount. Write the column's name there (telemetry inspect shows what the"
                f" file holds), or, if all amounts are in {currency.code}, only: currency: {currency.code}"
            )

    def _lost(self, files: set[str], absent: Mapping[str, Sequence[str]]) -> list[str]:
        """Columns that none of the files has, though earlier loads of its contract tell something there.

        A log that never had a column is no news; one that has it no more has perhaps renamed it.
        """
        lost = [
            field.source
            for key, field in self._contract.columns.items()
            if files
            and all(field.source in absent.get(file, ()) for file in files)
            and self._raw.tells(self._contract.name, key)
        ]
        for column in lost:
            self._report.note(
                f"No file has column {column}, which earlier loads of contract {self._contract.name} have."
                " If it has another name now, write that in the contract and load again after"
                " `telemetry loads --undo`; if it is gone for good, leave it out there."
            )
        return lost

    def _require_one_currency(self) -> None:
        others = self._raw.currencies() - {self._contract.currency.code}
        if others:
            raise BadSource(
                f"The warehouse holds amounts in {', '.join(sorted(others))}, and those of the contract"
                f" {self._contract.name} are in {self._contract.currency.code}: they cannot be added. Load"
                " into another warehouse, or convert by rates in the contract."
            )

    def _staging(self) -> Path:
        base = self._options.staging or staging_of(self._warehouse, self._options.project_dir)
        return Path(base).absolute()

    def _clear_leftovers(self, mine: str = "") -> None:
        clear_leftovers(self._raw, self._staging(), mine)

    def _begin(self, plan: Plan) -> Load:
        load = Load(
            load_id=plan.load_id,
            files=[file.name for file in plan.files],
            file_fingerprints=[file.fingerprint for file in plan.files],
            fingerprint=plan.fingerprint,
            contract=self._contract.name,
            contract_hash=self._contract.hash,
            currency=self._contract.currency.code,
            started_at=self._raw.now(),
        )
        self._raw.write(load)
        return load

    def _read_and_land(self, plan: Plan, tasks: Sequence[Task]) -> tuple[Landing, Found]:
        from business_telemetry.ingest.land import land_files
        from business_telemetry.ingest.sink import Folder

        landing = self._raw.create_landing(plan.load_id)
        # a directory of its own for each attempt: workers of a killed one may write for a moment longer
        folder = self._staging() / plan.load_id / uuid.uuid4().hex[:8]
        server = self._warehouse.server
        spec: SinkSpec = (
            server.sink(plan.load_id, {"events": landing.events, "rejected": landing.rejected})
            if server
            else Folder(str(folder))
        )
        try:
            outcomes = self._run(tasks, spec)
            found = self._found(plan, tasks, outcomes, spec)
            for file in plan.files:
                require_unchanged(file)
            if not server:
                with self._report.stage("Loading into ClickHouse"):
                    land_files(self._warehouse.client, folder, landing)
        finally:
            shutil.rmtree(folder.parent, ignore_errors=True)
        return landing, found

    def _run(self, tasks: Sequence[Task], spec: SinkSpec) -> list[Outcome]:
        from business_telemetry.ingest.spark import Starting, run_tasks
        from business_telemetry.ingest.task import run

        with self._report.stage("Starting Spark"):
            log = self._options.project_dir / "logs" / "spark.log"
            context = (self._spark or Starting(self._options.master, log)).context()
        with self._report.stage("Reading and validating") as progress:
            outcomes = list(
                run_tasks(context, partial(run, contract=self._contract, spec=spec), tasks, progress)
            )
        for outcome in outcomes:
            if outcome.error:
                raise of_code(*outcome.error)
        return outcomes

    def _found(self, plan: Plan, tasks: Sequence[Task], outcomes: list[Outcome], spec: SinkSpec) -> Found:
        """Add up what the tasks tell, once the lines at the edges of pieces are put together too.

        Raises:
            LoadFailed: Spark has not read a file's every line once.
        """
        from business_telemetry.ingest.task import absent_columns, run_edges

        by_file: dict[str, list[Outcome]] = defaultdict(list)
        for task, outcome in zip(tasks, outcomes, strict=True):
            by_file[task.file].append(outcome)
        task_of = {task.file: task for task in tasks}
        for number, (name, parts) in enumerate(by_file.items(), start=len(tasks)):
            edges = [line for part in parts for line in part.edges]
            if edges:
                # like a task: a sink takes rows of one file
                sink = spec.open(number)
                parts.append(run_edges(task_of[name], edges, self._contract, sink))
                sink.close()
        rows, ignored = 0, Counter[str]()
        absent: dict[str, list[str]] = {}
        for file in plan.files:
            parts = by_file[file.name]
            lines = sum(part.lines for part in parts)
            if file.lines and file.lines != lines:
                raise LoadFailed(f"{file.name}: Spark has read {lines:,} of {file.lines:,} lines; run again.")
            task = task_of[file.name]
            rows += lines - (task.kind == "csv") - sum(part.blank + part.joined for part in parts)
            for part in parts:
                ignored.update(part.ignored)
            missing = absent_columns(task, parts, self._contract)
            if missing and task.kind == "jsonl":  # of others, the beginning has told it
                self._report.note(
                    f"{file.name}: no line has {', '.join(missing)}; what it would tell is unknown"
                )
            if missing:
                absent[file.name] = missing
        return Found(rows, dict(ignored.most_common()), absent)

    def _finish(self, load: Load, plan: Plan, landing: Landing, found: Found) -> dict[str, int]:
        """Check the counts and publish or refuse: the manifest row decides.

        Returns:
            Days that lie apart from all others, and their rows.
        """
        from business_telemetry.ingest.land import count, examples, stray_days

        landed = count(self._warehouse.client, landing)
        _complete(load, landed, found)
        load.finished_at = self._raw.now()
        load.tool_versions = self._versions()
        limit = self._options.max_rejected
        self._lock.require()
        if landed.rejected > limit * found.rows:
            load.status = "refused"
            self._raw.write(load)
            self._report.rejections(landed.by_reason, examples(self._warehouse.client, landing))
            raise TooManyRejected(
                f"{landed.rejected:,} of {found.rows:,} rows ({landed.rejected / found.rows:.1%}) are"
                f" malformed, more than --max-rejected {limit:.1%} allows. Nothing was loaded."
                " Correct the file, or the contract (telemetry inspect), or raise the limit."
            )
        strays = {str(day): rows for day, rows in stray_days(self._warehouse.client, landing)}
        for day, rows in strays.items():
            self._report.note(f"{rows:,} rows of {day} lie apart from all others; charts do not reach there")
        self._raw.publish(landing)
        self._declare(load, self._raw.replaced(plan.replaces))
        return strays

    def _declare(self, load: Load, replaced: Sequence[Load]) -> None:
        """Write that a load counts, unless another process has taken over, up to this very statement.

        Who takes over writes a row of its own for the load before it sweeps anything. So there are two cases:
        it has not begun, and what was published stands; or its row is later than the stamp that is taken here
        before the claim is looked at, and counts in the place of this one.
        """
        stamp = self._raw.now()
        published = self._raw.published(load.load_id)
        self._lock.require()
        if published != (load.rows_loaded, load.rows_rejected):
            raise LoadFailed(
                f"Of {load.rows_loaded:,} rows and {load.rows_rejected:,} rejected ones that were swapped in,"
                f" {published[0]:,} and {published[1]:,} are there. Nothing was published. Run again."
            )
        load.status = "loaded"
        self._raw.write(load, *replaced, at=stamp)
        if load.load_id not in {each.load_id for each in self._raw.loaded()}:
            raise WarehouseBusy(TAKEN_OVER)

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
            "contract": load.contract,
            "files": load.files,
            "rows_read": load.rows_read,
            "rows_loaded": load.rows_loaded,
            "rows_rejected": load.rows_rejected,
            "rejected_by_reason": load.rejected_by_reason,
            "rows_ignored": load.rows_ignored,
            "ignored_by_action": load.ignored_by_action,
            "min_event_time": load.min_event_time,
            "max_event_time": load.max_event_time,
            "replaced": list(plan.replaces),
            "skipped": dict(plan.skipped),
        }


def staging_of(warehouse: Warehouse, project: Path) -> Path:
    """Where tasks leave files by default."""
    return (warehouse.path or project / "target") / "ingest-staging"


def clear_leftovers(raw: RawLayer, staging: Path, mine: str = "") -> None:
    """Remove whatever belongs to no load that counts. The caller holds the claim: nobody else is loading.

    Args:
        raw: where.
        staging: where tasks leave files.
        mine: the caller's own load, whose row in the manifest stays.
    """
    unfinished = raw.unfinished()
    for load_id in unfinished:
        shutil.rmtree(staging / load_id, ignore_errors=True)
    raw.forget([load_id for load_id in unfinished if load_id != mine])
    raw.sweep()


def _complete(load: Load, landed: Landed, found: Found) -> None:
    """Fill in the counts, after checking that no row is lost or doubled."""
    ignored = sum(found.ignored.values())
    if landed.loaded + landed.rejected + ignored != found.rows:
        raise IngestError(
            f"Spark has read {found.rows:,} rows, but ClickHouse holds {landed.loaded:,} loaded and"
            f" {landed.rejected:,} rejected ones, and {ignored:,} are ignored. Nothing was published. Run the"
            " command again; if the numbers still disagree, report it with the file."
        )
    load.rows_read, load.rows_loaded, load.rows_rejected = found.rows, landed.loaded, landed.rejected
    load.rows_ignored, load.ignored_by_action = ignored, found.ignored
    load.rejected_by_reason = landed.by_reason
    load.min_event_time, load.max_event_time = landed.first, landed.last
