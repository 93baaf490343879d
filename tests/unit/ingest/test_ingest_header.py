"""The beginning of a file: columns by name in any order, and messages that say what to do."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from ingest_rows import read

from business_telemetry.ingest.contract import lay_out
from business_telemetry.ingest.contract_file import load_contract
from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.files import scan
from business_telemetry.ingest.header import kind_of, read_head, tasks_of

SEED = load_contract("dataset_telemetry")
PLAIN = ",userid,sessionid,timestamp,action,value,category,age,gender,city"
ROW = "0,u,1,2024-02-29T12:28:45,cart,1,Товары для детей,42,Ж,Омск"
KEYS = ["user", "session", "time", "action", "value", "category", "age", "gender", "city"]


@pytest.mark.parametrize(
    ("line", "width", "positions", "index"),
    [
        (PLAIN, 10, range(1, 10), 0),
        ("\ufeff" + PLAIN + "\r", 10, range(1, 10), 0),
        ("Unnamed: 0," + PLAIN[1:], 10, range(1, 10), 0),
        ('"city","gender",age,category,value,action,timestamp,sessionid,userid', 9, range(8, -1, -1), None),
        ("userid,utm,sessionid,timestamp,action,value,category,age,gender,city,", 11, [0, *range(2, 10)], 10),
        (" UserID , SESSIONID,TimeStamp,Action,VALUE,Category,AGE,gender,City", 9, range(9), None),
    ],
)
def test_layout(tmp_path: Path, line: str, width: int, positions: list[int], index: int | None) -> None:
    path = tmp_path / "log.csv"
    path.write_text(line + "\n", encoding="utf-8", newline="")
    head = read_head(str(path), SEED)
    assert head is not None
    layout = lay_out(head.names, SEED, "log.csv")
    found = dict(layout.positions)
    assert found.pop("index", None) == index
    assert found == dict(zip(KEYS, positions, strict=True))
    assert (layout.width, layout.absent) == (width, ())


def test_optional_columns_may_be_missing() -> None:
    layout = lay_out(["userid", "timestamp", "action"], SEED, "log.csv")
    assert dict(layout.positions) == {"user": 0, "time": 1, "action": 2}
    assert layout.absent == ("sessionid", "value", "category", "age", "gender", "city")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "log.csv",
            PLAIN.replace("timestamp", "ts"),
            "log.csv: no column timestamp, which contract dataset_telemetry reads; columns found: '',"
            " 'userid', 'sessionid', 'ts', 'action', 'value', 'category', 'age', 'gender', 'city'. Name"
            " another contract with --log",
        ),
        ("log.csv", PLAIN + ",USERID", "log.csv: column userid occurs twice"),
        ("log.csv", PLAIN + ',"note', "log.csv: the header line is not CSV"),
        ("log.csv", PLAIN + "\r0,user_1", "log.csv: the header line is not CSV"),
        ("log.csv", "\n" + PLAIN, "columns found: none"),
        (
            "log.csv",
            PLAIN.replace(",", ";"),
            """delimiter looks like ";" (write in the contract: format: {delimiter: ";"})""",
        ),
        ("log.csv", PLAIN.replace(",", "\t"), '{delimiter: "\\t"}'),
        ("log.csv", PLAIN + "," + "x" * 70_000, "no header is so long"),
        ("log.csv", gzip.compress(PLAIN.encode(), mtime=0), "log.csv: is gzip: name it .gz"),
        ("log.csv", b"PK\x03\x04....", "is a ZIP archive: unpack it"),
        ("log.csv", b"PAR1....", "is Parquet: name it .parquet"),
        ("log.csv", f"{PLAIN}\n{ROW}\n".encode("utf-16"), "log.csv: is UTF-16; convert it first"),
        ("log.csv", f"{PLAIN}\n{ROW}\n".encode("utf-16-le"), "log.csv: is UTF-16"),
        (
            "log.csv",
            f"{PLAIN}\n{ROW}\n".encode("cp1251"),
            "Windows-1251 (write in the contract: format: {encoding: cp1251})",
        ),
        ("log.csv", f"{PLAIN}\n{ROW}\n".encode("koi8-r"), "write"),
        ("log.csv.gz", PLAIN, "log.csv.gz: not gzip, although its name says so"),
        (
            "log.csv.gz",
            gzip.compress(PLAIN.encode() * 9, mtime=0)[:-20],
            "log.csv.gz: cannot be read to its end; as gzip it is cut short",
        ),
        # 60 bytes of a longer file: not one line can be unpacked
        ("log.csv.gz", gzip.compress(bytes(range(256)) * 99, mtime=0)[:60], "cut short"),
        ("log.parquet", PLAIN, "log.parquet: not Parquet, although its name says so"),
        ("log.jsonl", '{"user": 1}\n', "log.jsonl: no column userid, timestamp, action"),
        ("log.jsonl", "[1]\n", "columns found: none"),
        ("log.json", '[{"userid": 1}, {"userid": 2}]', "not an object a line; make it so: jq -c '.[]' "),
        ("log.json", '[\n{"userid": 1},\n{"userid": 2}\n]\n', "jq -c '.[]' "),
        ("log.json", '{\n  "userid": 1\n}\n{\n  "userid": 2\n}\n', "jq -c '.' "),
    ],
)
def test_errors_name_the_file_and_the_remedy(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadSource) as error:
        tasks_of(scan(str(path)), SEED)
    assert message in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)
    assert "java" not in str(error.value).lower()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.json", "jsonl"),
        ("a.JSON.gz", "jsonl"),
        ("a.jsonl.1", "jsonl"),
        ("a.ndjson.zst", "jsonl"),
        ("s3://b/a.json/part-0", "jsonl"),
        ("a.json/part-0.csv", "csv"),
        ("a.json.csv.gz", "csv"),
        ("a.jsonld", "csv"),
        ("ajson", "csv"),
        ("a.json/b.parquet", "parquet"),
    ],
)
def test_the_name_tells_the_kind(name: str, kind: str) -> None:
    assert kind_of(name, SEED) == kind


def test_an_empty_file_has_no_tasks(tmp_path: Path) -> None:
    for name, content in (("a.csv", b""), ("b.csv.gz", gzip.compress(b""))):
        (tmp_path / name).write_bytes(content)
        assert tasks_of(scan(str(tmp_path / name)), SEED) is None


@pytest.mark.parametrize("row_groups", [0, 1])
def test_parquet_without_rows_is_read_like_a_header_alone(tmp_path: Path, row_groups: int) -> None:
    """Spark is given one task, whose piece may be no row group at all."""
    table = pa.table({name: pa.array([], pa.string()) for name in ("userid", "timestamp", "action")})
    with pyarrow.parquet.ParquetWriter(tmp_path / "a.parquet", table.schema) as file:
        if row_groups:
            file.write_table(table)
    assert pyarrow.parquet.read_metadata(tmp_path / "a.parquet").num_row_groups == row_groups
    found = read(tmp_path / "a.parquet")
    assert [(outcome.task, outcome.lines, outcome.rows) for outcome in found.outcomes] == [(0, 0, 0)]


def test_row_groups_make_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("business_telemetry.ingest.header.PIECE", 1)
    table = pa.table({"userid": ["a"] * 10, "timestamp": ["t"] * 10, "action": ["cart"] * 10})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=4)
    opened = tasks_of(scan(str(tmp_path / "a.parquet")), SEED)
    assert opened is not None
    pieces = [(task.piece.start, task.piece.end, task.piece.line) for task in opened[0]]
    assert pieces == [(0, 1, 1), (1, 2, 5), (2, 3, 9)]
