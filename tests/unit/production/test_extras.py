"""An installation without the optional parts: what is left works, what is not says how to get it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from project import ROOT

from business_telemetry.cli import EXTRAS

#: Modules whose names differ from their distributions'.
DISTRIBUTIONS = {"datalens_sdk": "datalens-sdk", "jwt": "pyjwt"}
BARE = """
import sys
for package in {missing!r}:
    sys.modules[package] = None
from business_telemetry.cli import main
main({arguments!r})
"""


def bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    missing = [package for packages in EXTRAS.values() for package in packages]
    program = BARE.format(missing=missing, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_the_command_knows_the_packages_of_each_extra() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    brought = {
        extra: {re.split(r"[<>=\[]", requirement)[0] for requirement in requirements}
        for extra, requirements in declared.items()
        if extra != "dev"
    }
    known = {
        extra: {DISTRIBUTIONS.get(package, package) for package in packages}
        for extra, packages in EXTRAS.items()
    }
    assert known == brought


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["ingest", "log.csv"], "ingest"),
        (["inspect", "log.csv"], "ingest"),
        (["preview"], "preview"),
        (["datalens", "--help"], "datalens"),
    ],
)
def test_a_command_that_misses_its_extra_names_it(command: list[str], extra: str, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("userid,timestamp,action\nu,2023-01-01T00:00:00,cart\n")
    run = bare(*(str(log) if word == "log.csv" else word for word in command))
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert f"pip install 'business-telemetry[{extra}]'" in run.stderr


@pytest.mark.parametrize("command", ["generate", "loads", "daily", "alerts", "sql", "summary"])
def test_the_other_commands_need_no_extra(command: str) -> None:
    run = bare(command, "--help")
    assert run.returncode == 0, run.stderr
