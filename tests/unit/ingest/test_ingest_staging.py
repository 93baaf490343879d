"""The staging area: pieces, line numbers, and how ClickHouse is told where it is."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from business_telemetry.ingest.errors import IngestError
from business_telemetry.ingest.staging import Piece, Staging, line_shifts


def write(root: Path, part: str, ids: list[int], block: int = 0, path: str = "a") -> None:
    file = root / part
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = len(ids)
    table = {"path": [path] * rows, "block": [block] * rows, "id": ids, "broken": [0] * rows}
    pyarrow.parquet.write_table(pa.table(table), file)


def test_lines_are_numbered_through_all_pieces_of_a_file() -> None:
    shifts = line_shifts([Piece("a", 64, 1 << 33, 5), Piece("a", 0, 0, 3), Piece("b", 0, 3, 2)])
    assert 0 + shifts["a", 0] == 1  # the first line of a
    assert 2 + shifts["a", 0] == 3
    assert (1 << 33) + shifts["a", 64] == 4  # the next piece goes on
    assert 3 + shifts["b", 0] == 1


def test_pieces_are_counted_over_all_parts(tmp_path: Path) -> None:
    write(tmp_path, "lines/accepted=true/1.parquet", [1, 3])
    write(tmp_path, "lines/accepted=false/2.parquet", [0, 2])
    write(tmp_path, "lines/accepted=true/3.parquet", [8, 9], block=64)
    staging = Staging(str(tmp_path))
    assert staging.pieces("lines") == [Piece("a", 0, 0, 4), Piece("a", 64, 8, 2)]


@pytest.mark.parametrize("ids", [[0, 1, 3], [0, 1, 1]], ids=["hole", "double"])
def test_numbers_that_are_not_consecutive_are_an_error(tmp_path: Path, ids: list[int]) -> None:
    write(tmp_path, "lines/accepted=true/1.parquet", ids)
    with pytest.raises(IngestError, match="a: Spark has read a piece of it twice or not to its end"):
        Staging(str(tmp_path)).pieces("lines")


def test_parts_and_removal(tmp_path: Path) -> None:
    staging = Staging(f"file://{tmp_path}/area")
    assert staging.parts("lines") == []
    staging.remove()
    write(tmp_path / "area", "lines/1.parquet", [1])
    (tmp_path / "area" / "lines" / "_SUCCESS").touch()
    assert staging.parts("lines") == [f"{tmp_path}/area/lines/1.parquet"]
    staging.remove()
    assert not (tmp_path / "area").exists()


def test_where_clickhouse_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = Staging("/it's/here")
    assert local.uri == "file:///it's/here"
    assert local.table_function("lines", "a Int8") == (
        r"file('/it\'s/here/lines/*.parquet', 'Parquet', 'a Int8')"
    )
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    remote = Staging("s3a://bucket/some/where/")
    assert (remote.uri, remote.is_remote) == ("s3a://bucket/some/where", True)
    assert remote.table_function("lines", "a Int8") == (
        "s3('https://s3.eu-west-1.amazonaws.com/bucket/some/where/lines/*.parquet', 'Parquet', 'a Int8')"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio:9000/")
    assert remote.table_function("lines", "a Int8").startswith("s3('http://minio:9000/bucket/some/where/")
