"""A full disk, a read-only one and one without permission: one line, and nothing lost or left over."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checksums import LEFT, checksums
from dbt.adapters.exceptions import FailedToConnectError
from disks import OBEDIENT, Disk, small_disk
from ingest_server import event, log
from project import ROOT, Project

from dbt.adapters.clickhouse_py.credentials import ClickHousePyCredentials
from dbt.adapters.clickhouse_py.engine import connect

#: Views, months that are swapped, tables that are exchanged and Python models.
MODELS = ("-s", "+fct_orders", "+mart_anomalies")

#: In a process of its own: chDB gives a process one directory. The disk is full from before one statement on
#: (or while the tasks write), then it is not, and the same is done again.
FILLING = """
import json, sys
from pathlib import Path
from dataclasses import replace

sys.path[:0] = [{support!r}]
from disks import Disk
from ingest_server import Server
from raw_state import has_leftovers, run_here, users
from business_telemetry.ingest import errors, run as ingestion
from business_telemetry.warehouse import open_warehouse

home, stride = Path(sys.argv[1]), int(sys.argv[2])
disk = Disk(home)
warehouse = open_warehouse()

class Filling:
    def __init__(self, client, last):
        self._client, self._last, self.count = client, last, 0
    def __getattr__(self, name):
        found = getattr(self._client, name)
        if name not in ("command", "query", "raw_insert"):
            return found
        def run(*arguments, **options):
            self.count += 1
            if self.count == self._last:
                disk.fill()
            return found(*arguments, **options)
        return run

def run(self, tasks, spec):
    if full_while_reading:
        disk.fill(4096)
    return run_here(self, tasks, spec)

ingestion.Ingestion._run = run
server = Server(warehouse, home)
full_while_reading = False
server.ingest(home / "kept.csv")
server.ingest(home / "old.csv")
old = (home / "old.csv").read_text(encoding="utf-8")
told, wrong = [], []
new = old.replace(",b,", ",B,")

def replace_old(client):
    Server(replace(warehouse, client=client), home).ingest(home / "old.csv", replace=True)

undisturbed = Filling(warehouse.client, 0)
(home / "old.csv").write_text(new, encoding="utf-8")
replace_old(undisturbed)
steps = undisturbed.count
for point in (0, *range(1, steps + 1, stride)):
    (home / "old.csv").write_text(old, encoding="utf-8")
    replace_old(warehouse.client)
    (home / "old.csv").write_text(new, encoding="utf-8")
    full_while_reading = point == 0
    try:
        replace_old(Filling(warehouse.client, point))
    except errors.IngestError as error:
        told.append((error.exit_code, str(error)))
    full_while_reading = False
    disk.free()
    if users(server) not in (["a", "b", "k"], ["B", "a", "k"]):
        wrong.append((point, "half", users(server)))
    replace_old(warehouse.client)
    if users(server) != ["B", "a", "k"] or has_leftovers(server):
        wrong.append((point, "again", users(server)))
