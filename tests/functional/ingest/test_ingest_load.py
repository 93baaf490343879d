"""What a load leaves in the raw layer, checked against rows written by hand."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import random
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from ingest_server import HEADER, Server, event, log

from business_telemetry.ingest import files
from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.report import Report

EVENTS = """select source_line, row_index, userid, sessionid, toString(timestamp), action, value, category,
    age, gender, city from raw.events order by source_file, source_line"""


def test_every_column_and_every_fault(server: Server, tmp_path: Path) -> None:
    source = tmp_path / "my log.csv"
    lines = [
        (HEADER, None),
        ("7,user_1,1,2021-12-30T12:28:45,category,0.0,Товары для детей,42,Ж,Красноярск", ()),
        ("8,user_2,2.0,2021-12-30 12:28:46,cart,5.7352622665e3,,42.0,М,", ()),
        ('x,"user ""3""",3,2024-02-29T00:00:00,checkout,6130,"a, b",,Ж,"Нижний\nНовгород"', ()),
        ("", None),
        ("0,user_1", ["column_count"]),
        ("0,user_1,1,2021-12-30T12:28:45,category,0.0,Товары,42,Ж,Красноярск,x", ["column_count"]),
        ('0,user_1,1,2021-12-30T12:28:45,category,0.0,"Товары,42,Ж,Красноярск', ["unbalanced_quote"]),
        ("9,user_4,4,2021-12-30T12:28:47,mainpage,0,,,М,Омск", ()),
        (",,x,2021-02-30T12:28:45,click,nan,,200,?,", 5),
        (",user_1,1,2021-12-30T12:28:45,cart,-1,,,М,", ["negative_value"]),
        (HEADER, ["bad_age", "bad_timestamp", "bad_value", "unknown_action"]),
        ("   ", ["column_count"]),
        (",user\0_5,5,2021-12-30T12:28:45,search,0,,,Ж,\ufeff", ()),
    ]
    text = "\ufeff" + "\r\n".join(line for line, _ in lines)  # and no line end at the end
    source.write_bytes(text.encode() + b"\r\n0,user_\xff,1,2021-12-30T12:28:45,cart,1,,,\xd0,\xc6")

    result = server.ingest(source, max_rejected=0.9)

    assert [result[name] for name in ("status", "rows_read", "rows_loaded", "rows_rejected")] == [
        "loaded",
        13,
        5,
        8,
    ]
    assert server.ask(EVENTS) == [
        (
            2,
            7,
            "user_1",
            "1",
            "2021-12-30 09:28:45",
            "category",
            Decimal(0),
            "Товары для детей",
            42,
            "Ж",
            "Красноярск",
        ),
        (3, 8, "user_2", "2", "2021-12-30 09:28:46", "cart", Decimal("5735.262267"), "", 42, "М", ""),
        (
            4,
            4,
            'user "3"',
            "3",
            "2024-02-28 21:00:00",
            "checkout",
            Decimal(6130),
            "a, b",
            None,
            "Ж",
            "Нижний\nНовгород",
        ),
        (10, 9, "user_4", "4", "2021-12-30 09:28:47", "mainpage", 0, "", None, "М", "Омск"),
        (15, 15, "user\0_5", "5", "2021-12-30 09:28:45", "search", 0, "", None, "Ж", "\ufeff"),
    ]
    rejected = server.rejected()
    assert [(file, line) for file, line, *_ in rejected] == [
        ("my log.csv", line) for line in (7, 8, 9, 11, 12, 13, 14, 16)
    ]
    expected = [(line, fault) for line, fault in lines if fault]
    for (_, _, raw, reasons), (line, fault) in zip(rejected[:-1], expected, strict=True):
        assert raw == line
        assert (len(reasons) if isinstance(fault, int) else reasons) == fault
    assert rejected[-1][3] == ["encoding"]
    raw_bytes = server.ask("select hex(raw_line) from raw.rejected_events where source_line = 16")
    assert bytes.fromhex(raw_bytes[0][0]) == b"0,user_\xff,1,2021-12-30T12:28:45,cart,1,,,\xd0,\xc6"

    ((load,),) = server.ask(
        """select tuple(load_id, files, length(file_fingerprints), startsWith(fingerprint, load_id),
        rows_read, rows_loaded, rows_rejected, status, toString(min_event_time), toString(max_event_time),
        started_at <= finished_at, mapContains(tool_versions, 'spark')) from raw.loads"""
    )
    assert load == (
        *(result["load_id"], [str(source)], 1, True, 13, 5, 8, "loaded"),
        *("2021-12-30 09:28:45", "2024-02-28 21:00:00", True, True),
    )
    assert server.ask("select sum(arraySum(mapValues(rejected_by_reason))) from raw.loads") == [
        (sum(len(reasons) for *_, reasons in rejected),)
    ]
    assert {file for (file,) in server.ask("select distinct source_file from raw.events")} == {str(source)}
    assert server.ask("select name from system.tables where startsWith(name, 'landing_')") == []
    assert list(server.home.glob("target/ingest-staging/*")) == []


