"""Runs `dbt` and `telemetry` in processes of their own that begin with their imports done.

dbt's imports cost more than most of what tests let it do. So each process is forked from one that has done
them, and that has neither an engine nor a second thread: chDB starts threads when it is imported, numpy too.
How the installed commands begin is tested where a test starts them itself.
"""

from __future__ import annotations

import atexit
import gc
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "dbt.cli.main",
        "dbt.adapters.clickhouse_py.impl",
        "clickhouse_connect.driver",
        "business_telemetry.alerts.cli",
        "business_telemetry.daily",
        "business_telemetry.ingest.cli",
        "business_telemetry.ingest.loads",
        "business_telemetry.sql",
        "business_telemetry.warehouse",
    ]
)


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def run(command: tuple[str, ...], cwd: Path, environment: Mapping[str, str], stdin: str = "") -> Done:
    """Run `dbt ...`, `telemetry ...` or `ask`, which reads commands and queries of its input."""
    with tempfile.TemporaryDirectory() as directory:
        streams = [Path(directory, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(stdin, encoding="utf-8")
        process = FORKS.Process(target=_main, args=(command, cwd, dict(environment), streams))
        process.start()
        process.join()
        assert process.exitcode is not None
        out, err = (path.read_text(encoding="utf-8", errors="replace") for path in streams[1:])
    return Done(process.exitcode, out, err)


def _main(command: tuple[str, ...], cwd: Path, environment: dict[str, str], streams: list[Path]) -> None:
    # nor are the imports looked through for garbage: two fifths of a short dbt command's time
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for number, (path, mode) in enumerate(zip(streams, "rww", strict=True)):
        with path.open(mode) as file:
            os.dup2(file.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8", closefd=False) for number, mode in enumerate("rww")
    )
    sys.argv = list(command)
    try:
        if command[0] == "dbt":
            from dbt.cli.main import cli

            cli()
        elif command[0] == "telemetry":
            from business_telemetry.cli import main

            main()
        else:
            _ask()
    finally:
        # multiprocessing leaves these out
        atexit._run_exitfuncs()


def _ask() -> None:
    from business_telemetry.warehouse import open_warehouse

    job = json.load(sys.stdin)
    warehouse = open_warehouse()
    for command in job["commands"]:
        warehouse.client.command(command)
    answers = [[list(row) for row in warehouse.client.query(query).result_rows] for query in job["queries"]]
    warehouse.close()
    json.dump(answers, sys.stdout, default=str)
