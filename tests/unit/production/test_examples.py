"""The examples compile, and those whose packages are installed are imported; SQL is parsed by the engine."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import chdb
import pytest
import yaml
from project import ROOT

EXAMPLES = ROOT / "examples"
WANTED = {
    "airflow_dag.py": ("airflow", "cosmos"),
    "dagster_defs.py": ("dagster", "dagster_dbt"),
    "notebook.py": (),
}


def statements(path: Path) -> list[str]:
    """The statements of an SQL file, without comments."""
    text = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
    return [part.strip() for part in text.split(";") if part.strip()]


def test_every_example_is_looked_at() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(WANTED)


@pytest.mark.parametrize("name", WANTED)
def test_python_examples_compile(name: str) -> None:
    ast.parse((EXAMPLES / name).read_text(encoding="utf-8"), name)


@pytest.mark.parametrize("name", [name for name, packages in WANTED.items() if packages])
def test_examples_for_orchestrators_import_where_these_are_installed(name: str) -> None:
    missing = [package for package in WANTED[name] if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed: the example was compiled, not imported")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_shell_example_parses() -> None:
    subprocess.run(["bash", "-n", str(EXAMPLES / "cron.sh")], check=True)


def test_the_engine_parses_the_rights() -> None:
    """The embedded engine has no users, so that it can parse and not carry them out."""
    found = statements(EXAMPLES / "access.sql")
    assert len(found) >= 12
    engine = chdb.connect(":memory:")
    for statement in found:
        assert engine.query(f"explain ast {statement}").bytes(), statement
    with pytest.raises(Exception, match=r"SYNTAX_ERROR|Syntax error"):
        engine.query("explain ast create row policy p on t for select use 1 to all")
    engine.close()


def test_rows_that_a_policy_shows_are_those_of_its_condition() -> None:
    """The condition is run as what it is, a filter."""
    (policy,) = (each for each in statements(EXAMPLES / "access.sql") if "telemetry_kazan_only" in each)
    condition = re.search(r"using (.*) to telemetry_kazan$", policy)
    assert condition is not None
    engine = chdb.connect(":memory:")
    found = engine.query(
        f"select groupArray(city) from values('city String', 'Казань', 'Омск', 'Казань') where {condition[1]}"
    )
    assert str(found).strip() == "\"['Казань','Казань']\""
    engine.close()


def test_a_reader_can_change_nothing() -> None:
    """What `readonly = 2` of the reader's profile means, on the engine itself."""
    engine = chdb.connect(":memory:")
    engine.query("create table t (x UInt8) engine Memory")
    engine.query("set readonly = 2")
    assert str(engine.query("select count() from t")).strip() == "0"
    for statement in ("insert into t values (1)", "drop table t", "create table u (x UInt8) engine Memory"):
        with pytest.raises(Exception, match=r"READONLY|readonly"):
            engine.query(statement)
    engine.close()


def test_compose_and_the_ci_job_speak_of_the_same_cluster() -> None:
    compose = yaml.safe_load((ROOT / "compose.yml").read_text(encoding="utf-8"))
    job = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["cluster"]
    server = (EXAMPLES / "cluster/server.xml").read_text(encoding="utf-8")
    assert f"<{job['env']['CLICKHOUSE_CLUSTER']}>" in server
    replicas = re.findall(r"<replica><host>(\w+)</host>", server)
    assert set(replicas) < set(compose["services"])
    balancer = (EXAMPLES / "cluster/haproxy.cfg").read_text(encoding="utf-8")
    assert re.findall(r"server \w+ (\w+):8123", balancer) == replicas
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            assert (ROOT / volume.partition(":")[0]).is_file()
