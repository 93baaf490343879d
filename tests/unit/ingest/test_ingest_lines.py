"""Lines and fields, against what RFC 4180 and Python's csv module say."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession

from business_telemetry.ingest.header import parse_header
from business_telemetry.ingest.lines import read_lines, split_fields
from business_telemetry.schema import COLUMNS

HEADER = "," + ",".join(COLUMNS)

#: Complete records: csv.reader agrees on every field.
COMPLETE = [
    "0,a,b,c,d,e,f,g,h,i",
    ",,,,,,,,,",
    '"0","a","b","c","d","e","f","g","h","i"',
    '0,"a,1",b,"c ""d"" e",d,"","""",g,h,"i,"',
    '0,a"b,c""d,"e""",f",g h,i,j,k,l',
    '"","","","","","","","","",""',
    "0, a ,\tb,\x00,\x01,'e','f',\\g,\\\"h,Ж",
    "0,a,b,c,d,e,f,g,h,i\u2028j",
    "0,a\rb,c,d,e,f,g,h,i,j",
]
#: (line, is_open, has_width)
TORN = [
    ("0,a,b", False, False),
    ("0,a,b,c,d,e,f,g,h,i,j", False, False),
    ('0,a,b,c,d,e,"f', True, False),
    ('0,a,b,c,d,e,f,g,h,"i', True, True),
    ('0,a,b,c,d,e,f,g,h,"', True, True),
    ('0,a,b,c,d,e,f,g,h,"i""', True, True),
    ('0,a,b,c,d,e,f,g,h,"i"x', True, True),
    ('0,"a"x,b,c,d,e,f,g,h,i', True, False),
    ('ры",g,h,i', False, False),
]


@pytest.fixture(scope="module")
def fields(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """All of the above, in one file with Windows line ends and a byte order mark."""
    log = tmp_path_factory.mktemp("lines") / "log #1%20.csv"
    lines = [HEADER, *COMPLETE, *(line for line, *_ in TORN), ""]
    log.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n")
    return (
        split_fields(read_lines(spark, [f"file://{log}"]), parse_header(HEADER, "x")).orderBy("id").collect()
    )


def test_fields_are_those_of_the_csv_module(fields: list[Row]) -> None:
    for row, line in zip(fields[1:], COMPLETE, strict=False):
        assert (row.is_open, row.has_width) == (False, True), line
        expected = next(csv.reader([line.replace("\r", "\x02")], strict=True))
        found = [row.row_index, *(row[column] for column in COLUMNS)]
        assert [value.replace("\r", "\x02") for value in found] == expected


def test_torn_lines(fields: list[Row]) -> None:
    torn = fields[1 + len(COMPLETE) :]
    assert [(row.text, row.is_open, row.has_width) for row in torn] == [*TORN, ("", False, False)]


def test_a_line_of_a_million_quotes_is_read(spark: SparkSession, tmp_path: Path) -> None:
    """Java's regular expressions recurse, and could overflow the stack."""
    quotes = '""' * 500_000
    for name, line in (("closed.csv", f'0,"{quotes}",b,c,d,e,f,g,h,i'), ("open.csv", f'0,"{quotes}')):
        (tmp_path / name).write_text(line + "\n", encoding="utf-8")
    lines = read_lines(spark, [f"file://{tmp_path}/closed.csv", f"file://{tmp_path}/open.csv"])
    closed, open_ = (
        split_fields(lines, parse_header(HEADER, "x")).orderBy("has_width", ascending=False).collect()
    )
    assert (closed.is_open, closed.has_width, closed.userid) == (False, True, '"' * 500_000)
    assert (open_.is_open, open_.has_width) == (True, False)
