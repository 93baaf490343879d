"""Java is found, or its absence explained, before anything starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from business_telemetry.java import JavaMissing, parse_version, require_java


def java_that_says(home: Path, answer: str, code: int = 0) -> None:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{answer}' >&2\nexit {code}\n", encoding="utf-8")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "25-ea"', 25),
        ("command not found", None),
    ],
)
def test_version(answer: str, version: int | None) -> None:
    assert parse_version(answer) == version


def test_this_machine_has_java() -> None:
    assert require_java() >= 17


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        ('openjdk version "11.0.2" 2019-01-15', 0, "is Java 11"),
        ("?", 0, "is an unknown version"),
        ("broken", 1, "does not run"),
    ],
)
def test_an_unusable_java(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, message: str
) -> None:
    java_that_says(tmp_path, answer, code)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(JavaMissing, match=message) as error:
        require_java()
    assert "Install a JDK or JRE 17 or newer" in str(error.value)


def test_no_java_at_all(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    done = subprocess.run(
        [sys.executable, "-m", "business_telemetry.java"],
        env=environment | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Spark needs Java, and there is none on PATH. Install")
    assert done.stderr.count("\n") == 1
