"""What Python models read and write: every type comes back as it left, with rows and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from dbt.tests.util import run_dbt

#: column -> (declared type, a value in SQL, the dtype in pandas)
COLUMNS = {
    "big": ("UInt64", "18446744073709551615", "uint64"),
    "huge": ("Int128", "'170141183460469231731687303715884105727'", "object"),
    "small": ("Nullable(UInt8)", "null", "UInt8"),
    "money": ("Decimal(18, 6)", "'1234567.234567'", "object"),
    "rebate": ("Nullable(Decimal(18, 2))", "null", "object"),
    "ratio": ("Float64", "0.1", "float64"),
    "share": ("Nullable(Float32)", "null", "float64"),
    "flag": ("Bool", "true", "bool"),
    "maybe": ("Nullable(Bool)", "null", "boolean"),
    "day": ("Date", "'2024-02-29'", "datetime64[s]"),
    "old_day": ("Date32", "'1925-01-01'", "datetime64[s]"),
    "at_utc": ("DateTime('UTC')", "'2024-06-01 10:00:00'", "datetime64[s, UTC]"),
    "at_moscow": ("DateTime('Europe/Moscow')", "'2024-06-01 10:00:00'", "datetime64[s, Europe/Moscow]"),
    "at_maybe": ("Nullable(DateTime('Asia/Tokyo'))", "null", "datetime64[s, Asia/Tokyo]"),
    "at_here": ("DateTime", "'2024-06-01 10:00:00'", "datetime64[s]"),
    "at_precise": ("DateTime64(3, 'Asia/Tokyo')", "'2024-06-01 10:00:00.123'", "datetime64[ms, Asia/Tokyo]"),
    "text": ("String", "'it''s \\\\ я'", "string"),
    "word": ("LowCardinality(String)", "'слово'", "string"),
    "no_word": ("LowCardinality(Nullable(String))", "null", "string"),
    "words": ("Array(LowCardinality(String))", "['a', 'b']", "object"),
    "days": ("Array(Date)", "['2024-01-01']", "object"),
    "counts": ("Map(String, UInt64)", "map('a', 1)", "object"),
    "pair": ("Tuple(x UInt8, y String)", "(1, 'q')", "object"),
    "key": ("UUID", "'5bbf9edd-c6ac-4f67-b2c6-22e9eefc61b0'", "object"),
    "grade": ("Enum8('a' = 1)", "'a'", "str"),
    "address": ("IPv4", "'1.2.3.4'", "object"),
    "a strange name": ("String", "'x'", "string"),
}

EVERYTHING = "{{ config(materialized='table') }}\nselect\n" + ",\n".join(
    f"cast({value} as {kind.replace('{', '')}) as `{name}`" for name, (kind, value, _) in COLUMNS.items()
)

COPY = """
def model(dbt, session):
    frame = dbt.ref("everything")
    dtypes = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    assert dtypes == dbt.config.get("dtypes"), dtypes
    return frame.sample(frac=1)[list(reversed(frame.columns))]
"""

NO_ROWS = """
def model(dbt, session):
    return dbt.ref("copy").iloc[:0]
"""

SAME_DTYPES = """
def model(dbt, session):
    frame = dbt.ref("no_rows")
    assert len(frame) == 0
    dtypes = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    assert dtypes == dbt.config.get("dtypes"), dtypes
    return frame
"""

ARROW = """
import pyarrow


def model(dbt, session):
    return session.query_arrow("select toDecimal64(number, 2) / 4 as money, '' as word from numbers(5)")
"""


class TestEveryType:
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        columns = [{"name": name, "data_type": kind} for name, (kind, _, _) in COLUMNS.items()]
        dtypes = {name: dtype for name, (_, _, dtype) in COLUMNS.items()}
        typed = [
            {"name": name, "config": {"dtypes": dtypes}, "columns": columns}
            for name in ("copy", "no_rows", "same_dtypes")
        ]
        arrow = {"name": "money", "data_type": "Decimal(9, 2)"}, {"name": "word", "data_type": "String"}
        return {
            "everything.sql": EVERYTHING,
            "copy.py": COPY,
            "no_rows.py": NO_ROWS,
            "same_dtypes.py": SAME_DTYPES,
            "from_arrow.py": ARROW,
            "schema.yml": yaml.safe_dump(
                {"models": [*typed, {"name": "from_arrow", "columns": list(arrow)}]}
            ),
        }

    def test_every_type_comes_back(self, project: Any, rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
        assert len(run_dbt(["run"])) == 5
        assert rows("select count() from (select * from everything intersect select * from copy)") == [(1,)]
        assert rows("select count() from copy") == [(1,)]
        declared = [(name, kind) for name, (kind, _, _) in COLUMNS.items()]
        for table in ("copy", "no_rows", "same_dtypes"):
            described = rows(
                f"select name, type from system.columns where table = '{table}' order by position"
            )
            assert described == declared
        assert rows("select sum(money), count() from from_arrow") == [(2.5, 5)]