warehouse.close()
open_warehouse().close()  # the engine starts on what is there
print(json.dumps([told, wrong, steps]))
"""


def write(path: Path, *users: str) -> None:
    path.write_text(log(*(event(n, userid=user) for n, user in enumerate(users))), encoding="utf-8")


def telemetry(project: Project, *arguments: str, before: tuple[str, ...] = ()) -> tuple[int, str]:
    """Exit code and stderr."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "business_telemetry", *arguments],
        cwd=project.home,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("stride", [4, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_a_disk_that_is_full_while_loading(tmp_path: Path, stride: int) -> None:
    project = Project(tmp_path)
    profiles = project.environment  # made outside of the small disk
    with small_disk(tmp_path / "warehouse", 24) as disk:
        write(disk.home / "kept.csv", "k")
        write(disk.home / "old.csv", "a", "b")
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                FILLING.format(support=str(ROOT / "tests" / "support")),
                str(disk.home),
                str(stride),
            ],
            cwd=project.home,
            env=profiles,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    told, wrong, steps = json.loads(done.stdout)
    print(steps, len(told), {message for _, message in told})
    assert wrong == []
    assert steps > 30 and len(told) > steps / stride / 3
    for code, message in told:
        assert code == 1 and "\n" not in message, message
        assert "space" in message, message
    assert "--staging" in told[0][1]


def build_until_full(project: Project, disk: Disk, point: int) -> str:
    """`dbt run`, whose disk is full when so many models are begun or done: it must fail. What it said."""
    code, told = project.interrupt("dbt", "run", *MODELS, point=point, fault=lambda _: disk.fill())
    disk.free()
    assert code == 1, (point, told[-3000:])
    return told


@pytest.mark.slow
@pytest.mark.parametrize(
    "points", [(20,), pytest.param(tuple(range(1, 50, 4)), marks=pytest.mark.exhaustive)], ids=len
)
def test_a_disk_that_is_full_while_models_are_built(tmp_path: Path, points: tuple[int, ...]) -> None:
    project, undisturbed = Project(tmp_path / "full"), Project(tmp_path / "undisturbed")
    kinds = ("search", "cart", "checkout", "confirmation")
    rows = [
        event(
            n,
            userid=f"u{n % 7}",
            sessionid=n // 4,
            action=kinds[n % 4],
            timestamp=f"2024-0{1 + n // 40}-{1 + n // 4 % 10:02}T10:0{n % 4}:00",
        )
        for n in range(160)
    ]
    (tmp_path / "a.csv").write_text(log(*rows), encoding="utf-8")
    project.parse()
    with small_disk(project.home / "warehouse", 128) as disk:
        project.run("telemetry", "ingest", str(tmp_path / "a.csv"), "--quiet")
        project.run("dbt", "seed", "--quiet")
        shutil.copytree(disk.home, undisturbed.home / "warehouse", symlinks=True)
        told = [build_until_full(project, disk, point) for point in points]
        project.run("dbt", "run", *MODELS)
        found, left = checksums(project.ask), project.ask(LEFT)
    undisturbed.run("dbt", "run", *MODELS)
    assert all(re.search("No space left on device|not enough space", each) for each in told)
    assert found == checksums(undisturbed.ask)
    assert len(found) > 20 and left == [[[0]]]


def test_a_warehouse_that_cannot_be_written(tmp_path: Path) -> None:
    project = Project(tmp_path)
    create = ("sql", "create table if not exists t (x Int8) engine MergeTree order by x")
    with small_disk(tmp_path / "disk", 24) as disk:
        (tmp_path / "warehouse").symlink_to(disk.home / "warehouse")
        (disk.home / "warehouse").mkdir()
        disk.fill()
        code, full = telemetry(project, *create)
        assert code == 5 and full.count("\n") == 1 and "cannot be written: No space left" in full
        disk.free()
        disk.read_only(True)
        code, read_only = telemetry(project, "loads")
        assert code == 5 and read_only.count("\n") == 1 and "written: Read-only file system" in read_only
        disk.read_only(False)
        assert telemetry(project, *create) == (0, "")
    forbidden = Project(tmp_path / "forbidden")
    (forbidden.home / "warehouse").mkdir(parents=True)
    (forbidden.home / "warehouse").chmod(0o500)
    code, denied = telemetry(forbidden, "sql", "select 1", before=OBEDIENT)
    assert code == 5 and denied.count("\n") == 1 and "written: Permission denied" in denied
    assert "TELEMETRY_WAREHOUSE" in denied


def test_a_path_that_the_engine_would_cut_is_refused(tmp_path: Path) -> None:
    credentials = ClickHousePyCredentials(driver="chdb", path=str(tmp_path / "a?b=c"), schema="x")
    with pytest.raises(FailedToConnectError, match="has a question mark in its path"):
        connect(credentials)
    assert list(tmp_path.iterdir()) == []


def test_a_definition_that_a_full_disk_left_empty_goes_unless_there_are_rows(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for statement in (
        "create table bare (x Int8) engine MergeTree order by x",
        "create view seen as select 1",
        "create table full (x Int8) engine MergeTree order by x",
        "insert into full values (1)",
    ):
        assert telemetry(project, "sql", statement)[0] == 0
    bare, seen, full = (
        next((tmp_path / "warehouse").glob(f"store/*/*/{name}.sql")) for name in ("bare", "seen", "full")
    )
    bare.write_text("", encoding="utf-8")
    seen.write_text("", encoding="utf-8")
    assert telemetry(project, "sql", "select * from full") == (0, "")
    assert not bare.exists() and not seen.exists()
    full.write_text("", encoding="utf-8")
    code, told = telemetry(project, "sql", "select 1")
    assert code == 5 and "full.sql is empty" in told and "or delete it" in told
    assert full.exists()


def test_a_result_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        disk.fill()
        code, told = telemetry(
            Project(tmp_path), "generate", str(disk.home / "log.csv"), "--quiet", "--sessions", "500"
        )
    assert code != 0 and "No space left" in told and "Traceback" not in told and told.count("\n") <= 2