@pytest.mark.parametrize("by", ["server", "files"])
def test_line_numbers_and_records_across_splits(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Python's csv module reads the same two files; Spark reads them in pieces that cut records.

    The rows go straight to the server, or by files to an engine that reads them.
    """
    monkeypatch.setattr(files.scan, "__defaults__", (4096,))
    random.seed(5)
    expected = []
    for name in ("one.csv", "two.csv"):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADER.split(","))
        for number in range(750):
            city = random.choice(["Омск", "Ом\nск", "О\n\nм\n,с,\nк", 'О"м"ск', "О,мск", ""])
            writer.writerow([*event(number, userid=f"u{number}").split(",")[:-1], city])
            if random.random() < 0.05:
                text.write("\n")
        (tmp_path / name).write_text(text.getvalue(), encoding="utf-8", newline="")
        reader = csv.reader(io.StringIO(text.getvalue(), newline=""))
        next(reader)
        ended = 1
        for fields in reader:
            if fields:
                expected.append((str(tmp_path / name), ended + 1, fields[1], fields[-1]))
            ended = reader.line_num
    if by == "files":
        server = Server(replace(server.warehouse, server=None), server.home)

    result = server.ingest(tmp_path / "one.csv", tmp_path / "two.csv")

    assert len(server.ask("select 1 from raw.loads")) == 1
    assert (result["rows_read"], result["rows_loaded"]) == (1500, 1500)
    found = server.ask(
        "select source_file, source_line, userid, city from raw.events order by source_file, source_line"
    )
    assert found == expected


def test_kinds_of_files_and_orders_of_columns(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = tmp_path / "days"
    (days / "deep" / "er").mkdir(parents=True)
    (days / "a [1] {x} 100%.csv").write_text(log(event(0, userid="plain")), encoding="utf-8")
    (days / "b.csv.gz").write_bytes(gzip.compress(log(event(0, userid="gz")).encode()))
    (days / "deep" / "c.csv.bz2").write_bytes(bz2.compress(log(event(0, userid="bz2")).encode()))
    shuffled = "city,gender,note,age,category,value,action,timestamp,sessionid,userid"
    row = "Омск,М,-,,,1,cart,2024-02-29T12:28:45,1,shuffled"
    (days / "deep" / "er" / "d.csv").write_text(f"{shuffled}\n{row}\n", encoding="utf-8")
    (days / "notes.txt").write_text("no log", encoding="utf-8")
    (days / "_SUCCESS").write_text("", encoding="utf-8")
    typed = pd.DataFrame(
        {
            "userid": ["parquet", None, "parquet"],
            "sessionid": [1, 2, 3],
            "timestamp": pd.to_datetime(
                ["2024-02-29T12:28:45", "2024-02-29", "2024-02-29T00:00:00.5"], format="ISO8601"
            ),
            "action": pd.Categorical(["cart", "cart", "cart"]),
            "value": [5735.262266, 1e7, float("nan")],
            "category": ["Товары для детей", None, ""],
            "age": [42.0, None, 130.0],
            "gender": ["Ж", "М", "М"],
            "city": ["Красноярск", None, None],
        }
    )
    typed.to_parquet(days / "e.parquet")
    monkeypatch.chdir(tmp_path)

    result = server.ingest("days/*.csv", days, "days/deep", max_rejected=0.5)

    assert [Path(name).name for name in result["files"]] == [
        *("a [1] {x} 100%.csv", "b.csv.gz", "c.csv.bz2", "d.csv", "e.parquet")
    ]
    assert (result["rows_read"], result["rows_loaded"]) == (7, 5)
    rows = server.ask(
        "select userid, source_line, row_index, toString(timestamp), value, age, gender, city from raw.events"
        " order by source_file"
    )
    usual = ("2024-02-29 09:28:45", Decimal("5735.262266"), 42, "Ж", "Красноярск")
    assert rows == [
        ("plain", 2, 0, *usual),
        ("gz", 2, 0, *usual),
        ("bz2", 2, 0, *usual),
        ("shuffled", 2, 2, "2024-02-29 09:28:45", Decimal(1), None, "М", "Омск"),
        ("parquet", 1, 1, *usual),
    ]
    (_, two, raw, first), (_, three, _, second) = server.rejected()
    assert (two, first) == (2, ["missing_user"])
    assert (three, second) == (3, ["bad_age"])
    assert '"sessionid": 2' in raw


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.csv", log(event()).replace("action", "deed").encode(), "no column action, which contract"),
        ("log.csv", b"", "the file is empty"),
        ("log.csv.gz", gzip.compress(log(*[event()] * 2000).encode(), mtime=0)[:-200], "cut short"),
        ("late.csv.gz", gzip.compress(random.Random(1).randbytes(1 << 20), mtime=0)[:-200], "late.csv.gz"),
        ("log.csv", log(*[event()] * 9).encode() + b"x" * (65 << 20), "a line is longer than 64 MB"),
    ],
)
def test_what_cannot_be_read_loads_nothing(
    server: Server, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / "good.csv").write_text(log(event()), encoding="utf-8")
    (tmp_path / name).write_bytes(content)
    sources = [tmp_path / name] if not content else [tmp_path / "good.csv", tmp_path / name]
    with pytest.raises(BadSource, match=message) as error:
        server.ingest(*sources)
    assert name in str(error.value)
    assert "\n" not in str(error.value) and "java" not in str(error.value).lower()
    assert server.ask("select count() from raw.events") == [(0,)]
    assert server.ask("select count() from raw.loads where status != 'loading'") == [(0,)]


def test_an_empty_part_is_left_out(server: Server, tmp_path: Path) -> None:
    (tmp_path / "part-0.csv").write_text(log(event()), encoding="utf-8")
    (tmp_path / "part-1.csv").touch()
    (tmp_path / "_SUCCESS").touch()
    result = server.ingest(tmp_path)
    assert (result["files"], result["rows_loaded"]) == ([str(tmp_path / "part-0.csv")], 1)


def test_a_source_that_does_not_exist(server: Server, tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"nothing\*.csv: no such file"):
        server.ingest(tmp_path / "nothing*.csv")


def test_a_header_alone_is_a_load_of_no_rows(server: Server, tmp_path: Path) -> None:
    source = tmp_path / "log.csv"
    source.write_text(log(), encoding="utf-8")
    assert server.ingest(source)["rows_read"] == 0
    assert server.ask("select rows_read, status, min_event_time from raw.loads") == [(0, "loaded", None)]
    assert server.ingest(source)["status"] == "nothing to load"


@pytest.mark.parametrize("row_groups", [0, 1])
def test_parquet_without_rows_is_a_load_of_no_rows(server: Server, tmp_path: Path, row_groups: int) -> None:
    source = tmp_path / "log.parquet"
    empty = pa.Table.from_pandas(frame()).slice(0, 0)
    with pyarrow.parquet.ParquetWriter(source, empty.schema) as file:
        if row_groups:
            file.write_table(empty)
    assert server.ingest(source)["rows_read"] == 0
    assert server.ask("select rows_read, status, min_event_time from raw.loads") == [(0, "loaded", None)]
    assert server.ingest(source)["status"] == "nothing to load"


def test_stamps_are_instants_of_the_contracts_zone(server: Server, tmp_path: Path) -> None:
    moscow = ["2024-03-31T02:30:00", "2013-07-01T00:00:00", "2021-12-31T23:59:59", "1970-01-01T03:00:10"]
    instants = ["2024-02-29T12:28:45Z", "2024-02-29T12:28:45.999+07:00"]
    source = tmp_path / "log.csv"
    stamps = [*moscow, *instants]
    source.write_text(log(*(event(n, timestamp=stamp) for n, stamp in enumerate(stamps))), encoding="utf-8")
    server.ingest(source)
    zone = ZoneInfo("Europe/Moscow")
    expected = [int(datetime.fromisoformat(stamp).replace(tzinfo=zone).timestamp()) for stamp in moscow]
    expected += [int(datetime.fromisoformat(stamp).timestamp()) for stamp in instants]
    found = server.ask("select toUnixTimestamp(timestamp) from raw.events order by row_index")
    assert [seconds for (seconds,) in found] == expected


def test_an_hour_that_was_before_1970_is_rejected(server: Server, tmp_path: Path) -> None:
    """Ten seconds after midnight in Moscow: no unsigned stamp holds it, and none may become 2106."""
    source = tmp_path / "log.csv"
    source.write_text(log(event(timestamp="1970-01-01T00:00:10"), event(1)), encoding="utf-8")
    server.ingest(source, max_rejected=0.5)
    assert [(line, reasons) for _, line, _, reasons in server.rejected()] == [(2, ["bad_timestamp"])]
    assert server.ask("select count(), max(timestamp) < '2030-01-01' from raw.events") == [(1, True)]


def test_guests_are_kept(server: Server, tmp_path: Path) -> None:
    source = tmp_path / "log.csv"
    source.write_text(
        log(
            event(0, gender=""),
            event(1, gender="x", sessionid="", city="", age=""),
            event(2, sessionid="f-7"),
        ),
        encoding="utf-8",
    )
    assert server.ingest(source)["rows_rejected"] == 0
    assert server.ask("select sessionid, age, gender, city from raw.events order by row_index") == [
        ("1", 42, "", "Красноярск"),
        ("", None, "", ""),
        ("f-7", 42, "Ж", "Красноярск"),
    ]


def frame(**columns: object) -> pd.DataFrame:
    """One event in Moscow, as pandas has it."""
    usual = {"userid": ["u"], "timestamp": [pd.Timestamp("2023-03-01 10:00:00.5")], "action": ["cart"]}
    return pd.DataFrame({**usual, **columns})


def test_kinds_of_parquet(server: Server, tmp_path: Path) -> None:
    """Each file by its own schema: types of stamps, whole numbers as floats, dictionaries, dates."""
    naive = frame()["timestamp"]
    frames = {
        "instants": frame(timestamp=naive.dt.tz_localize("Asia/Vladivostok").dt.tz_convert("Europe/Moscow")),
        "ns": frame(timestamp=naive.astype("datetime64[ns]")),
        "ms": frame(timestamp=naive.astype("datetime64[ms]")),
        "text": frame(timestamp=["2023-03-01T10:00:00.5"], userid=pd.Categorical(["u"])),
        "utc": frame(timestamp=naive.dt.tz_localize("UTC")),
        "int": frame(age=[42], sessionid=[10_000_001], value=[7]),
        "float": frame(age=[42.0], sessionid=[10_000_001.0], value=[7.0]),
        "words": frame(age=["42"], sessionid=["10000001"], value=["7"]),
        "decimal": frame(age=[42], sessionid=[10_000_001], value=[Decimal("7.00")]),
        "bool": frame(city=[True]),
    }
    for name, each in frames.items():
        each.to_parquet(tmp_path / f"{name}.parquet")
    result = server.ingest(tmp_path)
    assert (result["rows_loaded"], result["rows_rejected"]) == (len(frames), 0)
    found = server.ask("select source_file, toString(timestamp), sessionid, age, value from raw.events")
    rows = {Path(file).stem: rest for file, *rest in found}
    moscow = "2023-03-01 07:00:00"
    assert {rows[name][0] for name in ("ns", "ms", "text", "int", "float")} == {moscow}
    assert (rows["instants"][0], rows["utc"][0]) == ("2023-03-01 00:00:00", "2023-03-01 10:00:00")
    for name in ("int", "float", "words", "decimal"):
        assert rows[name][1:] == ["10000001", 42, Decimal(7)]


def test_a_nested_column_is_named(server: Server, tmp_path: Path) -> None:
    frame(city=[{"name": "Омск"}]).to_parquet(tmp_path / "log.parquet")
    with pytest.raises(BadSource, match=r"log\.parquet: column city is of type struct.*leave the column"):
        server.ingest(tmp_path)


def test_json_lines_and_zst(server: Server, tmp_path: Path) -> None:
    lines = [
        {"userid": "a", "timestamp": "2024-02-29T12:28:45", "action": "cart", "value": 1.10, "sessionid": 7},
        {
            "ACTION": "cart",
            "userid": "b",
            "timestamp": "2024-02-29T12:28:45Z",
            "city": None,
            "extra": {"x": 1},
        },
        {"userid": "c", "timestamp": "2024-02-29T12:28:45", "action": "cart", "city": {"name": "Омск"}},
    ]
    text = "\n".join([json.dumps(line, ensure_ascii=False) for line in lines] + ["", "no json", "[]"])
    (tmp_path / "log.jsonl.zst").write_bytes(pa.Codec("zstd").compress(text.encode(), asbytes=True))
    (tmp_path / "log.csv.zst").write_bytes(
        pa.Codec("zstd").compress(log(event(userid="z")).encode(), asbytes=True)
    )
    result = server.ingest(tmp_path, max_rejected=0.9)
    assert (result["rows_read"], result["rows_loaded"]) == (6, 3)
    assert server.ask("select userid, sessionid, value, source_line from raw.events order by userid") == [
        ("a", "7", Decimal("1.1"), 1),
        ("b", "", 0, 2),
        ("z", "1", Decimal("5735.262266"), 2),
    ]
    assert [(line, reasons) for _, line, _, reasons in server.rejected()] == [
        (line, ["bad_json"]) for line in (3, 5, 6)
    ]


def test_a_key_that_not_every_line_has(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first value stands in the last of several pieces; of what no line has is told."""
    monkeypatch.setattr(files.scan, "__defaults__", (50_000,))
    notes: list[str] = []
    monkeypatch.setattr(Report, "note", lambda _, text: notes.append(text))
    view = {"userid": "a", "timestamp": "2024-02-29T12:28:45", "action": "mainpage", "age": 42, "city": None}
    lines = [*[view] * 3000, {**view, "userid": "b", "action": "cart", "value": 500, "category": "Книги"}]
    source = tmp_path / "log.jsonl"
    source.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    server.ingest(source)
    assert server.ask("select count(), sum(value), max(category) from raw.events") == [(3001, 500, "Книги")]
    assert server.ask("select source_line from raw.events where userid = 'b'") == [(3001,)]
    assert notes == [f"{source}: no line has sessionid, gender, city; what it would tell is unknown"]


def test_a_large_file_of_many_values(server: Server, tmp_path: Path) -> None:
    """Enough different values for a Parquet dictionary of several compression blocks."""
    source = tmp_path / "log.csv"
    cents = [0 if n % 3 else n * 7919 % 1000003 for n in range(300_000)]
    lines = (event(n, value=f"{value / 100:.2f}") for n, value in enumerate(cents))
    source.write_text(log(*lines), encoding="utf-8")
    server.ingest(source)
    assert server.ask("select count(), sum(value) from raw.events") == [
        (300_000, Decimal(sum(cents)) / 100),
    ]
