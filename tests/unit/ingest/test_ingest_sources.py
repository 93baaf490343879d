"""What stands behind the arguments of the command, and how its content is recognised."""

from __future__ import annotations

from pathlib import Path

import pytest

from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.sources import find_files, fingerprint, is_remote, literally, name_of


def names(files: list[str], root: Path) -> list[str]:
    return [str(Path(file).relative_to(root)) for file in files]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.CSV.GZ", "c.txt", ".hidden.csv", "_meta.csv", "sub/d.parquet", "_tmp/e.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path


def test_a_directory_is_searched_for_known_kinds(tree: Path) -> None:
    assert names(find_files([str(tree)], None), tree) == ["a.CSV.GZ", "b.csv", "sub/d.parquet"]


def test_a_named_file_may_have_any_name(tree: Path) -> None:
    assert names(find_files([f"{tree}/c.txt"], None), tree) == ["c.txt"]


def test_globs_and_overlaps(tree: Path) -> None:
    found = find_files([f"{tree}/[a-z]*.csv", f"{tree}/**/*.parquet", f"file://{tree}/b.csv"], None)
    assert names(found, tree) == ["b.csv", "sub/d.parquet"]


def test_a_file_whose_name_has_glob_characters(tmp_path: Path) -> None:
    (tmp_path / "log[1].csv").write_text("", encoding="utf-8")
    assert names(find_files([f"{tmp_path}/log[1].csv"], None), tmp_path) == ["log[1].csv"]
    assert literally("/a/log[1]{2}*?\\.csv") == r"/a/log\[1\]\{2\}\*\?\\.csv"


def test_relative_paths_become_absolute(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert find_files(["./sub/../b.csv"], None) == [str(tree / "b.csv")]


@pytest.mark.parametrize("source", ["nothing.csv", "no*.csv", "_tmp/.."])
def test_nothing_there(tmp_path: Path, source: str) -> None:
    with pytest.raises(BadSource, match="no such file"):
        find_files([f"{tmp_path}/{source}"], None)


def test_names_that_spark_would_skip(tree: Path) -> None:
    with pytest.raises(BadSource, match=r"_meta\.csv.*rename it"):
        find_files([f"{tree}/_meta.csv"], None)


def test_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"abc")
    file = fingerprint(str(path), None)
    # the example of FIPS 180-2
    assert file.fingerprint == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (file.size, file.uri, file.is_parquet) == (3, f"file://{path}", False)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="No such file"):
        fingerprint(str(tmp_path / "gone.csv"), None)


def test_names() -> None:
    assert name_of("file:/a%20b/%25.csv") == name_of("file:///a%20b/%25.csv") == "/a b/%.csv"
    assert name_of("s3a://bucket/a%20b.csv") == "s3a://bucket/a b.csv"
    assert [is_remote(source) for source in ("/a", "a", "file:///a", "s3a://b/a", "hdfs://n/a")] == [
        *(False, False, False, True, True)
    ]
