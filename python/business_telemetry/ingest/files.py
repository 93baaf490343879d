"""What to read: the files behind paths, directories, globs and URIs, on any file system that pyarrow knows.

Nothing here needs Spark; its workers read files by the same functions.
"""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from business_telemetry.ingest.errors import BadSource

if TYPE_CHECKING:
    from pyarrow import fs

COMPRESSIONS: Final = {
    ".gz": ("gzip", b"\x1f\x8b"),
    ".bz2": ("bz2", b"BZh"),
    ".zst": ("zstd", b"\x28\xb5\x2f\xfd"),
}
JSON: Final = (".json", ".jsonl", ".ndjson")
TEXT: Final = (".csv", *JSON)
PARQUET: Final = (".parquet", ".pq")
#: What is read from a directory; a file that is named itself may have any name.
KNOWN: Final = (*(text + packed for text in TEXT for packed in ("", *COMPRESSIONS)), *PARQUET)
#: What `telemetry generate` writes beside a log.
TRUTH: Final = ".truth.json"
SCHEMES: Final = ("s3", "s3a", "gs", "hdfs", "viewfs", "abfs", "abfss")
#: A task reads so many bytes of a file that can be cut.
PIECE: Final = 32 << 20
BLOCK: Final = 8 << 20
#: A line that is longer is no line of a log, and must not fill the memory.
MAX_LINE: Final = 64 << 20
#: A file that was written so shortly before is hashed again after it was read, since its time may not tell a
#: change.
SETTLED_NS: Final = 2_000_000_000


@dataclass(frozen=True)
class Stat:
    """What changes when a file does: bytes, times of content and entry in ns, and place on the disk."""

    size: int
    modified: int
    changed: int = 0
    inode: int = 0


@dataclass(frozen=True)
class Piece:
    """A part of a file that begins and ends with a line: bytes `start` to `end`, from line `line` on."""

    start: int
    end: int
    line: int


@dataclass(frozen=True)
class SourceFile:
    """A file to load.

    Attributes:
        name: its absolute path or URI, as messages and the raw tables show it.
        fingerprint: the SHA-256 of its bytes, in hexadecimal.
        stat: what it was before it was read.
        seen: when that was, in ns.
        pieces: what one task each reads.
        lines: how many lines it has; 0 where only reading tells.
    """

    name: str
    fingerprint: str
    stat: Stat = Stat(0, 0)
    seen: int = 0
    pieces: tuple[Piece, ...] = ()
    lines: int = 0

    @property
    def is_settled(self) -> bool:
        """Is its time long enough ago for any later change to show in it?"""
        return max(self.stat.modified, self.stat.changed) < self.seen - SETTLED_NS


def is_remote(source: str) -> bool:
    """Is the source a URI of another file system? (`file://` is not.)."""
    return "://" in source and not source.startswith("file://")


def is_parquet(name: str) -> bool:
    return name.lower().endswith(PARQUET)


def compression(name: str) -> str | None:
    """How a file is packed, by its name: gzip, bz2, zstd or None."""
    return next((codec for end, (codec, _) in COMPRESSIONS.items() if name.lower().endswith(end)), None)


def find_files(sources: Sequence[str]) -> list[str]:
    """The names of the files behind the sources, each once, sorted within each source.

    Args:
        sources: files, directories (searched in depth for known extensions), globs; local or URIs.

    Raises:
        BadSource: nothing there, or nothing that can be read.
    """
    names: dict[str, None] = {}
    for source in sources:
        if not source.strip():
            raise BadSource("'' names no file; give a file, a directory or a URI")
        found = list(_remote(source) if is_remote(source) else _local(source))
        if not found:
            raise BadSource(f"{_printable(source)}: no such file, and no {', '.join(KNOWN)} files there")
        names.update(dict.fromkeys(found))
    return list(names)


def _local(source: str) -> Iterator[str]:
    path = Path(source.removeprefix("file://")).expanduser()
    try:
        # Path.glob takes no absolute patterns
        matches = [path] if path.exists() else sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
        for match in matches:
            if match.is_dir():
                inside = (file.relative_to(match) for file in match.rglob("*") if file.is_file())
                yield from sorted(
                    _text(str((match / file).resolve())) for file in inside if _is_data(file.parts)
                )
            elif match.is_file():
                yield _text(str(match.resolve()))
            else:
                raise BadSource(f"{match}: is no regular file; write what it gives to a file first")
    except (OSError, RuntimeError) as error:
        raise BadSource(f"{_printable(source)}: {getattr(error, 'strerror', None) or error}") from error


