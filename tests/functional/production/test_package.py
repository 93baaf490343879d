"""The wheel and the sdist: built, installed elsewhere, and used without the project's directory."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from project import ROOT

from business_telemetry import __version__

pytestmark = pytest.mark.slow

BUILD = "import sys; from setuptools import build_meta as b; print(b.build_{}(sys.argv[1]))"
PROJECT = {
    "dbt_project.yml": "{name: other, profile: other}",
    "profiles.yml": "other: {target: a, outputs: {a: "
    "{type: clickhouse_py, driver: chdb, path: data, schema: s}}}",
    "models/twice.py": "def model(dbt, session):\n    return dbt.ref('one') * 2\n",
    "models/one.sql": "select toUInt64(21) as x",
    "models/models.yml": "models: [{name: twice, columns: [{name: x, data_type: UInt64}]}]",
    "tests/twice.sql": "select x from {{ ref('twice') }} where x != 42",
}


def run(command: list[str], where: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=where, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git would hand out: the package's sources without what building leaves there."""
    home = tmp_path_factory.mktemp("sources")
    named = ["python", "pyproject.toml", "README.md", "LICENSE"]
    run(["cp", "-r", *(str(ROOT / name) for name in named), str(home)], ROOT)
    run(["find", str(home), "-name", "*.egg-info", "-exec", "rm", "-r", "{}", "+"], ROOT)
    return home


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist as an index would have it."""
    out = tmp_path_factory.mktemp("out")
    name = run([sys.executable, "-W", "ignore", "-c", BUILD.format("sdist"), str(out)], sources).split()[-1]
    with tarfile.open(out / name) as archive:
        archive.extractall(out, filter="data")
    unpacked = out / name.removesuffix(".tar.gz")
    built = run([sys.executable, "-W", "ignore", "-c", BUILD.format("wheel"), str(out)], unpacked).split()[-1]
    return out / built


def test_the_version_stands_in_one_place(wheel: Path) -> None:
    assert wheel.name.startswith(f"business_telemetry-{__version__}-")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" not in project
    assert __version__ not in (ROOT / "dbt_project.yml").read_text(encoding="utf-8")


def test_nothing_is_missing_in_the_wheel(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    kept = (
        path.relative_to(ROOT / "python")
        for path in (ROOT / "python").rglob("*")
        if path.is_file() and not {"__pycache__", "business_telemetry.egg-info"} & set(path.parts)
    )
    missing = [str(path) for path in kept if str(path) not in packed]
    assert missing == []


def test_installed_elsewhere_the_adapter_serves_another_dbt_project(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
    ]
    run([*pip, str(wheel)], tmp_path)
    ours = {"PYTHONPATH": str(site)}
    where = "import business_telemetry as a, dbt.adapters.clickhouse_py as b; print(a.__file__, b.__file__)"
    found = run([sys.executable, "-c", where], tmp_path, **ours).split()
    assert all(path.startswith(str(site)) for path in found), found
    assert __version__ in run([sys.executable, "-m", "business_telemetry", "--version"], tmp_path, **ours)

    other = tmp_path / "other"
    for name, text in PROJECT.items():
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_text(text, encoding="utf-8")
    dbt = [sys.executable, "-m", "dbt.cli.main", "build", "--profiles-dir", str(other)]
    assert "PASS=3" in run(dbt, other, **ours)
