"""dbt's unit tests pass with the project's vars, and with every var changed: none depends on a default."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from changed_vars import CHANGED
from project import Project

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("changes", [{}, CHANGED], ids=["defaults", "changed"])
def test_unit_tests_pass(demo: Project, tmp_path: Path, changes: dict[str, object]) -> None:
    project = Project(tmp_path)
    shutil.copytree(demo.home / "warehouse", project.home / "warehouse", symlinks=True)
    options = ("--vars", json.dumps(changes)) if changes else ()
    project.run("dbt", "test", "--resource-type", "unit_test", *options)
    results = json.loads((project.home / "target" / "run_results.json").read_text(encoding="utf-8"))
    manifest = json.loads((project.home / "target" / "manifest.json").read_text(encoding="utf-8"))
    passed = {result["unique_id"] for result in results["results"] if result["status"] == "pass"}
    assert passed == set(manifest["unit_tests"])
