"""The source contract, rule by rule, on rows that break exactly what they say."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from business_telemetry.ingest.header import parse_header
from business_telemetry.ingest.lines import read_lines, split_fields
from business_telemetry.ingest.validate import BLANK, REASONS, reasons_of, validate

GOOD: dict[str, Any] = {
    "userid": "user_1",
    "sessionid": "42",
    "timestamp": "2021-12-30T12:28:45",
    "action": "cart",
    "value": "5735.262266",
    "category": "Товары для детей",
    "age": "42",
    "gender": "Ж",
    "city": "Красноярск",
}
SCHEMA = (
    "path string, block bigint, id bigint, text string, is_open boolean, has_width boolean, row_index string,"
    " userid string, sessionid string, timestamp string, action string, value string, category string,"
    " age string, gender string, city string"
)

#: (column, text as written, what becomes of it): a reason, or the typed value.
CASES: list[tuple[str, str | None, Any]] = [
    ("userid", "", "missing_user"),
    ("userid", "  ", "missing_user"),
    ("userid", None, "missing_user"),
    ("userid", " user_1 ", " user_1 "),
    ("userid", "пользователь", "пользователь"),
    ("sessionid", "0", 0),
    ("sessionid", "42.0", 42),
    ("sessionid", " 7 ", 7),
    ("sessionid", "9223372036854775807", 2**63 - 1),
    ("sessionid", "9223372036854775808", "bad_sessionid"),
    ("sessionid", "42.5", "bad_sessionid"),
    ("sessionid", "-1", "bad_sessionid"),
    ("sessionid", "1e3", "bad_sessionid"),
    ("sessionid", "", "bad_sessionid"),
    ("sessionid", ".0", "bad_sessionid"),
    ("sessionid", "x1", "bad_sessionid"),
    ("timestamp", "2021-12-30 12:28:45", "2021-12-30T12:28:45"),
    ("timestamp", "2024-02-29T23:59:59", "2024-02-29T23:59:59"),
    # no hour of a daylight saving change is skipped or doubled: the stamp has no zone
    ("timestamp", "2024-03-31T02:30:00", "2024-03-31T02:30:00"),
    ("timestamp", "2024-10-27T02:30:00", "2024-10-27T02:30:00"),
    ("timestamp", "1970-01-01T00:00:00", "1970-01-01T00:00:00"),
    ("timestamp", "2106-02-07T06:28:15", "2106-02-07T06:28:15"),
    ("timestamp", "2106-02-07T06:28:16", "bad_timestamp"),
    ("timestamp", "1969-12-31T23:59:59", "bad_timestamp"),
    ("timestamp", "2023-02-29T00:00:00", "bad_timestamp"),
    ("timestamp", "2022-13-01T10:00:00", "bad_timestamp"),
    ("timestamp", "2022-01-01T24:00:00", "bad_timestamp"),
    ("timestamp", "2022-01-01T23:59:60", "bad_timestamp"),
    ("timestamp", "2022-01-01", "bad_timestamp"),
    ("timestamp", "2022-01-01T10:00", "bad_timestamp"),
    ("timestamp", "2022-01-01T10:00:00Z", "bad_timestamp"),
    ("timestamp", "2022-01-01T10:00:0Z", "bad_timestamp"),
    ("timestamp", "2022-01-01T10:00:00.5", "bad_timestamp"),
    ("timestamp", "2022-1-01T10:00:00", "bad_timestamp"),
    ("timestamp", " 2022-01-01T10:00:00", "bad_timestamp"),
    ("timestamp", "2022-01-01T10:00:00\n", "bad_timestamp"),
    ("timestamp", "٢٠٢٢-01-01T10:00:00", "bad_timestamp"),
    ("timestamp", "1640867325", "bad_timestamp"),
    ("timestamp", "", "bad_timestamp"),
    ("action", "mainpage", "mainpage"),
    ("action", "confirmation", "confirmation"),
    ("action", "Cart", "unknown_action"),
    ("action", "cart ", "unknown_action"),
    ("action", "purchase", "unknown_action"),
    ("action", "", "unknown_action"),
    ("action", None, "unknown_action"),
    ("value", "0", Decimal(0)),
    ("value", "0.0", Decimal(0)),
    ("value", "-0.0", Decimal(0)),
    ("value", "+5", Decimal(5)),
    ("value", " 5 ", Decimal(5)),
    ("value", ".5", Decimal("0.5")),
    ("value", "5.", Decimal(5)),
    ("value", "6.13e3", Decimal(6130)),
    ("value", "1E-3", Decimal("0.001")),
    ("value", "0.0000005", Decimal("0.000001")),
    ("value", "0.00000049", Decimal(0)),
    ("value", "2.0000015", Decimal("2.000002")),
    ("value", "999999999999.999999", Decimal("999999999999.999999")),
    ("value", "999999999999.9999995", "bad_value"),
    ("value", "1e12", "bad_value"),
    ("value", "1e999", "bad_value"),
    ("value", "1e-999", Decimal(0)),
    ("value", "1e-999999999", "bad_value"),
    ("value", "NaN", "bad_value"),
    ("value", "inf", "bad_value"),
    ("value", "-Infinity", "bad_value"),
    ("value", "1d", "bad_value"),
    ("value", "0x10", "bad_value"),
    ("value", "12,50", "bad_value"),
    ("value", "1 000", "bad_value"),
    ("value", "1_000", "bad_value"),
    ("value", "１２", "bad_value"),
    ("value", "1.2.3", "bad_value"),
    ("value", "e5", "bad_value"),
    ("value", "", "bad_value"),
    ("value", None, "bad_value"),
    ("value", "-0.01", "negative_value"),
    ("value", "-6130", "negative_value"),
    ("category", "", ""),
    ("category", None, ""),
    ("category", "Нечто новое", "Нечто новое"),
    ("age", "", None),
    ("age", None, None),
    ("age", "0", 0),
    ("age", "120", 120),
    ("age", "42.0", 42),
    ("age", "121", "bad_age"),
    ("age", "-1", "bad_age"),
    ("age", "42.5", "bad_age"),
    ("age", "old", "bad_age"),
    ("age", "NaN", "bad_age"),
    ("age", " ", "bad_age"),
    ("gender", "М", "М"),
    ("gender", "M", "bad_gender"),  # Latin
    ("gender", "ж", "bad_gender"),
    ("gender", "", "bad_gender"),
    ("city", "", ""),
    ("city", None, ""),
    ("city", "Ростов-на-Дону\n(центр)", "Ростов-на-Дону\n(центр)"),
]


def check(spark: SparkSession, *rows: dict[str, Any]) -> list[Row]:
    """Validate rows that are good but for what they say."""
    base = {"path": "file:/log.csv", "block": 0, "text": "raw", "is_open": False, "has_width": True}
    values = [{**base, "row_index": None, **GOOD, "id": number, **row} for number, row in enumerate(rows)]
    names = re.findall(r"(\w+) \w+(?:,|$)", SCHEMA)
    frame = spark.createDataFrame([tuple(row[name] for name in names) for row in values], SCHEMA)
    return validate(frame).orderBy("id").collect()


@pytest.fixture(scope="module")
def outcomes(spark: SparkSession) -> list[Row]:
    return check(spark, *({column: text} for column, text, _ in CASES))


@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda case: "-".join(map(repr, CASES[case][:2])))
def test_rule(case: int, outcomes: list[Row]) -> None:
    column, _, expected = CASES[case]
    row = outcomes[case]
    if expected in REASONS:
        assert reasons_of(row.broken) == [expected]
        assert row.raw_line == "raw"
        return
    assert (row.broken, row.raw_line) == (0, None)
    value = row[column]
    if column == "timestamp":
        value = datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert value == expected


def test_all_reasons_of_a_row_are_kept(spark: SparkSession) -> None:
    (row,) = check(spark, dict.fromkeys(GOOD, "?"))
    assert reasons_of(row.broken) == [
        *("bad_sessionid", "bad_timestamp", "unknown_action", "bad_value", "bad_age", "bad_gender")
    ]


def test_the_fields_of_a_torn_line_are_not_judged(spark: SparkSession) -> None:
    torn = dict.fromkeys(GOOD, None) | {"has_width": False}
    rows = check(spark, torn, torn | {"is_open": True}, {"is_open": True}, {"text": ""}, torn | {"text": ""})
    assert [reasons_of(row.broken) for row in rows[:3]] == [
        ["column_count"],
        ["unbalanced_quote"],
        ["unbalanced_quote"],
    ]
    assert [row.broken for row in rows[3:]] == [BLANK, BLANK]


def test_row_index(spark: SparkSession) -> None:
    rows = check(spark, *({"row_index": index} for index in ("17", "-1", "x", "", None)))
    assert [row.row_index for row in rows] == [17, -1, None, None, None]
    assert {row.broken for row in rows} == {0}


def test_the_generated_code_is_small_enough_to_be_compiled(spark: SparkSession, tmp_path: Any) -> None:
    """Java interprets methods above 8,000 bytes of code, and ingestion takes three times as long."""
    log = tmp_path / "log.csv"
    header = "," + ",".join(GOOD)
    log.write_text(header + "\n", encoding="utf-8")
    rows = validate(split_fields(read_lines(spark, [f"file://{log}"]), parse_header(header, "log.csv")))
    with redirect_stdout(io.StringIO()) as plan:
        rows.explain("codegen")
    sizes = [int(size) for size in re.findall(r"maxMethodCodeSize:(\d+)", plan.getvalue())]
    assert sizes
    assert max(sizes) < 8000
