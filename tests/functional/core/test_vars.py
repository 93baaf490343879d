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

<<<<<<< HEAD
NAMES = list(CHANGED)
HALVES = [NAMES[::2], NAMES[1::2]]
=======
CHANGED = {
    "shop_timezone": "Asia/Vladivostok",
    "timestamps_are_local": True,
    "dedup_mode": "key",
    "session_pause_minutes": 10,
    "unknown_label": "нет данных",
    "largest_segments": 1,
    "other_label": "Остальные",
    "session_gap_hours": 1,
    "cart_recovery_days": 40,
    "heavy_user_events": 5,
    "build_batch_rows": 50,
    "as_of": "2022-03-05",
}
>>>>>>> rebuild


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
