"""From tasks into ClickHouse's landing tables, and the count of what has arrived there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from business_telemetry.ingest.raw_layer import Landing
from business_telemetry.ingest.sink import insert

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

#: Days behind a gap of so many, with less than this share of all rows, are no part of the observed span.
STRAY_GAP_DAYS: Final = 90
STRAY_SHARE: Final = 0.001


@dataclass(frozen=True)
class Landed:
    """What ClickHouse counts in the landing tables."""

    loaded: int
    rejected: int
    by_reason: dict[str, int]
    first: datetime | None
    last: datetime | None


def land_files(client: Client, folder: Path, landing: Landing) -> None:
    """Copy what the tasks have left in a folder into the landing tables of the embedded engine."""
    tables = {"events": landing.events, "rejected": landing.rejected}
    for kind, table in tables.items():
        if any(folder.glob(f"{kind}-*.arrow")):
            # `file` knows no way to quote braces; the folder's name is its own, so that `?` finds no other
            place = str(folder).translate(str.maketrans("{}", "??"))
            pattern = f"{place}/{kind}-*.arrow".replace("\\", "\\\\").replace("'", "\\'")
            client.command(insert(table, kind, landing.load_id, f"file('{pattern}', 'Arrow', '{{}}')"))


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


def stray_days(client: Client, landing: Landing) -> list[tuple[date, int]]:
    """Days of a load that lie apart from the bulk of it, and their rows."""
    days = client.query(
        f"select toDate(timestamp) as day, count() from {landing.events} group by day order by day"
    )
    return strays([(day, rows) for day, rows in days.result_rows])


def strays(days: list[tuple[date, int]]) -> list[tuple[date, int]]:
    """Of days in order, those that a gap separates from the bulk and that hold next to nothing."""
    clusters: list[list[tuple[date, int]]] = []
    for day, rows in days:
        if not clusters or (day - clusters[-1][-1][0]).days > STRAY_GAP_DAYS:
            clusters.append([])
        clusters[-1].append((day, rows))
    size = [sum(rows for _, rows in cluster) for cluster in clusters]
    bulk = max(size, default=0)
    small = [n < bulk and n < STRAY_SHARE * sum(size) for n in size]
    return [day for cluster, is_stray in zip(clusters, small, strict=True) if is_stray for day in cluster]
