"""The staging area: a local directory or an S3 prefix where Spark leaves Parquet for ClickHouse."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow.dataset
from pyarrow import fs

from business_telemetry.ingest.errors import IngestError


@dataclass(frozen=True)
class Piece:
    """A piece of a file that Spark has read in one go: its rows are numbered from `first_id` on."""

    path: str
    block: int
    first_id: int
    rows: int


def line_shifts(pieces: Sequence[Piece]) -> dict[tuple[str, int], int]:
    """What to add to a row's id to get its 1-based line in the file, by path and block."""
    shifts: dict[tuple[str, int], int] = {}
    before: dict[str, int] = defaultdict(int)
    for piece in sorted(pieces, key=lambda piece: (piece.path, piece.block)):
        shifts[piece.path, piece.block] = before[piece.path] - piece.first_id + 1
        before[piece.path] += piece.rows
    return shifts


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class Staging:
    """A directory of Parquet files.

    Args:
        location: a directory, or `s3a://bucket/prefix`. pyarrow and ClickHouse take keys, AWS_REGION and
            AWS_ENDPOINT_URL from their own environments.
    """

    def __init__(self, location: str) -> None:
        self.is_remote = "://" in location and not location.startswith("file://")
        if self.is_remote:
            self.uri = location.rstrip("/")
            self._system = fs.S3FileSystem(region=os.environ.get("AWS_REGION"))
            self._root = self.uri.partition("://")[2]
        else:
            self._root = str(Path(location.removeprefix("file://")).absolute())
            self.uri = f"file://{self._root}"
            self._system = fs.LocalFileSystem()

    def parts(self, folder: str) -> list[str]:
        """The Parquet files in a folder, as pyarrow's file system names them; none if there is no folder."""
        selector = fs.FileSelector(f"{self._root}/{folder}", allow_not_found=True)
        return sorted(
            file.path for file in self._system.get_file_info(selector) if file.extension == "parquet"
        )

    def open(self, part: str) -> IO[bytes]:
        """The bytes of a part."""
        return self._system.open_input_stream(part)  # type: ignore[no-any-return]

    def table_function(self, folder: str, structure: str) -> str:
        """The folder's rows as ClickHouse reads them where the area is: `file()` or `s3()`."""
        if not self.is_remote:
            return f"file({_quoted(f'{self._root}/{folder}/*.parquet')}, 'Parquet', {_quoted(structure)})"
        bucket, _, prefix = self._root.partition("/")
        amazon = f"https://s3.{os.environ.get('AWS_REGION', 'us-east-1')}.amazonaws.com"
        endpoint = os.environ.get("AWS_ENDPOINT_URL", amazon).rstrip("/")
        url = f"{endpoint}/{bucket}/{prefix}/{folder}/*.parquet"
        return f"s3({_quoted(url)}, 'Parquet', {_quoted(structure)})"

    def pieces(self, folder: str) -> list[Piece]:
        """The pieces of the sources whose rows lie in a folder, counted in the files themselves.

        Raises:
            IngestError: the numbers of a piece's rows are not consecutive.
        """
        found: dict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
        dataset = pyarrow.dataset.dataset(
            [*self.parts(f"{folder}/accepted=true"), *self.parts(f"{folder}/accepted=false")],
            filesystem=self._system,
            format="parquet",
            schema=pyarrow.schema([("path", "string"), ("block", "int64"), ("id", "int64")]),
        )
        for batch in dataset.to_batches():
            groups: Any = pyarrow.Table.from_batches([batch]).group_by(["path", "block"])
            for row in groups.aggregate([("id", "min"), ("id", "max"), ("id", "count")]).to_pylist():
                found[row["path"], row["block"]].append((row["id_min"], row["id_max"], row["id_count"]))
        pieces = []
        for (path, block), counts in sorted(found.items()):
            first, last, rows = min(counts)[0], max(last for _, last, _ in counts), sum(n for *_, n in counts)
            if last - first + 1 != rows:
                raise IngestError(f"{path}: Spark has read a piece of it twice or not to its end; run again.")
            pieces.append(Piece(path, block, first, rows))
        return pieces

    def remove(self) -> None:
        """Delete the directory, if it exists."""
        if self._system.get_file_info(self._root).type != fs.FileType.NotFound:
            self._system.delete_dir(self._root)
