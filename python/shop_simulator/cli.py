"""The `telemetry generate` command."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from shop_simulator.config import (
    DEFAULT_DAYS,
    DEFAULT_START,
    Clock,
    ConfirmationValue,
    IncidentLevel,
    LogConfig,
)
from shop_simulator.log import truth_path, write_log

COUNT = click.IntRange(min=1)


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--sessions", type=COUNT, required=True, help="Sessions in the log; each has about five events."
)
@click.option(
    "--users", type=COUNT, help="Size of the closed user panel.  [default: 0.575 sessions a day each]"
)
@click.option("--days", type=COUNT, default=DEFAULT_DAYS, show_default=True, help="Calendar days covered.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default=DEFAULT_START.isoformat(),
    show_default=True,
    help="First day.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Equal seeds, equal bytes."
)
@click.option(
    "--bad-rate",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.002,
    show_default=True,
    help="Malformed rows as a share of all rows.",
)
@click.option(
    "--anomalies",
    type=click.Choice(get_args(IncidentLevel)),
    default="standard",
    show_default=True,
    help="Random incidents, labelled in the ground truth: none, about 4 a year, or about 9 a year.",
)
@click.option(
    "--lost-day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="A day without visits, as of a shop whose counter was off.",
)
@click.option("--promotions", is_flag=True, help="Plant four campaigns a year in some cities and categories.")
@click.option("--no-season", is_flag=True, help="Leave out the steps of September, December and January.")
@click.option(
    "--confirmation-value",
    type=click.Choice(get_args(ConfirmationValue)),
    default="checkout",
    show_default=True,
    help="Value on confirmation rows: the checkout's, zero, or one of their own.",
)
@click.option(
    "--clock",
    type=click.Choice(get_args(Clock)),
    default="shop",
    show_default=True,
    help="Stamps show the shop's time (Moscow) or each user's local time.",
)
@click.option("--quiet", is_flag=True, help="Print errors only.")
def generate(
    out: Path,
    sessions: int,
    users: int | None,
    days: int,
    start: datetime,
    seed: int,
    bad_rate: float,
    anomalies: IncidentLevel,
    lost_day: datetime | None,
    promotions: bool,
    no_season: bool,
    confirmation_value: ConfirmationValue,
    clock: Clock,
    quiet: bool,
) -> None:
    """Write a synthetic event log of an online shop to OUT (.csv or .csv.gz).

    The log has the source's format and the published log's proportions, and plants the faults of real logs:
    doubled, late and malformed rows, retried checkouts, sessions across midnight, anomalies and more.
    What was planted is written beside it: log.csv has its ground truth in log.truth.json.

    \b
    telemetry generate demo.csv --sessions 20000 --days 365       100,000 rows over a year
    telemetry generate full.csv --sessions 1270000                the size of the published log
    telemetry generate clean.csv.gz --sessions 5000 --bad-rate 0 --anomalies none
    """
    if not out.name.endswith((".csv", ".csv.gz")):
        raise click.BadParameter(f"{out} must end in .csv or .csv.gz", param_hint="OUT")
    if not out.parent.is_dir():
        raise click.BadParameter(f"the folder {out.parent} does not exist; create it first", param_hint="OUT")
    try:
        config = LogConfig(
            sessions=sessions,
            users=users,
            days=days,
            start=date(start.year, start.month, start.day),
            seed=seed,
            bad_rate=bad_rate,
            season=not no_season,
            promotions=promotions,
            incidents=anomalies,
            lost_day=lost_day and lost_day.date(),
            confirmation_value=confirmation_value,
            clock=clock,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    console = Console(quiet=quiet)
    started = time.perf_counter()
    try:
        truth = _write(config, out, console)
    except OSError as error:
        raise click.ClickException(
            f"cannot write {out}: {error.strerror}. Choose a path in a folder that you may write to."
        ) from error
    console.print(_summary(truth, out, time.perf_counter() - started))


def _write(config: LogConfig, out: Path, console: Console) -> dict[str, Any]:
    """Writes the log under a progress bar."""
    columns = (
        TextColumn("Generating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("sessions, {task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=console.quiet) as bar:
        task = bar.add_task("", total=config.sessions, rows=0)
        return write_log(config, out, lambda done, rows: bar.update(task, completed=done, rows=rows))


def _summary(truth: dict[str, Any], out: Path, seconds: float) -> Table:
    """What was written, as a table."""
    rows, totals, config = truth["rows"], truth["totals"], truth["config"]
    table = Table(title=str(out), title_justify="left", title_style="bold", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for label, value in (
        ("rows", f"{rows['total']:,}"),
        ("  malformed", f"{rows['rejected']:,}"),
        ("  exact duplicates", f"{truth['traps']['exact_duplicates']:,}"),
        ("period", f"{config['start']}, {config['days']} days"),
        ("users, sessions", f"{totals['users']:,}, {totals['sessions']:,}"),
        ("orders", f"{totals['orders']:,}"),
        ("anomalies, promotions", f"{len(truth['incidents'])}, {len(truth['promotions'])}"),
        ("ground truth", truth_path(out).name),
        ("time", f"{seconds:.1f} s, {rows['total'] / seconds:,.0f} rows/s"),
    ):
        table.add_row(label, value)
    return table
