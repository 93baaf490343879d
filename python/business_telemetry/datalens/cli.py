"""`telemetry datalens`."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import click
import httpx

from business_telemetry.dashboard.load import load_catalogue
from business_telemetry.dashboard.marked_yaml import CatalogueError
from business_telemetry.datalens.apply import create_workbook, deploy
from business_telemetry.datalens.client import Clients
from business_telemetry.datalens.context import Change
from business_telemetry.datalens.errors import DeployError, redact
from business_telemetry.datalens.settings import from_environment

WORKBOOK = "DATALENS_WORKBOOK_ID"
SCRATCH = "DATALENS_SMOKE_WORKBOOK_ID"
SIGNS = {"create": "+", "update": "~", "delete": "-", "left": "!"}
DONE = {"create": "created", "update": "updated", "delete": "deleted", "same": "unchanged"}
PLANNED = {"create": "to create", "update": "to update", "delete": "to delete", "same": "unchanged"}
DETAILS = 8  # lines of one entry that are shown


@click.group()
def datalens() -> None:
    """Publish the dashboard in Yandex DataLens."""


@datalens.command("deploy")
@click.option(
    "--workbook",
    envvar=WORKBOOK,
    show_envvar=True,
    metavar="ID",
    help="Workbook to deploy to; without one a new workbook is made and its id printed.",
)
@click.option("--dry-run", is_flag=True, help="Read, validate and show what would change; write nothing.")
@click.option(
    "--prune", is_flag=True, help="Delete what an earlier deploy made and dashboard/*.yml no longer has."
)
@click.pass_obj
def deploy_command(
    transport: httpx.BaseTransport | None, workbook: str | None, dry_run: bool, prune: bool
) -> None:
    """Make a workbook hold what dashboard/*.yml says: connection, datasets, charts, dashboard.

    Run it again at any time: it writes only what differs, and goes on where a failed run stopped. Edits made
    in DataLens' interface are overwritten; --dry-run shows them first. No dataset, chart or dashboard is
    published while DataLens refuses any formula; at the end every chart is asked once for its rows.

    \b
    Set in the environment (docs/datalens.md):
      DATALENS_ORG_ID                    organisation
      DATALENS_SERVICE_ACCOUNT_KEY       JSON of an authorised key; or DATALENS_IAM_TOKEN
      DATALENS_CLICKHOUSE_HOST           ClickHouse as DataLens reaches it
      DATALENS_CLICKHOUSE_USER           a read-only user
      DATALENS_CLICKHOUSE_PASSWORD
      DATALENS_CLICKHOUSE_PORT           default 8443
      DATALENS_CLICKHOUSE_DATABASE       default telemetry_marts
      DATALENS_CURRENCY                  ISO code of the amounts' currency, default RUB

    \b
    Exit codes:
      0  the workbook holds what the catalogue says, or would (--dry-run)
      1  unexpected error
      2  wrong usage: a variable is missing, the catalogue has a mistake, no such workbook
      3  DataLens refuses a formula, or cannot read a table
      4  the token has expired, or its account may not do this
      5  too many requests
      6  an entry is open in an editor, or belongs to somebody else
      7  DataLens does not answer
      8  all is published, but DataLens cannot answer some charts; they are named
    """
    secrets: tuple[str, ...] = ()
    try:
        catalogue = load_catalogue(Path("dashboard"))
        settings = from_environment(os.environ)
        secrets = settings.secrets
        clients = Clients(settings.auth, transport)
        if workbook is None:
            if dry_run:
                click.echo(f"A new workbook would be made: no --workbook and no {WORKBOOK}.")
                return
            workbook = create_workbook(clients, catalogue.dashboard.name)
            click.echo(f"New workbook. Keep its id: export {WORKBOOK}={workbook}")
        tally = Tally(secrets)
        deploy(clients, catalogue, settings.clickhouse, workbook, tally.report, dry_run=dry_run, prune=prune)
        click.echo(tally.summary(PLANNED if dry_run else DONE))
    except CatalogueError as error:
        _fail(str(error), 2)
    except DeployError as error:
        _fail(redact(str(error), secrets), error.exit_code)


@datalens.command("smoke")
@click.option(
    "--workbook",
    envvar=SCRATCH,
    show_envvar=True,
    required=True,
    metavar="ID",
    help="A scratch workbook, not the one that people read.",
)
def smoke_command(workbook: str) -> None:
    """Live test with a real account: deploy to a scratch workbook, compare every chart with ClickHouse.

    It proves what no stub can: that DataLens accepts the dashboard, that a second deploy writes nothing, and
    that every formula returns what the catalogue's SQL returns. Same environment as deploy; the machine must
    reach both DataLens and ClickHouse. Exit code 1 when a check fails, else as deploy.
    """
    from business_telemetry.datalens.smoke import smoke

    secrets: tuple[str, ...] = ()
    try:
        catalogue = load_catalogue(Path("dashboard"))
        settings = from_environment(os.environ)
        secrets = settings.secrets
        say = lambda line: click.echo(redact(line, settings.secrets))  # noqa: E731
        sys.exit(min(smoke(Clients(settings.auth), catalogue, settings, workbook, say), 1))
    except CatalogueError as error:
        _fail(str(error), 2)
    except DeployError as error:
        _fail(redact(str(error), secrets), error.exit_code)


def _fail(message: str, code: int) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


class Tally:
    """Prints each change as it happens and counts them."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets
        self._counts: Counter[str] = Counter()

    def report(self, change: Change) -> None:
        """Print anything but `same`."""
        self._counts[change.what] += 1
        if change.what == "same":
            return
        note = " is no longer in the catalogue; --prune deletes it" if change.what == "left" else ""
        click.echo(f"{SIGNS[change.what]} {change.kind} {change.name}{note}")
        for detail in change.details[:DETAILS]:
            click.echo(redact(f"    {detail}", self._secrets))
        if len(change.details) > DETAILS:
            click.echo(f"    and {len(change.details) - DETAILS} more")

    def summary(self, words: dict[str, str]) -> str:
        """`2 updated, 40 unchanged`."""
        return ", ".join(f"{self._counts[what]} {word}" for what, word in words.items() if self._counts[what])
