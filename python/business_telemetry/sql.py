"""`telemetry sql`: a plain shell on the warehouse of the profile, embedded or not."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Final, TextIO

import click

from business_telemetry.warehouse import WarehouseUnavailable, open_warehouse

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

FORMATS: Final = {"table": "PrettyCompactMonoBlock", "csv": "CSVWithNames", "json": "JSONEachRow"}
#: What answers with rows; anything else is a command.
QUESTIONS: Final = ("select", "with", "show", "describe", "desc", "explain", "exists", "(", "from", "check")
COMMENTS: Final = re.compile(r"^(?:\s+|--[^\n]*|/\*.*?\*/)+", re.DOTALL)


@click.command()
@click.argument("query", required=False)
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="table", show_default=True, help="Of rows."
)
@click.option("--target", help="Output of the dbt profile; default: the profile's own default.")
def sql(query: str | None, form: str, target: str | None) -> None:
    """Ask the warehouse in SQL: one query, a script from stdin, or a shell.

    \b
    telemetry sql "select count() from telemetry_marts.fct_orders"
    telemetry sql --format csv "select * from telemetry_marts.mart_products" > products.csv
    telemetry sql < script.sql
    telemetry sql                    a shell; a statement ends with ; and \\q or Ctrl-D leaves it

    While an embedded warehouse is open here, `dbt build` and ingestion say that it is held.

    \b
    Exit codes:
      0  done
      1  a statement failed; those before it are done, those after it are not
      5  warehouse not available, or in use by another process
    """
    try:
        with closing(open_warehouse(target)) as warehouse:
            if query is None and sys.stdin.isatty():
                click.echo(f"{warehouse.label}. Databases: telemetry sql 'show databases'. \\q leaves.")
                _converse(warehouse.client, form)
                return
            texts = statements(sys.stdin) if query is None else [query]
            # up to the first that fails: what follows may lean on it
            is_done = all(_run(warehouse.client, text, form) for text in texts)
    except WarehouseUnavailable as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(0 if is_done else 1)


def statements(lines: Iterable[str]) -> Iterator[str]:
    """Statements, each up to a line that ends with a semicolon; the last one needs none."""
    text: list[str] = []
    for line in lines:
        text.append(line)
        if line.rstrip().endswith(";"):
            yield "".join(text).strip().rstrip(";")
            text = []
    if "".join(text).strip():
        yield "".join(text).strip()


def is_question(statement: str) -> bool:
    """Does it answer with rows?"""
    return COMMENTS.sub("", statement, count=1).lower().startswith(QUESTIONS)


def _converse(client: Client, form: str) -> None:
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (arrow keys and history)
    for statement in statements(_typed(sys.stdout)):
        _run(client, statement, form)


def _typed(out: TextIO) -> Iterator[str]:
    while True:
        try:
            line = input("> ")
        except EOFError:
            out.write("\n")
            return
        except KeyboardInterrupt:
            out.write("\n")
            continue
        if line.strip() in ("\\q", "exit", "quit"):
            return
        yield line + "\n"


def _run(client: Client, statement: str, form: str) -> bool:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    statement = statement.lstrip("\ufeff").strip().rstrip(";")
    if not statement:
        return True
    try:
        if is_question(statement):
            sys.stdout.flush()
            sys.stdout.buffer.write(client.raw_query(statement, fmt=FORMATS[form]))
            sys.stdout.buffer.flush()
        else:
            client.command(statement)
    except ClickHouseError as error:
        click.echo(f"Error: {str(error).split(', Stack trace', 1)[0].splitlines()[0]}", err=True)
        return False
    return True
