"""The raw layer in ClickHouse: the tables that ingestion writes and dbt reads, and the manifest of loads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from business_telemetry.ingest.plan import LoadedFiles

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

EVENTS: Final = """(
    load_id String, source_file LowCardinality(String), source_line UInt64, row_index UInt64,
    userid String, sessionid UInt64, timestamp DateTime('UTC'), action LowCardinality(String),
    value Decimal(18, 6), category LowCardinality(String), age Nullable(UInt8),
    gender LowCardinality(String), city LowCardinality(String)
) engine {engine}MergeTree partition by load_id order by (toYYYYMM(timestamp), userid, timestamp)"""

REJECTED: Final = """(
    load_id String, source_file LowCardinality(String), source_line UInt64, raw_line String,
    reasons Array(LowCardinality(String))
) engine {engine}MergeTree partition by load_id order by (source_file, source_line)"""

LOADS: Final = """(
    load_id String, files Array(String), file_fingerprints Array(String), fingerprint String,
    rows_read UInt64, rows_loaded UInt64, rows_rejected UInt64, rejected_by_reason Map(String, UInt64),
    min_event_time Nullable(DateTime('UTC')), max_event_time Nullable(DateTime('UTC')),
    started_at DateTime64(3, 'UTC'), finished_at Nullable(DateTime64(3, 'UTC')),
    status LowCardinality(String), tool_versions Map(String, String), updated_at DateTime64(3, 'UTC')
) engine {engine}ReplacingMergeTree(updated_at) order by load_id"""

SPLITS: Final = """(
    load_id String, path String, block Int64, shift Int64, source_file String, headers UInt8
) engine {engine}MergeTree order by (path, block)"""

TABLES: Final = {"events": EVENTS, "rejected_events": REJECTED, "loads": LOADS}


@dataclass(frozen=True)
class Landing:
    """The landing tables of a load: rows that nobody reads yet, and where the pieces of its files begin."""

    load_id: str
    events: str
    rejected: str
    splits: str


@dataclass
class Load:
    """One row of the manifest. Status: loading, loaded, refused or replaced; only `loaded` counts."""

    load_id: str
    files: list[str]
    file_fingerprints: list[str]
    fingerprint: str
    started_at: datetime
    status: str = "loading"
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    min_event_time: datetime | None = None
    max_event_time: datetime | None = None
    finished_at: datetime | None = None
    tool_versions: dict[str, str] = field(default_factory=dict)


def ensure_raw_tables(client: Client, schema: str, cluster: str | None = None) -> None:
    """Create the database `<schema>_raw` and its empty tables where they are missing."""
    everywhere = f"on cluster `{cluster}`" if cluster else ""
    engine = "Replicated" if cluster else ""
    client.command(f"create database if not exists `{schema}_raw` {everywhere}")
    for name, structure in TABLES.items():
        client.command(
            f"create table if not exists `{schema}_raw`.{name} {everywhere} {structure.format(engine=engine)}"
        )


class RawLayer:
    """Reads and writes the manifest, and swaps partitions."""

    def __init__(self, client: Client, schema: str) -> None:
        self.client = client
        self.database = f"`{schema}_raw`"

    def loaded(self) -> list[LoadedFiles]:
        """The loads that count."""
        rows = self.client.query(
            f"select load_id, files, file_fingerprints from {self.database}.loads final where status = 'loaded'"
        ).result_rows
        return [LoadedFiles(load_id, tuple(names), tuple(prints)) for load_id, names, prints in rows]

    def unfinished(self) -> list[tuple[str, dict[str, str]]]:
        """Loads that have begun and not ended, with what they noted about themselves."""
        return self.client.query(  # type: ignore[return-value]
            f"select load_id, tool_versions from {self.database}.loads final where status = 'loading'"
        ).result_rows

    def write(self, load: Load, replaces: Sequence[str] = ()) -> None:
        """Write a load's row, and mark others as replaced by it, as one block: both or neither."""
        now = datetime.now(UTC)
        columns = [column.name for column in fields(Load)]
        rows = [[getattr(load, column) for column in columns]]
        if replaces:
            rows += self.client.query(
                f"select {', '.join(columns)} from {self.database}.loads final where load_id in {{ids:Array(String)}}",
                parameters={"ids": list(replaces)},
            ).result_rows
            status = columns.index("status")
            rows = [rows[0]] + [[*row[:status], "replaced", *row[status + 1 :]] for row in rows[1:]]
        self.client.insert(
            f"{self.database}.loads", [[*row, now] for row in rows], column_names=[*columns, "updated_at"]
        )
        self.client.command(f"optimize table {self.database}.loads final")

    def forget(self, load_ids: Sequence[str]) -> None:
        """Delete the rows of loads that never ended."""
        self.client.command(
            f"alter table {self.database}.loads delete where load_id in {{ids:Array(String)}} and status = 'loading'",
            parameters={"ids": list(load_ids)},
            settings={"mutations_sync": 2},
        )

    def create_landing(self, load_id: str) -> Landing:
        """Make the empty landing tables of a load, dropping what an earlier attempt has left."""
        landing = Landing(
            load_id,
            *(f"{self.database}.landing_{name}_{load_id}" for name in ("events", "rejected", "splits")),
        )
        structures = {landing.events: EVENTS, landing.rejected: REJECTED, landing.splits: SPLITS}
        for name, structure in structures.items():
            self.client.command(f"drop table if exists {name} sync")
            self.client.command(f"create table {name} {structure.format(engine='')}")
        return landing

    def publish(self, landing: Landing) -> None:
        """Make the landed rows the load's partition of `events` and `rejected_events`."""
        for source, target in ((landing.events, "events"), (landing.rejected, "rejected_events")):
            self.client.command(
                f"alter table {self.database}.{target} replace partition {{id:String}} from {source}",
                parameters={"id": landing.load_id},
            )

    def sweep(self) -> None:
        """Remove what interrupted, refused and replaced loads have left: landing tables, partitions, rows."""
        database = self.database.strip("`")
        tables = self.client.query(
            "select name from system.tables where database = {db:String} and startsWith(name, 'landing_')",
            parameters={"db": database},
        ).result_rows
        for (name,) in tables:
            self.client.command(f"drop table if exists {self.database}.`{name}` sync")
        for table in ("events", "rejected_events"):
            stale = self.client.query(
                f"""select distinct partition from system.parts
                where database = {{db:String}} and table = {{table:String}} and active and partition not in
                    (select load_id from {self.database}.loads final where status = 'loaded')""",
                parameters={"db": database, "table": table},
            ).result_rows
            for (partition,) in stale:
                self.client.command(
                    f"alter table {self.database}.{table} drop partition {{id:String}}",
                    parameters={"id": partition},
                )
