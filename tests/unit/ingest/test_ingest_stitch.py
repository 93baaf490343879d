"""Records with newlines in them: joined when they are one record, never at the cost of another row."""

from __future__ import annotations

import csv

import pytest

from business_telemetry.ingest.stitch import MAX_BYTES, MAX_LINES, Line, fields_of, stitch

WIDTH = 3


def put_together(lines: list[Line]) -> list[Line]:
    """With nothing behind the last line."""
    records, pending = stitch(lines, WIDTH, b",", last=0)
    assert pending == []
    return records


def joined(*texts: str) -> list[str]:
    """What stitching makes of consecutive loose lines."""
    lines = [Line(number, text.encode()) for number, text in enumerate(texts, start=2)]
    return [record.text.decode() for record in put_together(lines)]


@pytest.mark.parametrize(
    "record",
    [
        '1,"a\nb",c',
        '1,"a\n\nb",c',
        '1,x,"\n"',
        '"a\nb","c\nd","e\nf"',
        '1,"a ""quoted""\n,word, ""again""\n",c',
        '1,"\n""\n",c',
        '"1\n2\n3\n4\n5",b,c',
    ],
)
def test_a_record_is_put_together(record: str) -> None:
    assert next(csv.reader([record], strict=True)) != []
    assert joined(*record.split("\n")) == [record]
    assert joined("loose", *record.split("\n"), "", *record.split("\n")) == ["loose", record, "", record]


@pytest.mark.parametrize(
    "lines",
    [
        ('1,"a', "b"),  # never closed
        ('1,"a', 'b"'),  # closed, but with two fields
        ('1,"a', 'b",c,d'),  # four fields
        ('1,"a', 'b"c,d'),  # a quote in the middle of a quoted field
        ('1,"a', '1,"b,c'),  # opens again instead of closing
        ("1,a", 'b"'),  # nothing open
        ('1,b"', 'c"'),  # a quote inside an unquoted field opens nothing
        ("", ""),
    ],
)
def test_lines_that_are_no_record_stay_alone(lines: tuple[str, ...]) -> None:
    assert joined(*lines) == list(lines)


def test_reading_resumes_on_the_next_line() -> None:
    assert joined('1,"stray', '2,"a', 'b",c') == ['1,"stray', '2,"a\nb",c']


def test_a_complete_line_in_between_ends_a_record() -> None:
    lines = [Line(2, b'1,"a'), Line(4, b'b",c')]  # line 3 was a good row
    assert [record.lines for record in put_together(lines)] == [1, 1]


def test_a_record_keeps_the_number_of_its_first_line() -> None:
    assert put_together([Line(6, b'1,"a'), Line(7, b'b",c')]) == [(6, b'1,"a\nb",c', 2)]


@pytest.mark.parametrize(
    ("lines", "pending"),
    [
        ([(5, b'1,"a')], 1),
        ([(4, b'1,"a'), (5, b"x")], 2),
        ([(3, b"loose"), (5, b'1,"a')], 1),
        ([(3, b'1,"a')], 0),  # lines 4 and 5 were good rows
        ([(4, b'1,"a'), (5, b'b",c')], 0),
        ([(5, b'1,"a"x')], 0),  # no further line can mend it
        ([(5, b"1,a")], 0),
    ],
)
def test_what_more_lines_may_complete_is_handed_back(lines: list[tuple[int, bytes]], pending: int) -> None:
    given = [Line(*each) for each in lines]
    records, rest = stitch(given, WIDTH, b",", last=5)
    assert rest == given[len(given) - pending :]
    assert len(records) <= len(given) - pending


def test_another_delimiter() -> None:
    records, _ = stitch([Line(1, b'1;"a;,'), Line(2, b'b";c')], WIDTH, b";", last=0)
    assert records == [(1, b'1;"a;,\nb";c', 2)]
    assert fields_of(records[0].text, b";") == [b"1", b"a;,\nb", b"c"]


def test_length_is_bounded() -> None:
    fits = ['1,"a', *["x"] * (MAX_LINES - 2), 'b",c']
    assert joined(*fits) == ["\n".join(fits)]
    too_many = ['1,"a', *["x"] * (MAX_LINES - 1), 'b",c']
    assert joined(*too_many) == too_many
    too_long = ['1,"a', "x" * MAX_BYTES, 'b",c']
    assert joined(*too_long) == too_long


def test_bytes_that_are_no_text_survive() -> None:
    (record,) = put_together([Line(2, b'1,"\xff'), Line(3, b'\x00",c')])
    assert record.text == b'1,"\xff\n\x00",c'


def test_long_runs_of_open_lines_take_linear_time() -> None:
    lines = [Line(number, b'1,"a') for number in range(50_000)]
    assert sum(record.lines == 1 for record in put_together(lines)) == 50_000


def test_a_line_of_a_million_quotes_is_cut() -> None:
    """A regular expression that backs up could take for ever."""
    quotes = b'""' * 500_000
    assert fields_of(b'0,"' + quotes + b'",b', b",") == [b"0", b'"' * 500_000, b"b"]
    assert fields_of(b'0,"' + quotes, b",") is None
