"""Headers: columns by name, in any order, and errors that name what is missing."""

from __future__ import annotations

import pytest

from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.header import Layout, parse_header

PLAIN = ",userid,sessionid,timestamp,action,value,category,age,gender,city"


@pytest.mark.parametrize(
    ("line", "layout"),
    [
        (PLAIN, Layout(10, (1, 2, 3, 4, 5, 6, 7, 8, 9), 0, ())),
        ("\ufeff" + PLAIN + "\r", Layout(10, (1, 2, 3, 4, 5, 6, 7, 8, 9), 0, ())),
        (
            "Unnamed: 0," + PLAIN[1:],
            Layout(10, (1, 2, 3, 4, 5, 6, 7, 8, 9), 0, ()),
        ),
        (
            '"city","gender",age,category,value,action,timestamp,sessionid,userid',
            Layout(9, (8, 7, 6, 5, 4, 3, 2, 1, 0), None, ()),
        ),
        (
            "userid,utm,sessionid,timestamp,action,value,category,age,gender,city,",
            Layout(11, (0, 2, 3, 4, 5, 6, 7, 8, 9), 10, ("utm",)),
        ),
    ],
)
def test_layout(line: str, layout: Layout) -> None:
    assert parse_header(line, "log.csv") == layout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            PLAIN.replace("value", "amount"),
            "log.csv: no column value; columns found: '', 'userid', 'sessionid', 'timestamp', 'action', "
            "'amount', 'category', 'age', 'gender', 'city'",
        ),
        (
            PLAIN.replace(",", ";"),
            "log.csv: no column userid, sessionid, timestamp, action, value, category, ",
        ),
        ("", "columns found: none"),
        (PLAIN + ",userid", "log.csv: column userid occurs twice"),
        (PLAIN + ',"note', "log.csv: the header line is not CSV"),
        (PLAIN + "\r0,user_1", "log.csv: the header line is not CSV"),
    ],
)
def test_errors_name_the_file_the_column_and_what_is_there(line: str, message: str) -> None:
    with pytest.raises(BadSource) as error:
        parse_header(line, "log.csv")
    assert message in str(error.value)
    assert error.value.exit_code == 2
