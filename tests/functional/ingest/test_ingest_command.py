"""`telemetry ingest` as a user runs it, on an embedded warehouse."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil
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
    assert answer["min_event_time"] == "2024-02-29 09:28:45+00:00"
    found = project.ask(
        "select distinct toUnixTimestamp(timestamp) from telemetry_raw.events",
        "select toUnixTimestamp(min_event_time), abs(dateDiff('minute', now(), finished_at)) < 60"
        " from telemetry_raw.loads",
    )
    # date -d 'TZ="Europe/Moscow" 2024-02-29T12:28:45' +%s
    assert found == [[[1709198925]], [[1709198925, True]]]


def kill(process: subprocess.Popen[str], victim: str) -> None:
    if victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == "Java":
        for child in psutil.Process(process.pid).children(recursive=True):
            if child.name() == "java":
                child.kill()
    else:
        process.send_signal(signal.SIGKILL)


def test_killed_at_every_stage_and_run_again(
    undisturbed: tuple[Project, dict[str, Any]], source: Path, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    stages = {
        "Looking for new files": "parent",
        "Starting Spark": "group",
        "Reading and validating": "parent",
        "Loading into ClickHouse": "group",
        "Publishing": "parent",
    }
    for stage, victim in stages.items():
        with project.begin("telemetry", "ingest", str(source)) as process:
            for line in process.stdout or ():
                if line.startswith(stage):
                    kill(process, victim)
        assert process.returncode == -signal.SIGKILL, f"not killed at {stage}"

    project.run("telemetry", "ingest", str(source))

    assert project.ask(*STATE) == undisturbed[0].ask(*STATE)
    assert not list((tmp_path / "warehouse").glob("ingest-staging/*"))


def test_java_alone_killed(undisturbed: tuple[Project, dict[str, Any]], source: Path, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shown = []
    with project.begin("telemetry", "ingest", str(source)) as process:
        for line in process.stdout or ():
            shown.append(line)
            if line.startswith("Reading and validating"):
                kill(process, "Java")
    if process.returncode == 0:  # it was done already
        return
    assert process.returncode == 1
    assert [line[:6] for line in shown[3:]] == ["Error:"], shown
    assert "nothing was loaded. Run again" in shown[-1]
    assert project.ask("select count() from telemetry_raw.loads") == [[[0]]]


def test_ctrl_c_is_one_line(source: Path, tmp_path: Path) -> None:
    shown = []
    with Project(tmp_path).begin("telemetry", "ingest", str(source)) as process:
        for line in process.stdout or ():
            shown.append(line)
            if line.startswith("Reading and validating"):
                os.killpg(process.pid, signal.SIGINT)
    if process.returncode != 0:
        assert process.returncode in (1, 130)
        assert len([line for line in shown[3:] if line.strip()]) == 1, shown


class Refusing(BaseHTTPRequestHandler):
    """What a server answers to a wrong password."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"Code: 516. DB::Exception: default: Authentication failed: password is incorrect. (X)\n"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.mark.parametrize("is_up", [False, True], ids=["down", "wrong password"])
def test_a_server_that_does_not_let_in(source: Path, tmp_path: Path, is_up: bool) -> None:
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        names = {"HOST": "127.0.0.1", "SECURE": "false", "PASSWORD": "secret-1"}
        names["PORT"] = str(server.server_port) if is_up else "9"
        done = subprocess.run(
            [str(BIN / "telemetry"), "ingest", str(source), "--target", "prod"],
            cwd=tmp_path,
            env=Project(tmp_path).environment
            | {f"CLICKHOUSE_{name}": value for name, value in names.items()},
            capture_output=True,
            text=True,
            check=False,
        )
        server.shutdown()
    assert done.returncode == 5, done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("Error: ")
    assert "secret-1" not in done.stderr + done.stdout


def test_exit_codes_and_messages(
    undisturbed: tuple[Project, dict[str, Any]], source: Path, tmp_path: Path
) -> None:
    project, _ = undisturbed

    def failure(code: int, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [str(BIN / "telemetry"), "ingest", *arguments],
            cwd=project.home,
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
    (tmp_path / "new.csv").write_text(log(event()), encoding="utf-8")
    assert "Spark needs Java" in failure(1, str(tmp_path / "new.csv"), JAVA_HOME=str(tmp_path))
    assert "no such contract; shipped are" in failure(2, str(source), "--log", "moon")
    assert "names no file" in failure(2, "")
    assert "http:// is not read" in failure(2, "http://127.0.0.1/log.csv")
    assert "no column userid, timestamp, action" in failure(2, str(ROOT / "seeds" / "cities.csv"))

    hold = "from business_telemetry.warehouse import *; w = open_warehouse(); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=project.home,
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


def test_odd_paths_in_a_plain_locale(tmp_path: Path) -> None:
    """A warehouse and a log whose paths look like globs, URIs and settings, where LC_ALL is C."""
    project = Project(tmp_path / "a b=c&[1]*{x}#%20 'день")
    source = project.home / "журнал [1]?.csv"
    environment = project.environment | {"LC_ALL": "C"}
    source.write_text(log(event(), event(1, userid="b")), encoding="utf-8")
    done = subprocess.run(
        [str(BIN / "telemetry"), "ingest", str(source), "--json", "--quiet"],
        cwd=project.home,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"] == [str(source)]
    rows = project.ask("select userid, source_file from telemetry_raw.events order by userid")
    assert rows == [[["b", str(source)], ["user_1", str(source)]]]
    assert [path.name for path in tmp_path.iterdir()] == [project.home.name]


def test_through_spark_submit(source: Path, tmp_path: Path) -> None:
    project = Project(tmp_path)
    script = ROOT / "python" / "business_telemetry" / "__main__.py"
    done = subprocess.run(
        [
            *(str(BIN / "spark-submit"), "--master", "local[2]", "--conf", "spark.ui.enabled=false"),
            *(str(script), "ingest", str(source), "--json", "--quiet"),
        ],
        cwd=project.home,
        env=project.environment | {"PYSPARK_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout[done.stdout.index("{") :])
    assert (answer["status"], answer["rows_read"]) == ("loaded", 20_000)
