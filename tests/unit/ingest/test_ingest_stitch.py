"""Records with newlines in them: joined when they are one record, never at the cost of another row."""

from __future__ import annotations

import csv

import pytest

from business_telemetry.ingest.stitch import MAX_BYTES, MAX_LINES, Line, in_batches, stitch

WIDTH = 3


def joined(*texts: str, path: str = "a") -> list[str]:
    """What stitching makes of consecutive loose lines."""
    lines = [Line(path, 0, number, number, text.encode()) for number, text in enumerate(texts, start=2)]
    return [record.text.decode() for record in stitch(lines, {path: WIDTH})]


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
    lines = [Line("a", 0, 0, 2, b'1,"a'), Line("a", 0, 2, 4, b'b",c')]  # line 3 was a good row
    assert [record.lines for record in stitch(lines, {"a": WIDTH})] == [1, 1]


def test_files_are_not_mixed() -> None:
    lines = [Line("a", 0, 7, 2, b'1,"a'), Line("b", 0, 8, 3, b'b",c')]
    assert [record.path for record in stitch(lines, {"a": WIDTH, "b": WIDTH})] == ["a", "b"]


def test_a_record_keeps_the_place_of_its_first_line_across_splits() -> None:
    lines = [Line("a", 0, 5, 6, b'1,"a'), Line("a", 64, 1 << 33, 7, b'b",c')]
    (record,) = stitch(lines, {"a": WIDTH})
    assert record == ("a", 0, 5, b'1,"a\nb",c', 2)


def test_length_is_bounded() -> None:
    fits = ['1,"a', *["x"] * (MAX_LINES - 2), 'b",c']
    assert joined(*fits) == ["\n".join(fits)]
    too_many = ['1,"a', *["x"] * (MAX_LINES - 1), 'b",c']
    assert joined(*too_many) == too_many
    too_long = ['1,"a', "x" * MAX_BYTES, 'b",c']
    assert joined(*too_long) == too_long


def test_bytes_that_are_no_text_survive() -> None:
    lines = [Line("a", 0, 0, 2, b'1,"\xff'), Line("a", 0, 1, 3, b'\x00",c')]
    assert [record.text for record in stitch(lines, {"a": WIDTH})] == [b'1,"\xff\n\x00",c']


def test_long_runs_of_open_lines_take_linear_time() -> None:
    lines = [Line("a", 0, number, number, b'1,"a') for number in range(50_000)]
    assert sum(record.lines == 1 for record in stitch(lines, {"a": WIDTH})) == 50_000


def test_in_batches() -> None:
    records = list(stitch([Line("a", 0, n, n, b"x") for n in range(5)], {"a": WIDTH}))
    assert [len(batch) for batch in in_batches(records, 2)] == [2, 2, 1]
