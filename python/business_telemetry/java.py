"""Is there a Java that Spark can use? `python -m business_telemetry.java` answers with its exit code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

MINIMUM: Final = 17
REMEDY: Final = (
    f"Install a JDK or JRE {MINIMUM} or newer (Debian/Ubuntu: apt install openjdk-{MINIMUM}-jre-headless; "
    f"macOS: brew install openjdk@{MINIMUM} and export JAVA_HOME=$(brew --prefix openjdk@{MINIMUM})), "
    "or point JAVA_HOME at one."
)

#: Where Java finds Spark's classes ready to use.
ARCHIVE: Final = Path(sys.prefix, "share", "business-telemetry", "spark.jsa")


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


def archive() -> str:
    """Java's option that maps Spark's classes from a file instead of loading them; empty where there is none.

    `make setup` makes the file. Java ignores one of another version.
    """
    return f"-XX:SharedArchiveFile={ARCHIVE}" if ARCHIVE.is_file() else ""


def make_archive() -> bool:
    """Start Spark once and let Java write down which classes that took, to load them quicker.

    Returns:
        Whether that worked. Java's options end at a blank, so it does not where the path has one.
    """
    if " " in str(ARCHIVE):
        return False
    script = (
        "from pyspark import SparkContext as C; C.getOrCreate().parallelize([1, 2], 2).map(str).collect()"
    )
    part = ARCHIVE.with_suffix(".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    options = f"-XX:ArchiveClassesAtExit={part} -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
    arguments = (
        f'--master local[2] --conf spark.ui.enabled=false --driver-java-options "{options}" pyspark-shell'
    )
    environment = os.environ | {"PYSPARK_SUBMIT_ARGS": arguments, "PYSPARK_PYTHON": sys.executable}
    try:
        subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, check=True, timeout=300
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False
    deadline = time.monotonic() + 60  # Java writes after Python has gone
    size = -1
    while time.monotonic() < deadline and (not part.is_file() or size != part.stat().st_size):
        size = part.stat().st_size if part.is_file() else -1
        time.sleep(1)
    if not part.is_file():
        return False
    part.replace(ARCHIVE)
    return True


if __name__ == "__main__":
    try:
        require_java()
        if "--archive" in sys.argv:
            make_archive() or print("Spark will start without an archive of its classes, a second later.")
    except JavaMissing as missing:
        sys.exit(str(missing))
