"""`telemetry ingest` as a user runs it, on an embedded warehouse."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ingest_server import event, log
from project import BIN, ROOT, Project

CONTENT = "select * except (load_id) from telemetry_raw.{} order by all"
STATE = (
    CONTENT.format("events"),
    CONTENT.format("rejected_events"),
    "select status, rows_read, rows_loaded, rows_rejected from telemetry_raw.loads",
    "select name from system.tables where database = 'telemetry_raw' order by name",
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with all kinds of rows, records with newlines among them."""
    random.seed(1)
    kinds = [{}, {"city": '"Ом\nск"'}, {"value": "-1"}, {"city": '"'}, {"age": ""}]
    lines = [event(n, userid=f"u{n}", **random.choices(kinds, [90, 2, 2, 1, 5])[0]) for n in range(20_000)]
    path = tmp_path_factory.mktemp("source") / "log.csv"
    path.write_text(log(*lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, Any]]:
    """A project on a machine in Vladivostok, and what the command said."""
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    os.environ["TZ"] = "Asia/Vladivostok"
    try:
        answer = project.run("telemetry", "ingest", str(source), "--json", "--master", "local[2]")
    finally:
        del os.environ["TZ"]
    return project, json.loads(answer)


def test_the_answer_for_programs(undisturbed: tuple[Project, dict[str, Any]], source: Path) -> None:
    project, answer = undisturbed
    events, rejected, loads, tables = project.ask(*STATE)
    assert answer["status"] == "loaded"
    assert answer["files"] == [str(source)]
    assert answer["rows_read"] == 20_000 == answer["rows_loaded"] + answer["rows_rejected"]
    assert loads == [["loaded", 20_000, len(events), len(rejected)]]
    assert tables == [["events"], ["loads"], ["rejected_events"]]
    assert not list((project.home / "warehouse").glob("ingest-staging/*"))


def test_stamps_do_not_depend_on_the_machines_zone(undisturbed: tuple[Project, dict[str, Any]]) -> None:
    project, answer = undisturbed
    assert answer["min_event_time"] == "2024-02-29 12:28:45+00:00"
    found = project.ask(
        "select distinct toUnixTimestamp(timestamp) from telemetry_raw.events",
        "select toUnixTimestamp(min_event_time), abs(dateDiff('minute', now(), finished_at)) < 60"
        " from telemetry_raw.loads",
    )
    # date -u -d 2024-02-29T12:28:45 +%s
    assert found == [[[1709209725]], [[1709209725, True]]]


def test_killed_at_every_stage_and_run_again(
    undisturbed: tuple[Project, dict[str, Any]], source: Path, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    for stage in ("Reading and validating", "Loading into ClickHouse", "Publishing"):
        process = subprocess.Popen(
            [str(BIN / "telemetry"), "ingest", str(source)],
            cwd=ROOT,
            env=project.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(stage):
                process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, f"not killed at {stage}"

    project.run("telemetry", "ingest", str(source))

    assert project.ask(*STATE) == undisturbed[0].ask(*STATE)
    assert not list((tmp_path / "warehouse").glob("ingest-staging/*"))


def test_exit_codes_and_messages(
    undisturbed: tuple[Project, dict[str, Any]], source: Path, tmp_path: Path
) -> None:
    project, _ = undisturbed

    def failure(code: int, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [str(BIN / "telemetry"), "ingest", *arguments],
            cwd=ROOT,
            env=project.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    assert "no such file" in failure(2, str(tmp_path / "nothing.csv"))
    assert "5% or 0.05" in failure(2, str(source), "--max-rejected", "many")
    assert "does not have a target named 'moon'" in failure(5, str(source), "--target", "moon")
    assert "already loaded as load" in failure(0, str(source), JAVA_HOME=str(tmp_path))
    assert "Spark needs Java" in failure(1, str(ROOT / "seeds" / "actions.csv"), JAVA_HOME=str(tmp_path))

    hold = "from business_telemetry.warehouse import *; w = open_warehouse(); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=ROOT,
        env=project.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        answer = failure(5, str(source), "--json")
    finally:
        holder.communicate(b"\n")
    assert f"held by another process (pid {holder.pid})" in answer
    assert json.loads(answer.splitlines()[0])["exit_code"] == 5


def test_through_spark_submit(source: Path, tmp_path: Path) -> None:
    project = Project(tmp_path)
    script = ROOT / "python" / "business_telemetry" / "__main__.py"
    done = subprocess.run(
        [
            *(str(BIN / "spark-submit"), "--master", "local[2]", "--conf", "spark.ui.enabled=false"),
            *(str(script), "ingest", str(source), "--json", "--quiet"),
        ],
        cwd=ROOT,
        env=project.environment | {"PYSPARK_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout[done.stdout.index("{") :])
    assert (answer["status"], answer["rows_read"]) == ("loaded", 20_000)
