"""Every var of the project can be changed: the build stays green, unit tests included."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

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
    "heavy_user_events": 5,
    "build_batch_rows": 50,
    "as_of": "2022-03-05",
}


def test_every_var_is_tried() -> None:
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert declared.keys() == CHANGED.keys()
    assert all(declared[name] != value for name, value in CHANGED.items())


@pytest.fixture(scope="module")
def rows() -> list[Event]:
    return random_shop.numbered(random_shop.random_log(3))


@pytest.fixture(scope="module")
def failures(rows: list[Event], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each build, with one var changed, had to complain of; two builds at a time."""
    logs = sorted({row.log for row in rows})
    loads = [random_shop.load(log, log, [row for row in rows if row.log == log]) for log in logs]
    homes = {name: tmp_path_factory.mktemp(name) for name in CHANGED}

    def build(name: str) -> str:
        project = Project(homes[name])
        project.ask(commands=(*random_shop.raw_tables(), *(command for load in loads for command in load)))
        try:
            project.run("dbt", "build", "--quiet", "--vars", json.dumps({name: CHANGED[name]}))
        except AssertionError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(CHANGED, pool.map(build, CHANGED), strict=True))


@pytest.mark.parametrize("name", CHANGED)
def test_build_is_green(name: str, failures: dict[str, str]) -> None:
    assert failures[name] == ""
