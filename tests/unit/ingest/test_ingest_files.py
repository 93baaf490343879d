"""What stands behind the arguments of the command, how its content is recognised, and how it is read."""

from __future__ import annotations

import bz2
import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import fs

from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.files import Piece, blocks, find_files, is_remote, require_unchanged, scan
from shop_simulator import truth_path


def names(files: list[str], root: Path) -> list[str]:
    return [str(Path(file).relative_to(root)) for file in files]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.CSV.GZ", "c.txt", ".hidden.csv", "_meta.csv", "sub/d.parquet", "_tmp/e.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    for name in ("f.jsonl.zst", "g.ndjson", "h.csv.bz2", "i.pq", "j.json", "k.JSON.gz", "l.json.txt"):
        (tmp_path / "sub" / name).touch()
    truth_path(tmp_path / "sub" / "h.csv").touch()
    return tmp_path


def test_a_directory_is_searched_for_known_kinds(tree: Path) -> None:
    inside = ["d.parquet", "f.jsonl.zst", "g.ndjson", "h.csv.bz2", "i.pq", "j.json", "k.JSON.gz"]
    assert names(find_files([str(tree)]), tree) == ["a.CSV.GZ", "b.csv", *(f"sub/{name}" for name in inside)]


def test_a_named_file_may_have_any_name(tree: Path) -> None:
    named = ["c.txt", "_meta.csv", ".hidden.csv", "_tmp/e.csv"]
    assert names(find_files([f"{tree}/{name}" for name in named]), tree) == named


def test_globs_and_overlaps(tree: Path) -> None:
    found = find_files([f"{tree}/[a-z]*.csv", f"{tree}/**/*.parquet", f"file://{tree}/b.csv"])
    assert names(found, tree) == ["b.csv", "sub/d.parquet"]


@pytest.mark.parametrize("name", ["log[1].csv", "a:b.csv", "a%20b #1.csv", "день.csv", "a{1}?*\\.csv"])
def test_a_file_with_an_odd_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x", encoding="utf-8")
    assert names(find_files([f"{tmp_path}/{name}"]), tmp_path) == [name]
    assert scan(f"{tmp_path}/{name}").lines == 1


def test_relative_paths_become_absolute(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert find_files(["./sub/../b.csv"]) == [str(tree / "b.csv")]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{}/nothing.csv", "nothing.csv: no such file"),
        ("{}/no*.csv", "no such file"),
        ("", "names no file"),
        ("  ", "names no file"),
        ("{}/fifo", "no regular file"),
        ("{}/loop/x.csv", "no such file"),
        ("http://127.0.0.1/x.csv", "http:// is not read; download it"),
        ("ftp://h/x.csv", "ftp:// is not read"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, source: str, message: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(BadSource, match=message) as error:
        find_files([source.format(tmp_path)])
    assert "\n" not in str(error.value)


def test_a_loop_of_links_inside_a_directory_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "up").symlink_to(tmp_path)
    assert names(find_files([str(tmp_path)]), tmp_path) == ["a.csv"]


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv")
    Path(path).touch()
    for source in (path, str(tmp_path)):
        with pytest.raises(BadSource, match=r"\?\.csv: the name is no UTF-8"):
            find_files([source])
    with pytest.raises(BadSource, match=r"gone\?: no such file"):
        find_files([os.fsdecode(b"/gone\xff")])


ODD = ("x1.csv", "x[1].csv", "a%20b #1?.csv", "день *.csv", "d[1]/y.csv")


@pytest.mark.parametrize("home", ["s3://bucket/", "gs://bucket/", "abfs://bucket@account.host/"])
def test_names_of_other_file_systems_are_taken_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    """A directory stands in for the store: what is found there is read there, and found again by its name."""
    store = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    asked = []

    class Stores(fs.FileSystem):  # type: ignore[misc]
        @staticmethod
        def from_uri(uri: str) -> tuple[fs.FileSystem, str]:
            asked.append(uri)
            return store, "bucket/" if uri.startswith("abfs") else "bucket"

    monkeypatch.setattr(fs, "FileSystem", Stores)
    monkeypatch.setattr(fs, "S3FileSystem", lambda **_: store)
    for name in ODD:
        path = tmp_path / "bucket" / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n" * 2, encoding="utf-8")

    found = find_files([f"{home}logs/"])

    assert sorted(found) == sorted(f"{home}logs/{name}" for name in ODD)
    for name in found:
        assert find_files([name]) == [name]
        assert b"".join(blocks(name)).decode() == f"{name.removeprefix(f'{home}logs/')}\n" * 2
        assert scan(name).lines == 2
    assert find_files([f"{home}logs/d[1]"]) == [f"{home}logs/d[1]/y.csv"]
    assert find_files([f"{home}logs/x?.csv"]) == [f"{home}logs/x1.csv"]
    assert len(find_files([home.removesuffix("/")])) == len(ODD)
    assert set(asked) <= {home}


def test_which_sources_are_remote() -> None:
    sources = ("/a", "a", "file:///a", "s3a://b/a", "hdfs://n/a")
    assert [is_remote(source) for source in sources] == [False, False, False, True, True]


def test_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"abc")
    file = scan(str(path))
    # the example of FIPS 180-2
    assert file.fingerprint == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (file.stat.size, file.lines, file.pieces) == (3, 1, (Piece(0, 3, 1),))


