"""`kill -9` of `dbt run`, again and again: one undisturbed run later all is as if nothing had happened."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from checksums import LEFT, checksums
from ingest_server import event, log
from project import Project

SELECTED = ("-s", "+fct_sales", "+fct_orders", "+fct_funnel", "+fct_order_lines")
#: The run is killed when so many of its models are begun or done; FEW in `make test`, POINTS every night.
FEW = (1, 13, 28, 46)
POINTS = (1, 3, 6, 9, 13, 17, 22, 28, 34, 40, 46, 52)


def run_and_die(project: Project, point: int) -> bool:
    """Was it killed, or over before?"""
    code, told = project.interrupt(
        "dbt", "run", *SELECTED, point=point, fault=lambda pid: os.killpg(pid, signal.SIGKILL)
    )
    assert code in (0, -signal.SIGKILL), told[-3000:]
    return code != 0


@pytest.mark.slow
@pytest.mark.parametrize("points", [FEW, pytest.param(POINTS, marks=pytest.mark.exhaustive)], ids=len)
def test_builds_that_are_killed(
    demo: Project, tmp_path: Path, points: tuple[int, ...], record_property: Callable[[str, object], None]
) -> None:
    project, undisturbed = Project(tmp_path / "killed"), Project(tmp_path / "undisturbed")
    shutil.copytree(demo.home / "warehouse", project.home / "warehouse", symlinks=True)
    days = [f"2022-0{month}-1{day}T10:00:00" for month in (1, 2, 3) for day in range(9)]
    rows = [event(n, userid=f"late{n}", sessionid=n, timestamp=at) for n, at in enumerate(days)]
    (tmp_path / "late.csv").write_text(log(*rows), encoding="utf-8")
    project.run("telemetry", "ingest", str(tmp_path / "late.csv"), "--log", "demo", "--quiet")
    shutil.copytree(project.home / "warehouse", undisturbed.home / "warehouse", symlinks=True)

    killed = left = 0
    for point in points:
        killed += run_and_die(project, point)
        left += project.ask(LEFT)[0][0][0]
    project.run("dbt", "run", *SELECTED)
    undisturbed.run("dbt", "run", *SELECTED)

    expected, found = checksums(undisturbed.ask), checksums(project.ask)
    unlike = [name for name in expected if expected[name] != found.get(name)]
    record_property("kills", {"killed": killed, "tables": len(expected), "left on the way": left})
    print({"killed": killed, "tables": len(expected), "unlike": unlike, "left on the way": left})
    assert killed >= len(points) * 2 / 3
    assert unlike == []
    assert list(found) == list(expected)
    assert project.ask(LEFT) == [[[0]]]
