"""What to read: the files behind paths, directories, globs and URIs, each with its fingerprint."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from business_telemetry.ingest.errors import BadSource

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PARQUET: Final = (".parquet", ".pq")
#: What is read from a directory; a file that is named itself may have any name.
KNOWN: Final = (".csv", ".csv.gz", ".csv.bz2", *PARQUET)


@dataclass(frozen=True)
class SourceFile:
    """A file to load.

    Attributes:
        name: its absolute path or URI, as messages and the raw tables show it.
        size: its length in bytes.
        fingerprint: the SHA-256 of its bytes, in hexadecimal.
    """

    name: str
    size: int
    fingerprint: str

    @property
    def uri(self) -> str:
        """The name as Spark takes it."""
        return self.name if is_remote(self.name) else f"file://{self.name}"

    @property
    def is_parquet(self) -> bool:
        return self.name.lower().endswith(PARQUET)


def name_of(path: str) -> str:
    """The name behind a path as Spark's `_metadata.file_path` gives it: `file:/a%20b.csv` is `/a b.csv`."""
    return re.sub(r"^file:/+", "/", unquote(path))


def literally(path: str) -> str:
    """A path for Spark's readers, which take it for a glob."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def is_remote(source: str) -> bool:
    """Does the source need Hadoop's file systems? (`file://` does not.)."""
    return "://" in source and not source.startswith("file://")


def find_files(sources: Sequence[str], spark: SparkSession | None) -> list[str]:
    """The names of the files behind the sources, each once, sorted within each source.

    Args:
        sources: files, directories (searched in depth for known extensions), globs; local or URIs.
        spark: needed for remote sources only.

    Raises:
        BadSource: nothing there, or a name that Spark would skip silently.
    """
    names: dict[str, None] = {}
    for source in sources:
        found = list(_remote(source, spark) if is_remote(source) else _local(source))
        if not found:
            raise BadSource(f"{source}: no such file, and no {', '.join(KNOWN)} files there")
        names.update(dict.fromkeys(found))
    for name in names:
        if name.rsplit("/", 1)[-1].startswith(("_", ".")):
            raise BadSource(f"{name}: Spark skips files whose names begin with '_' or '.'; rename it")
    return list(names)


def fingerprint(name: str, spark: SparkSession | None) -> SourceFile:
    """Read a file once and take its size and SHA-256."""
    if is_remote(name):
        assert spark is not None
        path, system = hadoop(spark, name)
        stream = system.open(path)
        try:
            digest = spark._jvm.org.apache.commons.codec.digest.DigestUtils.sha256Hex(stream)
        finally:
            stream.close()
        return SourceFile(name, int(system.getFileStatus(path).getLen()), str(digest))
    try:
        with Path(name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return SourceFile(name, file.tell(), digest)
    except OSError as error:
        raise BadSource(f"{name}: {error.strerror}") from error


def _local(source: str) -> Iterator[str]:
    path = Path(source.removeprefix("file://")).expanduser()
    # Path.glob takes no absolute patterns
    matches = [path] if path.exists() else sorted(map(Path, glob(str(path), recursive=True)))  # noqa: PTH207
    for match in matches:
        if match.is_dir():
            inside = (file.relative_to(match) for file in match.rglob("*") if file.is_file())
            yield from sorted(str((match / file).resolve()) for file in inside if _is_data(file.parts))
        else:
            yield str(match.resolve())


def _remote(source: str, spark: SparkSession | None) -> Iterator[str]:
    assert spark is not None
    pattern, system = hadoop(spark, source)
    root = str(pattern).rstrip("/")
    for status in system.globStatus(pattern) or []:
        if not status.isDirectory():
            yield str(status.getPath())
            continue
        listing, found = system.listFiles(status.getPath(), True), []
        while listing.hasNext():
            name = str(listing.next().getPath())
            if _is_data(tuple(name.removeprefix(root).strip("/").split("/"))):
                found.append(name)
        yield from sorted(found)


def _is_data(parts: tuple[str, ...]) -> bool:
    return parts[-1].lower().endswith(KNOWN) and not any(part.startswith(("_", ".")) for part in parts)


def hadoop(spark: SparkSession, name: str) -> tuple[Any, Any]:
    """A Hadoop path and its file system."""
    path = spark._jvm.org.apache.hadoop.fs.Path(name)
    return path, path.getFileSystem(spark._jsc.hadoopConfiguration())