def _remote(source: str) -> Iterator[str]:
    from pyarrow import fs

    system, path = file_system(source)
    home, below = _split(source)
    root = path.removesuffix(below)
    pattern = PurePosixPath(path)
    fixed = PurePosixPath(*takewhile(lambda part: not glob.has_magic(part), pattern.parts))
    try:
        # a name is first of all that of a file or directory
        found = system.get_file_info(str(pattern))
        if found.is_file:
            yield source
            return
        if found.type == fs.FileType.Directory:
            fixed = pattern
        listing = system.get_file_info(fs.FileSelector(str(fixed), recursive=True, allow_not_found=True))
    except OSError as error:
        raise BadSource(f"{source}: {_first_line(error)}") from error
    for file in sorted((each for each in listing if each.is_file), key=lambda each: each.path):
        place = PurePosixPath(file.path)
        if fixed == pattern:
            wanted = _is_data(place.relative_to(fixed).parts)
        else:
            wanted = len(place.parts) == len(pattern.parts) and place.match(path)
        if wanted:
            yield home + file.path.removeprefix(root)


def _is_data(parts: tuple[str, ...]) -> bool:
    name = parts[-1].lower()
    is_hidden = any(part.startswith(("_", ".")) for part in parts)
    return name.endswith(KNOWN) and not name.endswith(TRUTH) and not is_hidden


def file_system(name: str) -> tuple[fs.FileSystem, str]:
    """Pyarrow's file system for a path or URI, and the path there as it is written, with nothing escaped.

    Raises:
        BadSource: a scheme that nothing here reads, or a file system that does not answer.
    """
    from pyarrow import fs

    if not is_remote(name):
        return fs.LocalFileSystem(), name.removeprefix("file://")
    home, path = _split(name)
    scheme, _, authority = home.removesuffix("/").partition("://")
    if scheme not in SCHEMES:
        raise BadSource(f"{name}: {scheme}:// is not read; download it, or use {', '.join(SCHEMES[:4])}")
    try:
        if scheme in ("s3", "s3a"):
            region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
            endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
            plain = {"scheme": "http"} if endpoint.startswith("http://") else {}
            override = {"endpoint_override": urlsplit(endpoint).netloc} if endpoint else {}
            return fs.S3FileSystem(region=region, **override, **plain), f"{authority}/{path}"
        # the path is kept from it: it would take a space, `#`, `%` or `?` there for a URI's
        system, root = fs.FileSystem.from_uri(home)
        return system, f"{root.rstrip('/')}/{path}"
    except (OSError, ValueError) as error:
        raise BadSource(f"{name}: {_first_line(error)}") from error


def _split(name: str) -> tuple[str, str]:
    """A URI's scheme and authority, to the slash; and the path behind it."""
    scheme, _, rest = name.partition("://")
    authority, _, path = rest.partition("/")
    return f"{scheme}://{authority}/", path


def stat_of(name: str) -> Stat:
    """What a file is now.

    Raises:
        BadSource: it is not there any more, or cannot be looked at.
    """
    try:
        if not is_remote(name):
            now = os.stat(name)  # noqa: PTH116
            return Stat(now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino)
        system, path = file_system(name)
        info = system.get_file_info(path)
        if not info.is_file:
            raise BadSource(f"{name}: no such file any more")
        return Stat(info.size, info.mtime_ns or 0)
    except OSError as error:
        raise BadSource(f"{name}: {error.strerror or _first_line(error)}") from error


def open_bytes(name: str) -> IO[bytes] | Any:
    """The bytes of a file as they are, to read and to seek in.

    Raises:
        BadSource: it cannot be opened.
    """
    try:
        if not is_remote(name):
            return open(name, "rb")  # noqa: PTH123
        system, path = file_system(name)
        return system.open_input_file(path)
    except OSError as error:
        raise BadSource(f"{name}: {error.strerror or _first_line(error)}") from error


