"""The raw layer in ClickHouse: the tables that ingestion writes and dbt reads, and the manifest of loads."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from business_telemetry.ingest.columns import COLUMNS, REJECTED, structure
from business_telemetry.ingest.plan import LoadedFiles
from business_telemetry.ingest.upgrade import upgrade

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

EVENTS: Final = (
    f"(load_id String, {structure(COLUMNS)}) engine {{engine}}MergeTree"
    " partition by load_id order by (toYYYYMM(timestamp), userid, timestamp)"
)
REJECTED_EVENTS: Final = (
    f"(load_id String, {structure(REJECTED)}) engine {{engine}}MergeTree"
    " partition by load_id order by (source_file, source_line)"
)
#: When a column of events tells something; else when it is not empty.
TELLS: Final = {
    "row_index": "row_index != source_line",
    "value": "value != 0",
    "quantity": "quantity != 1",
    "age": "age is not null",
}
#: A part of a task that Spark repeats is taken once.
LANDING: Final = " settings {kind}_deduplication_window = 10000"

LOADS: Final = """(
    load_id String, files Array(String), file_fingerprints Array(String), fingerprint String,
    contract LowCardinality(String), contract_hash String, currency LowCardinality(String),
    rows_read UInt64, rows_loaded UInt64, rows_rejected UInt64, rows_ignored UInt64,
    rejected_by_reason Map(String, UInt64), ignored_by_action Map(String, UInt64),
    min_event_time Nullable(DateTime('UTC')), max_event_time Nullable(DateTime('UTC')),
    started_at DateTime64(3, 'UTC'), finished_at Nullable(DateTime64(3, 'UTC')),
    status LowCardinality(String), tool_versions Map(String, String), updated_at DateTime64(3, 'UTC')
) engine {engine}ReplacingMergeTree(updated_at) order by load_id"""

TABLES: Final = {"events": EVENTS, "rejected_events": REJECTED_EVENTS, "loads": LOADS}


@dataclass(frozen=True)
class Landing:
    """The landing tables of a load: rows that nobody reads yet."""

    load_id: str
    events: str
    rejected: str


@dataclass
class Load:
    """One row of the manifest. Status: loading, loaded, refused, replaced or undone; only `loaded` counts."""

    load_id: str
    files: list[str]
    file_fingerprints: list[str]
    fingerprint: str
    contract: str
    contract_hash: str
    currency: str
    started_at: datetime
    status: str = "loading"
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_ignored: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    ignored_by_action: dict[str, int] = field(default_factory=dict)
    min_event_time: datetime | None = None
    max_event_time: datetime | None = None
    finished_at: datetime | None = None
    tool_versions: dict[str, str] = field(default_factory=dict)


def ensure_raw_tables(client: Client, schema: str, zone: str, cluster: str | None = None) -> list[str]:
    """Create the database `<schema>_raw` and its empty tables where they are missing.

    Returns:
        The tables that had an earlier version's form and were rebuilt; `zone` is that of their stamps.
    """
    everywhere, engine = placed(cluster)
    client.command(f"create database if not exists `{schema}_raw`{everywhere}")
    tables = {name: f"{everywhere} {columns.format(engine=engine)}" for name, columns in TABLES.items()}
    old = upgrade(client, f"{schema}_raw", tables, zone, everywhere)
    for name, definition in tables.items():
        client.command(f"create table if not exists `{schema}_raw`.{name} {definition}")
    return old


def placed(cluster: str | None) -> tuple[str, str]:
    """What DDL says on a cluster, and how its engines begin; both empty without one."""
    return (f" on cluster `{cluster}`", "Replicated") if cluster else ("", "")


class RawLayer:
    """Reads and writes the manifest, and swaps partitions.

    On a cluster every table is replicated, created and dropped everywhere, and a change of one is made once:
    replication carries it to the others.
    """

    def __init__(self, client: Client, schema: str, cluster: str | None = None) -> None:
        self.client = client
        self.database = f"{schema}_raw"
        self.raw = f"`{self.database}`"
        self._everywhere, self._engine = placed(cluster)

    def loaded(self) -> list[LoadedFiles]:
        """The loads that count, oldest first."""
        rows = self._rows(
            "select load_id, files, file_fingerprints, contract_hash from {raw}.loads final"
            " where status = 'loaded' order by started_at, load_id"
        )
        return [LoadedFiles(one, tuple(names), tuple(prints), by) for one, names, prints, by in rows]

    def unfinished(self) -> list[str]:
        """Loads that have begun and not ended."""
        rows = self._rows("select load_id from {raw}.loads final where status = 'loading'")
        return [load_id for (load_id,) in rows]

    def now(self) -> datetime:
        """The time by the warehouse's clock; always later than any stamp of the manifest.

        What is written last must win, and come last in lists, though a clock is set back or hosts disagree.
        """
        ((now,),) = self._rows(
            "select toUnixTimestamp64Milli(greatest(now64(3), max(updated_at) + toIntervalMillisecond(1)))"
            " from {raw}.loads"
        )
        return datetime.fromtimestamp(now / 1000, UTC)

    def currencies(self) -> set[str]:
        """The currencies of the loads that count, in capitals as contracts have them."""
        return {
            code
            for (code,) in self._rows(
                "select distinct upper(currency) from {raw}.loads final where status = 'loaded'"
            )
        }

    def tells(self, contract: str, key: str) -> bool:
        """Does any load that counts tell something in a column, of those by a contract?

        Args:
            contract: its name.
            key: the column's, in contracts.
        """
        column = next(column.name for column in COLUMNS if column.key == key)
        return bool(
            self._rows(
                f"""select 1 from {{raw}}.events
                where load_id in (
                    select load_id from {{raw}}.loads final
                    where status = 'loaded' and contract = {{contract:String}}
                ) and {TELLS.get(column, f"{column} != ''")}
                limit 1""",
                contract=contract,
            )
        )

    def replaced(self, load_ids: Sequence[str]) -> list[Load]:
        """The rows of loads as they are to be written when the loads count no more."""
        names = ", ".join(column.name for column in fields(Load))
        rows = self._rows(
            f"select {names} from {{raw}}.loads final where load_id in {{ids:Array(String)}}",
            ids=list(load_ids),
        )
        return [replace(Load(*row), status="replaced") for row in rows]

    def write(self, *loads: Load, at: datetime | None = None) -> None:
        """Write rows of loads as one block: all or none.

        Args:
            loads: the rows.
            at: their stamp, of `now`: where somebody has written a later one meanwhile, that one counts.
        """
        names = [column.name for column in fields(Load)]
        now = at or self.now()
        rows = ({**asdict(each), "updated_at": now} for each in loads)
        # as JSON: the client's own insert imports pandas
        block = "\n".join(json.dumps(row, ensure_ascii=False, default=_stamp) for row in rows)
        self.client.raw_insert(
            f"{self.raw}.loads", [*names, "updated_at"], insert_block=block.encode(), fmt="JSONEachRow"
        )
        self._command("optimize table {raw}.loads final")

    def undo(self, load_id: str) -> Load | None:
        """Let a load count no more; `sweep` removes its rows.

        Returns:
            The load, or None when no load of that name counts.
        """
        names = ", ".join(column.name for column in fields(Load))
        rows = self._rows(
            f"select {names} from {{raw}}.loads final where load_id = {{id:String}} and status = 'loaded'",
            id=load_id,
        )
        if not rows:
            return None
        load = Load(*rows[0])
        load.status = "undone"
        self.write(load)
        return load

    def forget(self, load_ids: Sequence[str]) -> None:
        """Delete the rows of loads that never ended."""
        self._command(
            "alter table {raw}.loads delete where status = 'loading' and load_id in {ids:Array(String)}"
            " settings mutations_sync = 2",
            ids=list(load_ids),
        )

    def create_landing(self, load_id: str) -> Landing:
        """Make the empty landing tables of one attempt to load; none but this attempt knows their names."""
        attempt = f"{load_id}_{uuid.uuid4().hex[:8]}"
        landing = Landing(
            load_id, *(f"{self.raw}.landing_{name}_{attempt}" for name in ("events", "rejected"))
        )
        window = LANDING.format(kind="replicated" if self._engine else "non_replicated")
        for name, columns in ((landing.events, EVENTS), (landing.rejected, REJECTED_EVENTS)):
            self._command(
                f"create table {name}{self._everywhere} {columns.format(engine=self._engine)}{window}"
            )
        return landing

    def publish(self, landing: Landing) -> None:
        """Make the landed rows the load's partition of `events` and `rejected_events`."""
        for source, target in ((landing.events, "events"), (landing.rejected, "rejected_events")):
            # newer servers refuse to replace a partition by nothing
            landed = self._rows(f"select 1 from {source} limit 1")
            verb, origin = ("replace", f"from {source}") if landed else ("drop", "")
            change = f"alter table {{raw}}.{target} {verb} partition {{id:String}} {origin}"
            self._command(change, id=landing.load_id)

    def published(self, load_id: str) -> tuple[int, int]:
        """How many rows of a load lie in `events` and in `rejected_events`."""
        ((events, rejected),) = self._rows(
            "select (select count() from {raw}.events where load_id = {id:String}),"
            " (select count() from {raw}.rejected_events where load_id = {id:String})",
            id=load_id,
        )
        return events, rejected

    def sweep(self) -> None:
        """Remove what interrupted, refused and replaced loads have left: landing tables and partitions."""
        landing = (
            "select name from system.tables where database = {db:String} and startsWith(name, 'landing_')"
        )
        for (name,) in self._rows(landing, db=self.database):
            self._drop(f"{self.raw}.`{name}`")
        stale = """select distinct table, partition from system.parts
            where database = {db:String} and table in ('events', 'rejected_events') and active
              and partition not in (select load_id from {raw}.loads final where status = 'loaded')"""
        for table, partition in self._rows(stale, db=self.database):
            self._command(f"alter table {{raw}}.{table} drop partition {{id:String}}", id=partition)

    def _drop(self, table: str) -> None:
        self._command(f"drop table if exists {table}{self._everywhere} sync")

    def _rows(self, sql: str, **parameters: object) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self.client.query(
            sql.replace("{raw}", self.raw), parameters=parameters
        ).result_rows
        return rows

    def _command(self, sql: str, **parameters: object) -> None:
        self.client.command(sql.replace("{raw}", self.raw), parameters=parameters)


def _stamp(value: datetime) -> str:
    """A time as ClickHouse reads it, in UTC to the millisecond."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
