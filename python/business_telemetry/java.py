"""Is there a Java that Spark can use? `python -m business_telemetry.java` answers with its exit code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

MINIMUM: Final = 17
REMEDY: Final = (
    f"Install a JDK or JRE {MINIMUM} or newer (Debian/Ubuntu: apt install openjdk-{MINIMUM}-jre-headless; "
    f"macOS: brew install openjdk@{MINIMUM}), or point JAVA_HOME at one."
)


class JavaMissing(Exception):
    """No usable Java; the message says what was found and what to do."""

    exit_code = 1


def require_java() -> int:
    """The major version of the Java that Spark will start: JAVA_HOME's, else the one on PATH.

    Raises:
        JavaMissing: there is none, it does not run, or it is older than 17.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None:
        raise JavaMissing(f"Spark needs Java, and there is none on PATH. {REMEDY}")
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError) as error:
        raise JavaMissing(f"Spark needs Java, and {java} does not run. {REMEDY}") from error
    version = parse_version(answer)
    if version is None or version < MINIMUM:
        found = f"Java {version}" if version else "an unknown version"
        raise JavaMissing(f"Spark needs Java {MINIMUM} or newer, and {java} is {found}. {REMEDY}")
    return version


def parse_version(answer: str) -> int | None:
    """The major version in what `java -version` prints: 17 of `"17.0.15"`, 8 of `"1.8.0_392"`."""
    found = re.search(r'version "(?:1\.)?(\d+)', answer)
    return int(found[1]) if found else None


if __name__ == "__main__":
    try:
        require_java()
    except JavaMissing as missing:
        sys.exit(str(missing))
