"""The `telemetry` command. Subcommands are imported when they are called, so that `--help` is instant."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from business_telemetry import __version__

COMMANDS = {
    "generate": ("shop_simulator.cli", "Write a synthetic event log in the source format."),
    "ingest": (
        "business_telemetry.ingest.cli",
        "Validate event logs with Spark and load them into ClickHouse.",
    ),
    "inspect": (
        "business_telemetry.ingest.inspect",
        "Show what a log looks like, and begin a contract for it.",
    ),
    "loads": ("business_telemetry.ingest.loads", "List loads, show rejected rows, take loads back."),
    "daily": ("business_telemetry.daily", "Ingest what is new, build, test and alert: the nightly job."),
    "alerts": ("business_telemetry.alerts.cli", "Send what the last day brought to chat and e-mail."),
    "sql": ("business_telemetry.sql", "Ask the warehouse in SQL."),
    "preview": ("business_telemetry.dashboard.cli", "Show the dashboard in the browser of this machine."),
    "datalens": ("business_telemetry.datalens.cli", "Publish the dashboard in Yandex DataLens."),
    "summary": ("business_telemetry.summary", "Show what the warehouse holds and how the last build went."),
}


#: What an installation from an index may leave out: extra -> the packages that it brings.
EXTRAS = {
    "ingest": ("polars", "pyspark"),
    "preview": ("starlette", "uvicorn", "xlsxwriter"),
    "datalens": ("datalens_sdk", "jwt"),
}


class LazyGroup(click.Group):
    """A click group whose commands live in modules that are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a part that is not installed, and what a server or a disk says, are one line.

        No traceback helps when a connection breaks or a disk is full, and the same command can be run again.
        """
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as absent:
            package = (absent.name or "").partition(".")[0]
            extra = next((extra for extra, packages in EXTRAS.items() if package in packages), None)
            if extra is None:
                raise
            install = f"pip install 'business-telemetry[{extra}]'"
            raise click.ClickException(f"{package} is not installed; run `{install}`") from absent
        except Exception as error:
            if isinstance(error, BrokenPipeError) or not _is_from_outside(error):
                raise
            from business_telemetry.warehouse import one_line

            click.echo(f"Error: {one_line(error)}; run the same command again.", err=True)
            ctx.exit(1)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


def _is_from_outside(error: Exception) -> bool:
    """Does a disk, a network or the engine say so? The engine's client is not imported to ask that."""
    engine = sys.modules.get("clickhouse_connect.driver.exceptions")
    return isinstance(error, OSError) or bool(engine and isinstance(error, engine.ClickHouseError))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="telemetry")
def main() -> None:
    """Turn an online shop's event log into business answers.

    \b
    telemetry generate log.csv --sessions 50000    write a demo log
    telemetry inspect log.csv                      see what a log looks like
    telemetry ingest log.csv                       load it into the warehouse of your dbt profile
    dbt build                                      build and test every model
    """