@pytest.mark.parametrize("block", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("piece", [1, 3, 4, 100])
def test_pieces_are_whole_lines_and_all_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, piece: int
) -> None:
    content = b"a\n\nbcd\ne\nfghijk\nl"
    (tmp_path / "log.csv").write_bytes(content)
    monkeypatch.setattr("business_telemetry.ingest.files.BLOCK", block)
    file = scan(str(tmp_path / "log.csv"), piece)
    parts = [content[each.start : each.end] for each in file.pieces]
    assert b"".join(parts) == content
    assert all(part.endswith(b"\n") for part in parts[:-1])
    lines = 1
    for each, part in zip(file.pieces, parts, strict=True):
        assert each.line == lines
        lines += part.count(b"\n")
        read = list(blocks(file.name, each.start, each.end, block))
        assert b"".join(read) == part
        assert all(one.endswith(b"\n") for one in read[:-1])
    assert file.lines == lines


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.csv.gz", gzip.compress),
        ("a.csv.bz2", bz2.compress),
        ("a.csv.zst", lambda data: pa.Codec("zstd").compress(data, asbytes=True)),
    ],
)
def test_packed_files(tmp_path: Path, name: str, pack: object) -> None:
    assert callable(pack)
    content = b"".join(b"%d,abc\n" % (n * 7919 % 10007) for n in range(20_000))
    path = tmp_path / name
    path.write_bytes(pack(content))
    assert b"".join(blocks(str(path), size=10_000)) == content
    path.write_bytes(pack(content)[:-100])
    with pytest.raises(BadSource, match=f"{name}: cannot be read to its end.*(cut short|broken)"):
        list(blocks(str(path)))
    path.write_bytes(content)
    with pytest.raises(BadSource, match=f"{name}: not (gzip|bz2|zstd)"):
        list(blocks(str(path)))
    if name.endswith(("gz", "bz2")):  # several parts, as parallel packers write them
        path.write_bytes(pack(content[:7]) + pack(content[7:]))
        assert b"".join(blocks(str(path))) == content


def test_a_line_of_a_hundred_megabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("business_telemetry.ingest.files.MAX_LINE", 1000)
    path = tmp_path / "log.csv"
    path.write_bytes(b"a\n" + b"x" * 1500)
    with pytest.raises(BadSource, match=r"log\.csv: a line is longer"):
        list(blocks(str(path), size=300))


def test_a_file_that_is_shorter_than_its_piece(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(b"a\nb\n")
    with pytest.raises(BadSource, match="became shorter"):
        list(blocks(str(tmp_path / "log.csv"), 0, 6))


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"

    def scanned() -> object:
        path.write_bytes(b"abc\n")
        return scan(str(path))

    file = scan(str(path)) if path.exists() else scanned()
    require_unchanged(file)  # type: ignore[arg-type]
    times = path.stat()

    def rewrite() -> None:
        path.write_bytes(b"xyz\n")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    changes: dict[str, Callable[[], object]] = {
        "grown": lambda: path.open("ab").write(b"d\n"),
        "shrunk": lambda: os.truncate(path, 2),
        "rewritten": rewrite,
        "replaced": lambda: ((tmp_path / "n").write_bytes(b"xyz\n"), (tmp_path / "n").replace(path)),
        "gone": path.unlink,
    }
    for name, change in changes.items():
        file = scanned()
        times = path.stat()
        change()
        with pytest.raises(BadSource, match=r"log\.csv(:| has changed)"):
            require_unchanged(file)  # type: ignore[arg-type]
        assert name


def test_a_file_of_the_same_times_is_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system with coarse times may hide a change right after the file was written."""
    path = tmp_path / "log.csv"
    path.write_bytes(b"abc\n")
    file = scan(str(path))
    monkeypatch.setattr("business_telemetry.ingest.files.stat_of", lambda name: file.stat)
    require_unchanged(file)
    path.write_bytes(b"xyz\n")
    with pytest.raises(BadSource, match="has changed"):
        require_unchanged(file)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"gone\.csv: No such file"):
        scan(str(tmp_path / "gone.csv"))
