"""From staged Parquet into ClickHouse's landing tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from business_telemetry.ingest.raw_layer import Landing
from business_telemetry.ingest.sources import PARQUET, name_of
from business_telemetry.ingest.stage import Split, Staged
from business_telemetry.ingest.validate import BLANK, LOOSE, REASONS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from business_telemetry.warehouse import Warehouse

#: The staged columns, as ClickHouse reads them.
STRUCTURE: Final = (
    "path String, block Int64, id Int64, broken Int32, raw_line Nullable(String), row_index Nullable(Int64),"
    " userid String, sessionid Int64, timestamp Int64, action String, value Decimal(18, 6), category String,"
    " age Nullable(UInt8), gender String, city String"
)
EVENTS: Final = """{events} select load_id, source_file, id + shift as source_line,
    if(row_index >= 0, assumeNotNull(row_index), source_line), userid, sessionid, toDateTime(timestamp, 'UTC'),
    action, value, category, age, gender, city
from {source} as staged inner join {splits} as splits using (path, block)"""
REJECTED: Final = """{rejected} select load_id, source_file, id + shift as source_line, assumeNotNull(raw_line),
    arrayMap(bit -> [{names}][bit + 1], bitPositionsToArray(broken))
from {source} as staged inner join {splits} as splits using (path, block)
where bitAnd(broken, {skip}) = 0 and source_line > headers"""


@dataclass(frozen=True)
class Landed:
    """What ClickHouse counts in the landing tables."""

    loaded: int
    rejected: int
    by_reason: dict[str, int]
    first: datetime | None
    last: datetime | None


def land(warehouse: Warehouse, staging: str, staged: Staged, landing: Landing) -> None:
    """Copy the staged rows into the landing tables, with their line numbers."""
    client = warehouse.client
    client.insert(
        landing.splits,
        [_split_row(landing.load_id, split) for split in staged.splits],
        column_names=["load_id", "path", "block", "shift", "source_file", "headers"],
    )
    # stitching has written all loose lines again: those among `lines` do not count any more
    parts = [("lines", LOOSE), ("stitched", BLANK)] if staged.stitched else [("lines", BLANK)]
    names = ", ".join(f"'{name}'" for name in REASONS)
    for part, skip in parts:
        for folder, statement in (("accepted=true", EVENTS), ("accepted=false", REJECTED)):
            _insert(
                warehouse,
                statement.format(
                    source="{source}",
                    names=names,
                    skip=skip,
                    events=landing.events,
                    rejected=landing.rejected,
                    splits=landing.splits,
                ),
                Path(staging, part, folder),
            )


def count(client: Client, landing: Landing) -> Landed:
    """Count what has landed."""
    ((loaded, first, last),) = client.query(
        f"select count(), toUnixTimestamp(min(timestamp)), toUnixTimestamp(max(timestamp)) from {landing.events}"
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
    return client.query(  # type: ignore[return-value]
        f"""select toString(reason) as reason, toString(source_file), source_line, toValidUTF8(left(raw_line, 200))
        from {landing.rejected} array join reasons as reason
        order by reason, source_file, source_line limit {each:d} by reason"""
    ).result_rows


def _insert(warehouse: Warehouse, statement: str, folder: Path) -> None:
    files = sorted(folder.glob("*.parquet"))
    if not files:
        return
    if warehouse.path is not None:
        source = f"file('{folder}/*.parquet', 'Parquet', '{STRUCTURE}')"
        warehouse.client.command(f"insert into {statement.format(source=source)}")
        return
    for path in files:
        with path.open("rb") as file:
            target = statement.format(source=f"input('{STRUCTURE}')")
            warehouse.client.raw_insert(target, insert_block=file, fmt="Parquet")


def _split_row(load_id: str, split: Split) -> Sequence[object]:
    headers = 0 if split.path.lower().endswith(PARQUET) else 1
    shift = split.lines_before - split.first_id + 1
    return [load_id, split.path, split.block, shift, name_of(split.path), headers]
