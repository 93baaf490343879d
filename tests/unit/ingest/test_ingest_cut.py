"""Lines, fields and records, against what RFC 4180 and Python's csv module say."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_rows import read

from business_telemetry.ingest import files, header
from business_telemetry.ingest.contract import Contract, Field, Format, Layout
from business_telemetry.ingest.cut import Lines, cut

#: Any row of three fields is good under it.
LOOSE = Contract(
    name="loose",
    columns={"user": Field("user"), "time": Field("time"), "action": Field("action"), "city": Field("city")},
    actions={"cart": "cart", "scroll": "ignore"},
    orders="confirmation",
)
HEADER = "user,time,action,city\n"
STAMP = "2024-02-29T12:28:45"
LAYOUT = Layout(10, {str(place): place for place in range(10)}, ())

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
    "NULL,null,NA,nan,N/A,#N/A,None,-,0,1",
    "\ufeff0,a,b,c,d,e,f,g,h,i",
]
TORN = [
    "0,a,b",
    "0,a,b,c,d,e,f,g,h,i,j",
    '0,a,b,c,d,e,"f',
    '0,a,b,c,d,e,f,g,h,"i',
    '0,a,b,c,d,e,f,g,h,"',
    '0,a,b,c,d,e,f,g,h,"i""',
    '0,a,b,c,d,e,f,g,h,"i"x',
    '0,"a"x,b,c,d,e,f,g,h,i',
    'ры",g,h,i',
    "",
    "   ",
]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("line", COMPLETE)
def test_fields_are_those_of_the_csv_module(line: str, end: str) -> None:
    block = (line + end + line + end + line).encode()
    rows, loose = cut(Lines.of(block, 7), LAYOUT, ",")
    expected = [f.replace("\x02", "\r") for f in next(csv.reader([line.replace("\r", "\x02")], strict=True))]
    if '"' in line and loose:  # quotes inside of fields are looked at again, line by line
        assert [each.text.decode() for each in loose] == [line] * 3
        return
    assert loose == []
    assert sorted(rows["line"]) == [7, 8, 9]
    assert all(list(row) == expected for row in rows.select(*LAYOUT.positions).rows())
    assert rows["broken"].to_list() == [0, 0, 0]


@pytest.mark.parametrize("line", TORN)
def test_torn_lines_are_loose(line: str) -> None:
    block = "\n".join([COMPLETE[0], line, COMPLETE[3], line, COMPLETE[2]]).encode()
    rows, loose = cut(Lines.of(block, 1), LAYOUT, ",")
    assert sorted(rows["line"]) == [1, 3, 5]
    assert [(each.number, each.text.decode()) for each in loose] == [(2, line), (4, line)]


def test_lines_of_a_block() -> None:
    lines = Lines.of(b"a\r\n\n\r\nb\rc\r\r\nd", 3)
    assert [lines.text(number) for number in range(3, 3 + len(lines.starts))] == [
        *(b"a", b"", b"", b"b\rc\r", b"d"),
    ]
    assert lines.at(ord("c")).tolist() == [3]


def test_lines_that_are_no_utf8_are_all_found() -> None:
    rng = np.random.default_rng(1)
    texts = [b"\xff" if bad else "Ж".encode() for bad in rng.random(5000) < 0.2]
    expected = [place for place, text in enumerate(texts) if text == b"\xff"]
    assert Lines.of(b"\n".join(texts), 1).not_utf8() == expected
    # half a letter at the end of a line is not mended by the next
    assert Lines.of(b"\xd0\n\x96\n\xed\xa0\x80\n\xc0\xaf", 1).not_utf8() == [0, 1, 2, 3]


def write(folder: Path, text: str | bytes, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    for bom, end in (("", "\n"), ("\ufeff", "\r\n"), ("\ufeff", "\n")):
        rows = read(write(tmp_path, bom + f"{HEADER}a,{STAMP},cart,x\n".replace("\n", end)), LOOSE)
        assert [(row["userid"], row["city"]) for row in rows.events] == [("a", "x")]
        assert rows.rejected == []


def test_broken_text_is_rejected_as_it_is(tmp_path: Path) -> None:
    good = f"a,{STAMP},cart,x".encode()
    bad = [good + b"\xff", b'a,"\xff\nb",c,d', b"\xff", b'"\xff",' + good[2:]]
    rows = read(write(tmp_path, b"\n".join([HEADER.strip().encode(), *[good] * 20, *bad])), LOOSE)
    assert len(rows.events) == 20
    assert [raw for _, raw, _ in rows.rejected] == bad
    assert [reasons for *_, reasons in rows.rejected] == [
        *(["encoding"], ["encoding", "bad_timestamp", "unknown_action"]),
        *(["column_count", "encoding"], ["encoding"]),
    ]


def test_another_encoding_and_delimiter(tmp_path: Path) -> None:
    contract = Contract(
        "cp", LOOSE.columns, {"корзина": "cart"}, "confirmation", Format(delimiter=";", encoding="cp1251")
    )
    text = f'user;time;action;city\na;{STAMP};корзина;"Ом;ск"\nb;{STAMP};покупка;\n'
    rows = read(write(tmp_path, text.encode("cp1251")), contract)
    assert [row["city"] for row in rows.events] == ["Ом;ск"]
    # the raw layer is UTF-8
    assert rows.rejected == [(3, f"b;{STAMP};покупка;".encode(), ["unknown_action"])]


def test_a_file_quoted_throughout_is_fast(tmp_path: Path) -> None:
    lines = "".join(f'"u{n}","{STAMP}","cart","Ом""ск, {n}"\n' for n in range(20_000))
    rows = read(write(tmp_path, '"user","time","action","city"\n' + lines), LOOSE)
    assert len(rows.events) == 20_000
    assert rows.events[7]["city"] == 'Ом"ск, 7'


CELLS = st.text(alphabet='ab"\n, Ж;\x00\u2028', max_size=6)


@settings(deadline=None, max_examples=50)
@given(
    table=st.lists(st.tuples(CELLS, CELLS), max_size=25),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    piece=st.integers(1, 200),
    block=st.integers(4, 100),
    ends=st.booleans(),
)
def test_any_table_is_read_as_the_csv_module_writes_it(
    table: list[tuple[str, str]], quoting: Any, piece: int, block: int, ends: bool
) -> None:
    """In pieces and blocks of any size, which cut records anywhere."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=quoting)
    writer.writerow(["user", "time", "action", "city"])
    for user, city in table:
        writer.writerow([f"u{user}", STAMP, "cart", city])
    content = text.getvalue() if ends else text.getvalue().removesuffix("\n")
    reader, expected, line = csv.reader(io.StringIO(content, newline="")), [], 1
    for record in reader:
        expected.append((line, record[0], record[3]))
        line = reader.line_num + 1
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = write(Path(folder), content)
        patch.setattr(files, "BLOCK", block)
        patch.setattr(files.blocks, "__defaults__", (0, None, block))
        rows = read(path, LOOSE, piece)
    assert rows.rejected == []
    assert [(row["source_line"], row["userid"], row["city"]) for row in rows.events] == expected[1:]


