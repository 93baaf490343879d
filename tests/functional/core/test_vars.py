"""Every var of the project can be changed: the build stays green, unit tests included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import random_shop
import yaml
from order_rules import Event
from project import ROOT, Project

pytestmark = pytest.mark.slow

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
    "as_of": "2022-03-05",
}


def test_every_var_is_tried() -> None:
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert declared.keys() == CHANGED.keys()
    assert all(declared[name] != value for name, value in CHANGED.items())


@pytest.fixture(scope="module")
def rows() -> list[Event]:
    return random_shop.numbered(random_shop.random_log(3))


@pytest.mark.parametrize("name", CHANGED)
def test_build_is_green(name: str, rows: list[Event], tmp_path: Path) -> None:
    project = Project(tmp_path)
    logs = sorted({row.log for row in rows})
    loads = (random_shop.load(log, log, [row for row in rows if row.log == log]) for log in logs)
    project.ask(commands=(*random_shop.raw_tables(), *(command for load in loads for command in load)))
    project.run("dbt", "build", "--quiet", "--vars", json.dumps({name: CHANGED[name]}))
