"""`telemetry loads`: the manifest of loads, their rejected rows, and how to take one back."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from business_telemetry.ingest.errors import BadSource, IngestError
from business_telemetry.warehouse import Warehouse, WarehouseUnavailable, open_warehouse

LOADS: Final = """
select load_id, toString(status) as status, files, rows_read, rows_loaded, rows_rejected, rejected_by_reason,
    min_event_time, max_event_time, started_at, finished_at
from {raw:Identifier}.loads final
order by started_at, load_id
"""
REJECTED: Final = """
select toString(source_file) as file, source_line as line, arrayMap(x -> toString(x), reasons) as reasons,
    raw_line
from {raw:Identifier}.rejected_events
where load_id = {id:String}
order by file, line
"""
#: Of a list that no terminal folds.
WIDTH: Final = 240
#: Characters of an ID that name a load: one could be a slip.
SHORTEST: Final = 4
#: Claims that a process may leave behind: of ingestion and of alerts.
TASKS: Final = ("ingest", "alerts")


@click.command()
@click.option(
    "--rejected",
    metavar="ID",
    help="Show the rejected rows of a load, each with its reasons; bytes that are no text as \\xff.",
)
@click.option("--undo", metavar="ID", help="Take a load back: its rows count no more and are removed.")
@click.option("--forget", metavar="ID", help="Clear away a load whose process, or whose host, is gone.")
@click.option("--csv", "as_csv", is_flag=True, help="Print as CSV, made safe for a spreadsheet.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON lines, as stored.")
@click.option("--target", help="Output of the dbt profile; default: the profile's own default.")
def loads(
    rejected: str | None,
    undo: str | None,
    forget: str | None,
    as_csv: bool,
    as_json: bool,
    target: str | None,
) -> None:
    """Show what was loaded into the warehouse, and take loads back.

    \b
    telemetry loads                                every load, the newest last
    telemetry loads --rejected 8c0f1a2b3c4d5e6f    why rows of a load were rejected
    telemetry loads --rejected 8c0f… --csv > bad.csv
    telemetry loads --undo 8c0f…                   then `dbt build`
    telemetry loads --forget 8c0f…                 a dead process on another host holds the warehouse

    The beginning of an ID is enough. A load that is undone can be ingested again; loads that it had replaced
    do not come back by themselves. Of a dead process on this host the next ingestion clears away everything
    anyway; --forget is for another host that will never answer.

    \b
    Exit codes:
      0  done
      1  unexpected error
      2  no such load
      5  warehouse not available, or in use by another process
    """
    if sum(option is not None for option in (rejected, undo, forget)) > 1:
        raise click.UsageError(
            "--rejected, --undo and --forget are three different things; give one of them."
        )
    try:
        with closing(open_warehouse(target)) as warehouse:
            if forget:
                click.echo(forget_load(warehouse, forget))
            elif undo:
                click.echo(undo_load(warehouse, undo))
            elif rejected:
                _show_rejected(warehouse, rejected, as_csv, as_json)
            else:
                _show(_with_owners(warehouse), as_csv, as_json)
    except (IngestError, WarehouseUnavailable) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)


def read_loads(warehouse: Warehouse) -> list[dict[str, Any]]:
    """The manifest, oldest first; empty when nothing was ever loaded."""
    bound = {"raw": warehouse.raw}
    exists = warehouse.client.query(
        "select count() from system.tables where database = {raw:String} and name = 'loads'", parameters=bound
    ).result_rows
    if exists == [(0,)]:
        return []
    return list(warehouse.client.query(LOADS, parameters=bound).named_results())


def find_load(found: list[dict[str, Any]], beginning: str) -> str:
    """The ID of the one load whose ID begins so.

    Raises:
        BadSource: there is none, or more than one, or the beginning is too short to be meant.
    """
    names = sorted({load["load_id"] for load in found if load["load_id"].startswith(beginning)})
    if beginning in names:
        return beginning
    if len(beginning) < SHORTEST:
        raise BadSource(
            f"{beginning}: give at least {SHORTEST} characters of an ID; `telemetry loads` lists them"
        )
    if len(names) != 1:
        what = f"begins {len(names)} loads" if names else "is no load of this warehouse"
        raise BadSource(f"{beginning} {what}; `telemetry loads` lists them")
    return str(names[0])


def undo_load(warehouse: Warehouse, beginning: str) -> str:
    """Mark a load as undone and remove its rows; the row of the manifest decides, the rest is tidying.

    Raises:
        IngestError: no load of that name counts, or another process is loading.
    """
    from business_telemetry.ingest.lock import Lock
    from business_telemetry.ingest.raw_layer import RawLayer
    from business_telemetry.ingest.run import clear_leftovers, staging_of

    load_id = find_load(read_loads(warehouse), beginning)
    raw, lock = RawLayer(warehouse.client, warehouse.schema, warehouse.cluster), Lock.of(warehouse)
    lock.claim()
    try:
        load = raw.undo(load_id)
        clear_leftovers(raw, staging_of(warehouse, Path.cwd()))
    finally:
        lock.release()
    if load is None:
        raise BadSource(f"{load_id} does not count, so there is nothing to undo; `telemetry loads` shows why")
    return f"Load {load_id} is undone: {load.rows_loaded:,} rows removed. Run `dbt build`."


def forget_load(warehouse: Warehouse, beginning: str) -> str:
    """Drop the claim of a dead process and everything that its load has left.

    Raises:
        IngestError: no such load, or its process is alive on this host.
    """
    from business_telemetry.ingest.lock import Lock
    from business_telemetry.ingest.raw_layer import RawLayer
    from business_telemetry.ingest.run import clear_leftovers, staging_of

    known = read_loads(warehouse)
    locks = [Lock.of(warehouse, task) for task in TASKS]
    claimed = [{"load_id": owner.load_id} for lock in locks for owner in lock.owners()]
    load_id = find_load([*[load for load in known if load["status"] == "loading"], *claimed], beginning)
    for lock in locks:
        lock.take_away(load_id)
    if known:
        locks[0].claim()
        try:
            raw = RawLayer(warehouse.client, warehouse.schema, warehouse.cluster)
            clear_leftovers(raw, staging_of(warehouse, Path.cwd()))
        finally:
            locks[0].release()
    return f"Load {load_id} is forgotten; nothing of it was published. Ingest its files again."


def _with_owners(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Loads; of those that have not ended, whose they are and whether that process lives."""
    from business_telemetry.ingest.lock import Lock

    found = read_loads(warehouse)
    if any(load["status"] == "loading" for load in found):
        owners = {owner.load_id: owner for owner in Lock.of(warehouse).owners()}
        for load in found:
            if load["status"] == "loading":
                owner = owners.get(load["load_id"])
                dead = owner is None or owner.is_dead or warehouse.path is not None
                load["status"] = "dead" if dead or not owner else f"loading by {owner.pid} on {owner.host}"
    return found


