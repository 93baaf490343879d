"""The source contract as rules: DataFrame of strings -> typed columns and the set of broken rules.

Fields are taken as written (RFC 4180: spaces belong to a field); only numbers may be padded with spaces.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from business_telemetry.ingest.lines import PLACE
from business_telemetry.schema import ACTIONS, GENDERS, MAX_AGE

#: Reasons of rejection; the position of a reason is its bit in the column `broken`.
REASONS: Final = (
    "column_count",
    "unbalanced_quote",
    "encoding",
    "missing_user",
    "bad_sessionid",
    "bad_timestamp",
    "unknown_action",
    "bad_value",
    "negative_value",
    "bad_age",
    "bad_gender",
)
OPEN: Final = 1 << REASONS.index("unbalanced_quote")
#: A blank line is no row: it is neither loaded nor rejected.
BLANK: Final = 1 << len(REASONS)
#: Lines whose fields cannot be told apart; several of them may be one record with newlines in it.
LOOSE: Final = BLANK | OPEN | 1 << REASONS.index("column_count")

NUMBER: Final = r"\A\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*\z"
STAMP: Final = r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\z"
#: What ClickHouse's DateTime can hold.
FIRST_STAMP: Final = "1970-01-01 00:00:00"
LAST_STAMP: Final = "2106-02-07 06:28:15"


def validate(rows: DataFrame) -> DataFrame:
    """Type the columns and tell which rules each row breaks.

    Args:
        rows: the place of each row, its `text`, the flags `is_open` and `has_width` and the source's
            columns as strings (absent or null means empty).

    Returns:
        One row for each row: the place, `broken` (bits of REASONS, BLANK; 0 for a good row), `raw_line` (null
        for a good row), and the columns of `events`; the stamp is in seconds, as if UTC.
    """
    typed = rows.withColumns(
        {
            "session_number": _integer("sessionid", "bigint"),
            "stamp": F.when(F.rlike("timestamp", F.lit(STAMP)), F.col("timestamp").try_cast("timestamp_ntz")),
            "amount": F.when(F.rlike("value", F.lit(NUMBER)), F.col("value").try_cast("decimal(18,6)")),
            "years": _integer("age", "int"),
        }
    )
    return typed.withColumn("broken", _broken()).select(
        *PLACE,
        "broken",
        F.when(F.col("broken") != 0, F.col("text")).alias("raw_line"),
        F.col("row_index").try_cast("bigint").alias("row_index"),
        "userid",
        F.col("session_number").alias("sessionid"),
        F.unix_seconds(F.col("stamp").cast("timestamp")).alias("timestamp"),
        "action",
        F.col("amount").alias("value"),
        F.coalesce("category", F.lit("")).alias("category"),
        F.col("years").alias("age"),
        "gender",
        F.coalesce("city", F.lit("")).alias("city"),
    )


def reasons_of(broken: int) -> list[str]:
    """The names of the rules that a value of `broken` stands for."""
    return [name for bit, name in enumerate(REASONS) if broken >> bit & 1]


def _broken() -> Column:
    stamp, amount, age, years = F.col("stamp"), F.col("amount"), F.col("age"), F.col("years")
    in_range = stamp.between(
        F.lit(FIRST_STAMP).cast("timestamp_ntz"), F.lit(LAST_STAMP).cast("timestamp_ntz")
    )
    rules = {
        "missing_user": F.trim(F.coalesce("userid", F.lit(""))) == "",
        "bad_sessionid": ~F.coalesce(F.col("session_number") >= 0, F.lit(False)),
        "bad_timestamp": ~F.coalesce(in_range, F.lit(False)),
        "unknown_action": ~F.coalesce(F.col("action").isin(*ACTIONS), F.lit(False)),
        "bad_value": amount.isNull(),
        "negative_value": F.coalesce(amount < 0, F.lit(False)),
        "bad_age": (F.coalesce(age, F.lit("")) != "") & ~F.coalesce(years.between(0, MAX_AGE), F.lit(False)),
        "bad_gender": ~F.coalesce(F.col("gender").isin(*GENDERS), F.lit(False)),
    }
    encoding = _bit("encoding", ~F.is_valid_utf8("text"))
    fields = reduce(Column.__add__, (_bit(name, rule) for name, rule in rules.items()))
    return (
        F.when(F.col("text") == "", F.lit(BLANK))
        .when(F.col("is_open"), encoding + F.lit(OPEN))
        .when(~F.col("has_width"), encoding + F.lit(1 << REASONS.index("column_count")))
        .otherwise(encoding + fields)
    )


def _bit(reason: str, rule: Column) -> Column:
    return F.when(rule, F.lit(1 << REASONS.index(reason))).otherwise(F.lit(0))


def _integer(column: str, type_name: str) -> Column:
    """A whole number, also as pandas writes a column with gaps: `42.0`."""
    text = F.col(column)
    whole = F.when(F.endswith(text, F.lit(".0")), F.expr(f"left({column}, length({column}) - 2)")).otherwise(
        text
    )
    return whole.try_cast(type_name)