LINES = st.lists(
    st.one_of(
        st.just(f"a,{STAMP},cart,x".encode()),
        st.just(f"a,{STAMP},scroll,x".encode()),
        st.binary(max_size=12),
        st.sampled_from(
            [b'a,"', b'",b,c', b'"', b"", b"\r", b'a,"b\r', b"\xef\xbb\xbf", b'"a""",b,c,"d', b"\0"]
        ),
        st.text(alphabet='a,"\r\xa0Ж', max_size=12).map(str.encode),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=50)
@given(lines=LINES, piece=st.integers(10, 200), block=st.integers(10, 100))
def test_any_bytes_are_loaded_rejected_or_ignored(lines: list[bytes], piece: int, block: int) -> None:
    """Nothing crashes, nothing is lost, and the size of pieces and blocks does not matter."""
    content = b"\n".join([HEADER.strip().encode(), f"a,{STAMP},cart,x".encode(), *lines])
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = write(Path(folder), content)
        # else the file as a whole would not pass for text
        patch.setattr(header, "FOREIGN_SHARE", 1)
        whole = read(path, LOOSE)
        patch.setattr(files, "BLOCK", block)
        patch.setattr(files.blocks, "__defaults__", (0, None, block))
        parts = read(path, LOOSE, piece)
    assert parts.events == whole.events
    assert parts.rejected == whole.rejected
    assert (parts.read, parts.ignored) == (whole.read, whole.ignored)
    # every physical line is in a row, or blank
    assert (
        whole.read + sum(o.blank + o.joined for o in whole.outcomes)
        == content.count(b"\n") + bool(not content.endswith(b"\n")) - 1
    )


@settings(deadline=None, max_examples=50)
@given(
    lines=st.lists(st.one_of(st.binary(max_size=12), st.sampled_from([b"{}", b'{"user": {}}', b"[", b"1"])))
)
def test_any_bytes_as_json_lines(lines: list[bytes]) -> None:
    good = b'{"user": "a", "time": "%b", "action": "cart"}' % STAMP.encode()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = write(Path(folder), b"\n".join([good, *lines]), "log.jsonl")
        patch.setattr(header, "FOREIGN_SHARE", 1)
        assert read(path, LOOSE).events[0]["userid"] == "a"
