"""From staged Parquet into ClickHouse's landing tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from business_telemetry.ingest.raw_layer import Landing
from business_telemetry.ingest.sources import PARQUET, name_of
from business_telemetry.ingest.stage import Staged
from business_telemetry.ingest.staging import Staging, line_shifts
from business_telemetry.ingest.validate import BLANK, LOOSE, REASONS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

#: The staged columns, as ClickHouse reads them.
STRUCTURE: Final = (
    "path String, block Int64, id Int64, broken Int32, raw_line Nullable(String), row_index Nullable(Int64),"
    " userid String, sessionid Int64, timestamp Int64, action String, value Decimal(18, 6), category String,"
    " age Nullable(UInt8), gender String, city String"
)
EVENTS: Final = """{events} select load_id, source_file, id + shift as source_line,
    if(row_index >= 0, assumeNotNull(row_index), source_line), userid, toString(sessionid),
    toDateTime(timestamp - timezoneOffset(toDateTime(timestamp, 'Europe/Moscow')), 'UTC'), action, value, 1,
    category, '', '', age, gender, city
from {source} as staged inner join {places} as places using (path, block)"""
REJECTED: Final = """{rejected} select load_id, source_file, id + shift as source_line,
    assumeNotNull(raw_line), arrayMap(bit -> [{names}][bit + 1], bitPositionsToArray(broken))
from {source} as staged inner join {places} as places using (path, block)
where bitAnd(broken, {skip}) = 0 and source_line > headers"""


@dataclass(frozen=True)
class Landed:
    """What ClickHouse counts in the landing tables."""

    loaded: int
    rejected: int
    by_reason: dict[str, int]
    first: datetime | None
    last: datetime | None


def land(client: Client, embedded: bool, staging: Staging, staged: Staged, landing: Landing) -> None:
    """Copy the staged rows into the landing tables, with their files and line numbers."""
    rows = [
        [landing.load_id, path, block, shift, name_of(path), 0 if path.lower().endswith(PARQUET) else 1]
        for (path, block), shift in line_shifts(staged.pieces).items()
    ]
    names = ["load_id", "path", "block", "shift", "source_file", "headers"]
    client.insert(landing.places, rows, column_names=names)
    # put together or not, `stitched` holds all loose lines again: those of `lines` do not count any more
    folders = [("lines", LOOSE), ("stitched", BLANK)] if staged.stitched else [("lines", BLANK)]
    for folder, skip in folders:
        for accepted, statement in (("accepted=true", EVENTS), ("accepted=false", REJECTED)):

            def insert_from(source: str, statement: str = statement, skip: int = skip) -> str:
                return statement.format(
                    source=source,
                    events=landing.events,
                    rejected=landing.rejected,
                    places=landing.places,
                    names=", ".join(f"'{name}'" for name in REASONS),
                    skip=skip,
                )

            _insert(client, embedded, staging, f"{folder}/{accepted}", insert_from)


def count(client: Client, landing: Landing) -> Landed:
    """Count what has landed."""
    ((loaded, first, last),) = client.query(
        "select count(), toUnixTimestamp(min(timestamp)), toUnixTimestamp(max(timestamp))"
        f" from {landing.events}"
    ).result_rows
    ((rejected,),) = client.query(f"select count() from {landing.rejected}").result_rows
    by_reason = client.query(
        f"select toString(arrayJoin(reasons)) as reason, count() from {landing.rejected} group by reason"
        " order by count() desc, reason"
    ).result_rows
    return Landed(
        loaded,
        rejected,
        dict(by_reason),
        datetime.fromtimestamp(first, UTC) if loaded else None,
        datetime.fromtimestamp(last, UTC) if loaded else None,
    )


def examples(client: Client, landing: Landing, each: int = 3) -> list[tuple[str, str, int, str]]:
    """A few rejected rows for each reason: reason, file, line, raw line."""
    rows = client.query(
        f"""select toString(reason) as reason, toString(source_file), source_line,
            toValidUTF8(left(raw_line, 200))
        from {landing.rejected} array join reasons as reason
        order by reason, source_file, source_line limit {each:d} by reason"""
    ).result_rows
    return [(reason, file, line, raw) for reason, file, line, raw in rows]


def _insert(
    client: Client, embedded: bool, staging: Staging, folder: str, insert_from: Callable[[str], str]
) -> None:
    """Insert the parts of a staged folder: an embedded engine reads them, a server is sent them."""
    parts = staging.parts(folder)
    if not parts:
        return
    if embedded or staging.is_remote:
        client.command(f"insert into {insert_from(staging.table_function(folder, STRUCTURE))}")
        return
    for part in parts:
        with staging.open(part) as stream:
            client.raw_insert(insert_from(f"input('{STRUCTURE}')"), insert_block=stream, fmt="Parquet")
