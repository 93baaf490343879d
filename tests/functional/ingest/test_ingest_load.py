"""What a load leaves in the raw layer, checked against rows written by hand."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from ingest_server import HEADER, Server, event, log

from business_telemetry.ingest import session
from business_telemetry.ingest.errors import BadSource

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
        (",,x,2021-02-30T12:28:45,click,nan,,200,?,", 7),
        (",user_1,1,2021-12-30T12:28:45,cart,-1,,,М,", ["negative_value"]),
        (HEADER, 6),
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
            1,
            "2021-12-30 12:28:45",
            "category",
            Decimal(0),
            "Товары для детей",
            42,
            "Ж",
            "Красноярск",
        ),
        (3, 8, "user_2", 2, "2021-12-30 12:28:46", "cart", Decimal("5735.262267"), "", 42, "М", ""),
        (
            4,
            4,
            'user "3"',
            3,
            "2024-02-29 00:00:00",
            "checkout",
            Decimal(6130),
            "a, b",
            None,
            "Ж",
            "Нижний\nНовгород",
        ),
        (10, 9, "user_4", 4, "2021-12-30 12:28:47", "mainpage", 0, "", None, "М", "Омск"),
        (15, 15, "user\0_5", 5, "2021-12-30 12:28:45", "search", 0, "", None, "Ж", "\ufeff"),
    ]
    rejected = server.rejected()
    assert [(file, line) for file, line, *_ in rejected] == [
        ("my log.csv", line) for line in (7, 8, 9, 11, 12, 13, 14, 16)
    ]
    expected = [(line, fault) for line, fault in lines if fault]
    for (_, _, raw, reasons), (line, fault) in zip(rejected[:-1], expected, strict=True):
        assert raw == line
        assert (len(reasons) if isinstance(fault, int) else reasons) == fault
    assert rejected[-1][3] == ["bad_gender", "encoding"]
    raw_bytes = server.ask("select hex(raw_line) from raw.rejected_events where source_line = 16")
    assert bytes.fromhex(raw_bytes[0][0]) == b"0,user_\xff,1,2021-12-30T12:28:45,cart,1,,,\xd0,\xc6"

    ((load,),) = server.ask(
        """select tuple(load_id, files, length(file_fingerprints), startsWith(fingerprint, load_id),
        rows_read, rows_loaded, rows_rejected, status, toString(min_event_time), toString(max_event_time),
        started_at <= finished_at, mapContains(tool_versions, 'spark')) from raw.loads"""
    )
    assert load == (
        *(result["load_id"], [str(source)], 1, True, 13, 5, 8, "loaded"),
        *("2021-12-30 12:28:45", "2024-02-29 00:00:00", True, True),
    )
    assert server.ask("select sum(arraySum(mapValues(rejected_by_reason))) from raw.loads") == [
        (sum(len(reasons) for *_, reasons in rejected),)
    ]
    assert {file for (file,) in server.ask("select distinct source_file from raw.events")} == {str(source)}
    assert server.ask("select name from system.tables where startsWith(name, 'landing_')") == []
    assert list(server.home.glob("target/ingest-staging/*")) == []


def test_line_numbers_and_records_across_splits(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's csv module reads the same file; Spark reads it in pieces that cut lines and records."""
    monkeypatch.setitem(session.SETTINGS, "spark.sql.files.maxPartitionBytes", "16k")
    random.seed(5)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER.split(","))
    for number in range(1500):
        city = random.choice(["Омск", "Ом\nск", "О\n\nм\n,с,\nк", 'О"м"ск', "О,мск", ""])
        writer.writerow([*event(number, userid=f"u{number}").split(",")[:-1], city])
        if random.random() < 0.05:
            text.write("\n")
    source = tmp_path / "log.csv"
    source.write_text(text.getvalue(), encoding="utf-8", newline="")

    result = server.ingest(source)

    reader = csv.reader(io.StringIO(text.getvalue(), newline=""))
    next(reader)
    expected, ended = [], 1
    for fields in reader:
        if fields:
            expected.append((ended + 1, fields[1], fields[-1]))
        ended = reader.line_num
    assert len(server.ask("select 1 from raw.loads")) == 1
    assert (result["rows_read"], result["rows_loaded"]) == (1500, 1500)
    assert server.ask("select source_line, userid, city from raw.events order by source_line") == expected


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
    usual = ("2024-02-29 12:28:45", Decimal("5735.262266"), 42, "Ж", "Красноярск")
    assert rows == [
        ("plain", 2, 0, *usual),
        ("gz", 2, 0, *usual),
        ("bz2", 2, 0, *usual),
        ("shuffled", 2, 2, "2024-02-29 12:28:45", Decimal(1), None, "М", "Омск"),
        ("parquet", 1, 1, *usual),
    ]
    (_, two, raw, first), (_, three, _, second) = server.rejected()
    assert (two, first) == (2, ["missing_user"])
    assert (three, second) == (3, ["bad_age", "bad_timestamp", "bad_value"])
    assert '"sessionid":2' in raw


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "log.csv",
            log(event()).replace("gender", "sex").encode(),
            "no column gender; columns found: '', 'userid'",
        ),
        ("log.csv", b"", "the file is empty"),
        ("log.csv.gz", gzip.compress(log(*[event()] * 2000).encode())[:-200], "Spark could not read"),
        ("_log.csv", log(event()).encode(), "rename it"),
    ],
)
def test_what_cannot_be_read_loads_nothing(
    server: Server, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / "good.csv").write_text(log(event()), encoding="utf-8")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadSource, match=message) as error:
        server.ingest(tmp_path / "good.csv", tmp_path / name)
    assert name in str(error.value)
    assert server.ask("select count() from raw.events") == [(0,)]
    assert server.ask("select count() from raw.loads where status != 'loading'") == [(0,)]


def test_a_source_that_does_not_exist(server: Server, tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"nothing\*.csv: no such file"):
        server.ingest(tmp_path / "nothing*.csv")


def test_a_header_alone_is_a_load_of_no_rows(server: Server, tmp_path: Path) -> None:
    source = tmp_path / "log.csv"
    source.write_text(log(), encoding="utf-8")
    assert server.ingest(source)["rows_read"] == 0
    assert server.ask("select rows_read, status, min_event_time from raw.loads") == [(0, "loaded", None)]
    assert server.ingest(source)["status"] == "nothing to load"


def test_times_pass_unchanged_to_the_second(server: Server, tmp_path: Path) -> None:
    """The stamps of the hours in which some zone or other changes its clocks."""
    stamps = ["2024-03-31T02:30:00", "2024-10-27T02:30:00", "2021-12-31T23:59:59", "2022-01-01T00:00:00"]
    source = tmp_path / "log.csv"
    source.write_text(log(*(event(n, timestamp=stamp) for n, stamp in enumerate(stamps))), encoding="utf-8")
    server.ingest(source)
    expected = [int(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp()) for stamp in stamps]
    found = server.ask("select toUnixTimestamp(timestamp) from raw.events order by row_index")
    assert [seconds for (seconds,) in found] == expected


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
