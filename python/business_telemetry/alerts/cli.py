"""`telemetry alerts`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from business_telemetry.alerts.sinks import (
    ENVIRONMENT,
    BadSetting,
    NotSent,
    Sink,
    Unclear,
    deliver,
    from_environment,
)
from business_telemetry.ingest.errors import IngestError
from business_telemetry.warehouse import WarehouseUnavailable, open_warehouse

if TYPE_CHECKING:
    from business_telemetry.alerts.ledger import Ledger

ADDRESS = "TELEMETRY_DASHBOARD_URL"
UNDELIVERED = 8


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        found: texts that are new.
        sent: sink -> messages that it took.
        failed: sink -> why the rest was not sent.
    """

    found: list[str] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        return {"new": len(self.found), "texts": self.found, "sent": self.sent, "failed": self.failed}


class NothingBuilt(Exception):
    """There is nothing to look at yet."""

    exit_code = 1


@click.command(epilog="\b\nSet in the environment, whichever are wanted:" + ENVIRONMENT)
@click.option("--dry-run", is_flag=True, help="Print what would be sent; send and remember nothing.")
@click.option(
    "--quiet",
    is_flag=True,
    help="Send nothing, and never: remember as told what is new and what waits. After a first load.",
)
@click.option("--target", help="Output of the dbt profile; default: the profile's own default.")
def alerts(dry_run: bool, quiet: bool, target: str | None) -> None:
    """Send what the last day brought to chat and e-mail.

    \b
    New incidents (one a cause; what moved with it is counted, not told again),
    a forecast that does not come true, checks of the data that have gone bad, plans that were missed.

    Each is sent once to each receiver, ever. A receiver that is down gets it from the next run, within a
    week. Where a run was killed before the receiver's answer, the message is sent again and says so: it may
    be double, it is not lost.

    \b
    Exit codes:
      0  everything is sent, or there was nothing to send
      1  unexpected error, or the marts are not built
      2  a variable is missing or wrong
      5  warehouse not available, or another run is sending
      8  a receiver did not take it; run again
    """
    try:
        outcome = run(target, Path.cwd(), dry_run, quiet)
    except (BadSetting, WarehouseUnavailable, IngestError, NothingBuilt) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    for text in outcome.found:
        click.echo(text)
    for name, count in outcome.sent.items():
        click.echo(f"{name}: {count} sent", err=True)
    for name, reason in outcome.failed.items():
        click.echo(f"Error: {name}: {reason}", err=True)
    sys.exit(UNDELIVERED if outcome.failed else 0)


def run(target: str | None, project: Path, dry_run: bool = False, quiet: bool = False) -> Outcome:
    """Find, remember, send.

    Without any sink in the environment the new alerts are found and remembered, and wait for one for a week.

    Raises:
        BadSetting, WarehouseUnavailable, IngestError, NothingBuilt: each with its exit code.
    """
    from business_telemetry.alerts.alert import Known, ended_states, new_alerts
    from business_telemetry.alerts.find import FORECAST_DAYS, LAST_DAY, find
    from business_telemetry.alerts.ledger import Ledger
    from business_telemetry.dashboard.gate import Gate, NoAnswer
    from business_telemetry.dashboard.load import load_catalogue
    from business_telemetry.dashboard.marked_yaml import CatalogueError
    from business_telemetry.ingest.lock import Lock

    sinks = from_environment(os.environ)
    with closing(open_warehouse(target, project)) as warehouse:
        ledger, lock = Ledger(warehouse), Lock.of(warehouse, "alerts")
        if not warehouse.client.command(f"exists table `{warehouse.raw}`.loads"):
            raise NothingBuilt(
                f"{warehouse.label} is empty; run `telemetry ingest LOG` and `dbt build` first."
            )
        if not dry_run:
            lock.claim()
        try:
            if not dry_run:
                ledger.create()
            is_known = ledger.exists()
            known = ledger.known() if is_known else Known()
            try:
                catalogue = load_catalogue(project / "dashboard")
                with closing(Gate(target, project)) as gate:
                    ((last,),) = gate.run(LAST_DAY, {"marts": gate.marts}).rows
                    forecast = ledger.forecast(last, FORECAST_DAYS) if is_known else []
                    found = find(gate, catalogue, known, forecast, os.environ.get(ADDRESS, ""))
            except (NoAnswer, CatalogueError) as error:
                raise NothingBuilt(str(error)) from error
            new = new_alerts(found.alerts, known)
            outcome = Outcome([each.text for each in new])
            if dry_run:
                return outcome
            ledger.remember(new)
            ledger.end(ended_states(found.alerts, found.judged, known))
            ledger.keep_forecast(found.last, found.forecast)
            if quiet:
                ledger.mute()
            else:
                for sink in sinks:
                    _send(sink, ledger, outcome)
            return outcome
        finally:
            lock.release()


def tell(texts: Sequence[str], heading: str) -> Outcome:
    """Send what no warehouse is needed for: that a run has failed."""
    from business_telemetry.alerts.alert import Alert, identity, messages

    outcome = Outcome(list(texts))
    for sink in from_environment(os.environ):
        for part, text in messages([Alert(key=f"run/{each}", text=each) for each in texts], heading, False):
            try:
                deliver(sink, text, identity(part))
            except (NotSent, Unclear) as error:
                outcome.failed[sink.name] = str(error)
                break
            outcome.sent[sink.name] = outcome.sent.get(sink.name, 0) + 1
    return outcome


def _send(sink: Sink, ledger: Ledger, outcome: Outcome) -> None:
    from business_telemetry.alerts.alert import identity, messages

    waiting, unclear = ledger.pending(sink.name)
    groups = [
        ([each for each in waiting if each.key in unclear], True),
        ([each for each in waiting if each.key not in unclear], False),
    ]
    for group, repeated in groups:
        for part, text in messages(group, "Что нового в магазине", repeated):
            ledger.mark(part, sink.name, "sending")
            try:
                deliver(sink, text, identity(part))
            except NotSent as error:
                ledger.mark(part, sink.name, "failed")
                outcome.failed[sink.name] = str(error)
                return
            except Unclear as error:
                outcome.failed[sink.name] = f"{error}; the next run repeats it"
                return
            ledger.mark(part, sink.name, "sent")
            outcome.sent[sink.name] = outcome.sent.get(sink.name, 0) + 1