def blocks(name: str, start: int = 0, end: int | None = None, size: int = BLOCK) -> Iterator[bytes]:
    """The content of a file, unpacked, in blocks of whole lines of about `size` bytes.

    Args:
        name: a path or URI.
        start: where to begin; a line begins there.
        end: where to stop; a line ends there.
        size: in bytes.

    Raises:
        BadSource: the file is packed otherwise than its name says, is cut short, or has a line over MAX_LINE.
    """
    codec, rest = compression(name), b""
    left = None if end is None else end - start
    with open_bytes(name) as raw:
        if codec:
            from pyarrow import CompressedInputStream, PythonFile

            if raw.read(4)[: len(_magic_of(codec))] not in (_magic_of(codec), b""):
                raise BadSource(f"{name}: not {codec}, although its name says so; rename it")
            raw.seek(0)
            raw = CompressedInputStream(raw if is_remote(name) else PythonFile(raw, mode="r"), codec)
        else:
            raw.seek(start)
        while data := _read(raw, size if left is None else min(size, left), name, codec):
            left = None if left is None else left - len(data)
            cut = data.rfind(b"\n") + 1
            if cut:
                yield rest + data[:cut] if rest else data[:cut]
            rest = data[cut:] if cut else rest + data
            if len(rest) > MAX_LINE:
                raise BadSource(f"{name}: a line is longer than {MAX_LINE >> 20} MB; is this a log of rows?")
        if left:
            raise BadSource(f"{name} became shorter while it was read; nothing was loaded. Run again.")
        if rest:
            yield rest


def _magic_of(codec: str) -> bytes:
    return next(magic for name, magic in COMPRESSIONS.values() if name == codec)


def _read(raw: Any, size: int, name: str, codec: str | None) -> bytes:
    try:
        return raw.read(size)  # type: ignore[no-any-return]
    except (OSError, EOFError) as error:
        reason = _first_line(error)
        what = "cut short" if "runcated" in reason or "end" in reason.lower() else f"broken ({reason})"
        remedy = f"; as {codec} it is {what}: copy it again" if codec else f": {reason}"
        raise BadSource(f"{name}: cannot be read to its end{remedy}") from error


def scan(name: str, piece: int = PIECE) -> SourceFile:
    """Read a file once: its fingerprint and, of one that can be cut, its pieces and the number of its lines.

    Raises:
        BadSource: it cannot be read.
    """
    import time

    seen, stat = time.time_ns(), stat_of(name)
    digest = hashlib.sha256()
    if compression(name) or is_parquet(name):
        _hash(name, digest)
        return SourceFile(name, digest.hexdigest(), stat, seen, (Piece(0, stat.size, 1),))
    pieces: list[Piece] = []
    start = at = lines = first = 0
    ends_open = False
    with open_bytes(name) as raw:
        while data := _read(raw, BLOCK, name, None):
            digest.update(data)
            cut = data.rfind(b"\n") + 1
            lines += data.count(b"\n")
            if cut and at + cut - start >= piece:
                pieces.append(Piece(start, at + cut, first + 1))
                start, first = at + cut, lines
            at += len(data)
            ends_open = cut < len(data)
    lines += ends_open
    if at > start:
        pieces.append(Piece(start, at, first + 1))
    return SourceFile(name, digest.hexdigest(), stat, seen, tuple(pieces), lines)


def _hash(name: str, digest: Any) -> None:
    with open_bytes(name) as raw:
        while data := _read(raw, BLOCK, name, None):
            digest.update(data)


def require_unchanged(file: SourceFile) -> None:
    """After reading: the file must be what its fingerprint says.

    Raises:
        BadSource: it has changed or vanished since it was scanned.
    """
    same = stat_of(file.name) == file.stat
    if same and not file.is_settled:
        digest = hashlib.sha256()
        _hash(file.name, digest)
        same = digest.hexdigest() == file.fingerprint
    if not same:
        raise BadSource(f"{file.name} has changed while it was read; nothing was loaded. Run again.")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _text(name: str) -> str:
    """A file's name, which ClickHouse keeps as text.

    Raises:
        BadSource: it is no UTF-8.
    """
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise BadSource(f"{_printable(name)}: the name is no UTF-8; rename the file") from error
    return name
