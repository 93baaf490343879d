"""`telemetry ingest`."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from business_telemetry.ingest.errors import IngestError
from business_telemetry.ingest.report import Report
from business_telemetry.java import JavaMissing
from business_telemetry.warehouse import WarehouseUnavailable


def _share(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
    """`5%` or `0.05`."""
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{text!r} is not a share: write 5% or 0.05")
    return share


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--target", help="Output of the dbt profile to load into; default: the profile's own default.")
@click.option(
    "--profiles-dir", type=click.Path(path_type=Path), help="Where profiles.yml is; default: as dbt."
)
@click.option(
    "--project-dir", type=click.Path(path_type=Path), help="Where dbt_project.yml is; default: here."
)
@click.option(
    "--log",
    default="dataset_telemetry",
    show_default=True,
    help="The log's contract: a YAML file, or the name of a shipped one.",
)
@click.option("--replace", is_flag=True, help="Supersede the loads of files that have changed since.")
@click.option(
    "--max-rejected",
    default="5%",
    show_default=True,
    callback=_share,
    help="Refuse a load with more bad rows.",
)
@click.option(
    "--staging",
    help="Directory for the tasks' files, which an embedded engine reads; default: in the warehouse.",
)
@click.option("--master", help="Spark master; default: spark-submit's, else local[*].")
@click.option("--quiet", is_flag=True, help="Show errors only.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def ingest(
    sources: tuple[str, ...],
    target: str | None,
    profiles_dir: Path | None,
    project_dir: Path | None,
    log: str,
    replace: bool,
    max_rejected: float,
    staging: str | None,
    master: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Validate event logs with Spark and load them into ClickHouse.

    SOURCE is a file of CSV or JSON lines (plain, .gz, .bz2 or .zst) or Parquet, a directory, a glob, or a URI
    (s3://, gs://, hdfs://). What its columns, words and stamps mean says the contract; to see what a file
    looks like and to begin a contract: telemetry inspect FILE. A file that is loaded already is left out:
    run the same command again, or on a directory that has grown, and only what is new is loaded.

    Malformed rows go to rejected_events with the raw line, file, line number and all reasons.

    \b
    Exit codes:
      0  loaded, or nothing new to load
      1  unexpected error
      2  wrong usage: no such file, a column is missing, a mistake in the contract
      3  more rows rejected than --max-rejected; nothing loaded
      4  a loaded file has changed; --replace is needed
      5  warehouse not available, or in use by another process
    """
    from business_telemetry.ingest.files import find_files
    from business_telemetry.ingest.spark import Starting

    report = Report(quiet=quiet, as_json=as_json)
    project = (project_dir or Path.cwd()).resolve()
    try:
        files = find_files(sources)
        spark = Starting(master, project / "logs" / "spark.log")
        # while Java starts
        from business_telemetry.ingest.run import Ingestion, Options
        from business_telemetry.warehouse import open_warehouse

        options = Options(log, replace, max_rejected, staging, master, project)
        with closing(open_warehouse(target, project, profiles_dir)) as warehouse:
            report.result(Ingestion(warehouse, report, options, spark).run(files))
    except (IngestError, WarehouseUnavailable, JavaMissing) as error:
        report.failure(str(error), error.exit_code)
        sys.exit(error.exit_code)
