"""Every var of the project can be changed: the build stays green.

`make test` changes half of them at a time, `make test-all` each alone. For unit tests see test_unit_tests.py.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import random_shop
import yaml
from changed_vars import CHANGED
from project import ROOT, Project

pytestmark = pytest.mark.slow

NAMES = list(CHANGED)
HALVES = [NAMES[::2], NAMES[1::2]]


def test_every_var_is_tried() -> None:
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert declared.keys() == CHANGED.keys()
    assert all(declared[name] != value for name, value in CHANGED.items())
    assert sorted([*HALVES[0], *HALVES[1]]) == sorted(CHANGED)


@pytest.fixture
def project(seeded: Path, tmp_path: Path) -> Project:
    """Three logs by hand, with all ways to tell an order."""
    project = Project(shutil.copytree(seeded, tmp_path / "project", symlinks=True))
    rows = random_shop.numbered(random_shop.random_log(3))
    logs = sorted({row.log for row in rows})
    loads = [random_shop.load(log, log, [row for row in rows if row.log == log]) for log in logs]
    project.ask(commands=tuple(command for load in loads for command in load))
    return project


def build(project: Project, names: list[str]) -> None:
    changes = json.dumps({name: CHANGED[name] for name in names})
    project.run("dbt", "build", "--quiet", "--exclude-resource-type", "unit_test", "--vars", changes)


@pytest.mark.parametrize("names", HALVES, ids=["one half", "the other"])
def test_build_is_green_with_half_of_them_changed(project: Project, names: list[str]) -> None:
    build(project, names)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CHANGED)
def test_build_is_green(project: Project, name: str) -> None:
    build(project, [name])
