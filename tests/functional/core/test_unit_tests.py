"""dbt's unit tests pass with the project's vars, and with every var changed: none depends on a default."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from changed_vars import CHANGED
from project import Project

pytestmark = pytest.mark.slow

READS_VAR = re.compile(r"\bvar\(")


def of_vars(manifest: dict[str, Any]) -> set[str]:
    """Unit tests of models that read a var, themselves or by a macro; to the others all vars are alike."""
    macros = manifest["macros"]

    def reads(code: str, used: list[str]) -> bool:
        ours = [macros[name] for name in used if macros[name]["package_name"] == "business_telemetry"]
        is_read = READS_VAR.search(code) is not None
        return is_read or any(reads(each["macro_sql"], each["depends_on"]["macros"]) for each in ours)

    return {
        name
        for name, test in manifest["unit_tests"].items()
        for model in [manifest["nodes"][test["depends_on"]["nodes"][0]]]
        if reads(f"{model['raw_code']} {model['unrendered_config']}", model["depends_on"]["macros"])
    }


@pytest.mark.parametrize("changes", [{}, CHANGED], ids=["defaults", "changed"])
def test_unit_tests_pass(demo: Project, tmp_path: Path, changes: dict[str, object]) -> None:
    project = Project(tmp_path)
    shutil.copytree(demo.home / "warehouse", project.home / "warehouse", symlinks=True)
    manifest = json.loads((demo.home / "target" / "manifest.json").read_text(encoding="utf-8"))
    expected = of_vars(manifest) if changes else set(manifest["unit_tests"])
    names = sorted(manifest["unit_tests"][each]["name"] for each in expected)
    options = ("--vars", json.dumps(changes)) if changes else ()
    project.run("dbt", "test", "--resource-type", "unit_test", "-s", *names, *options)
    results = json.loads((project.home / "target" / "run_results.json").read_text(encoding="utf-8"))
    passed = {result["unique_id"] for result in results["results"] if result["status"] == "pass"}
    assert passed == expected
    assert len(expected) > 30