def _show(found: list[dict[str, Any]], as_csv: bool, as_json: bool) -> None:
    if as_json or as_csv:
        return _print(iter(found), list(found[0]) if found else [], as_json)
    if not found:
        return click.echo("Nothing was loaded yet: telemetry ingest LOG")
    table = Table(box=None, pad_edge=False)
    for title in (
        "load",
        "status",
        "began (UTC)",
        "read",
        "loaded",
        "rejected",
        "events from",
        "to",
        "files",
    ):
        right = title in ("read", "loaded", "rejected")
        table.add_column(title, justify="right" if right else "left", no_wrap=title != "files")
    for load in found:
        first, last = load["min_event_time"], load["max_event_time"]
        more = f" and {len(load['files']) - 1} more" if len(load["files"]) > 1 else ""
        table.add_row(
            *(load["load_id"], load["status"], f"{load['started_at']:%Y-%m-%d %H:%M}"),
            *(f"{load[name]:,}" for name in ("rows_read", "rows_loaded", "rows_rejected")),
            *(f"{stamp:%Y-%m-%d}" if stamp else "-" for stamp in (first, last)),
            f"{load['files'][0] if load['files'] else '-'}{more}",
        )
    out = Console(highlight=False, markup=False)
    if not out.is_terminal:
        out.width = WIDTH
    out.print(table)


def _show_rejected(warehouse: Warehouse, beginning: str, as_csv: bool, as_json: bool) -> None:
    found = read_loads(warehouse)
    load_id = find_load(found, beginning)
    load = next(each for each in found if each["load_id"] == load_id)
    bound = {"raw": warehouse.raw, "id": load_id}
    # what is rejected for its encoding is no text
    kept = warehouse.client.query(REJECTED, parameters=bound, column_formats={"raw_line": "bytes"})
    rows = (
        {**row, "raw_line": row["raw_line"].decode(errors="backslashreplace")} for row in kept.named_results()
    )
    if as_json or as_csv:
        return _print(rows, ["file", "line", "reasons", "raw_line"], as_json)
    if load["status"] != "loaded" and load["rows_rejected"]:
        click.echo(f"Load {load_id} is {load['status']}: its rows are not kept, only their number.")
    for reason, number in load["rejected_by_reason"].items():
        click.echo(f"{reason}: {number:,}")
    for row in rows:
        click.echo(f"{row['file']}:{row['line']}: {', '.join(row['reasons'])}: {row['raw_line']!r}")


def _print(rows: Iterator[dict[str, Any]], columns: list[str], as_json: bool) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False, default=str))
        return
    from business_telemetry.dashboard.exports import disarm

    writer = csv.writer(sys.stdout, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([disarm(_cell(row[name])) for name in columns])


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)
