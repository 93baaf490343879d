"""Results of Python models: what fits the declared types, and the words for what does not."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from clickhouse_connect.datatypes.registry import get_from_name
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.clickhouse_py.results import to_arrow

UTC = dt.UTC


def fit(values: Any, kind: str, clock: str = "UTC") -> list[Any]:
    column = values if isinstance(values, pd.Series) else pd.Series(values)
    table = to_arrow(pd.DataFrame({"x": column}), {"x": get_from_name(kind)}, clock)
    found: list[Any] = table["x"].to_pylist()
    return found


def objects(*values: Any) -> pd.Series:
    return pd.Series(list(values), dtype=object)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1.0, 2.0], "UInt8", [1, 2]),
        ([1.0, np.nan], "Nullable(UInt8)", [1, None]),
        (pd.Series([1, None], dtype="Int64"), "Nullable(Int32)", [1, None]),
        (objects(2**64 - 1), "UInt64", [2**64 - 1]),
        (objects(2**100), "Int128", [str(2**100)]),
        ([7], "Decimal(18, 2)", [Decimal("7.00")]),
        ([0.1], "Decimal(18, 2)", [Decimal("0.10")]),
        (objects(Decimal("1.5"), 2, None), "Nullable(Decimal(8, 2))", [Decimal("1.50"), Decimal(2), None]),
        (pd.to_datetime(["2024-01-02"]), "Date", [dt.date(2024, 1, 2)]),
        (objects(dt.date(1925, 1, 2)), "Date32", [dt.date(1925, 1, 2)]),
        (pd.Series(["a", "b"], dtype="category"), "LowCardinality(String)", ["a", "b"]),
        (objects("a", None, np.nan), "Nullable(String)", ["a", None, None]),
        ([[1, 2], []], "Array(UInt8)", [[1, 2], []]),
        (objects({"a": 1}), "Map(String, UInt8)", [[("a", 1)]]),
        (objects((1, "a")), "Tuple(x UInt8, y String)", [{"x": 1, "y": "a"}]),
        (objects({"y": "b", "x": 2}), "Tuple(x UInt8, y String)", [{"x": 2, "y": "b"}]),
        ([], "Decimal(18, 2)", []),
    ],
)  # fmt: skip
def test_what_fits(values: Any, kind: str, expected: list[Any]) -> None:
    assert fit(values, kind) == expected


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ([300], "UInt8", "300 not in range: 0 to 255"),
        ([1.5], "UInt8", "1.5.* was truncated"),
        (objects(1.5), "UInt8", "1.5.* was truncated"),
        ([[1.5]], "Array(UInt8)", "1.5.* was truncated"),
        ([1.0, np.nan, np.nan], "UInt8", r"2 missing values \(the first in row 1\).*Nullable\(UInt8\)"),
        ([1.0, np.nan], "Float64", r"1 missing values .*Nullable\(Float64\)"),
        (["a", None], "LowCardinality(String)", "1 missing values"),
        ([[1, None]], "Array(UInt8)", "1 missing values"),
        (objects({"a": None}), "Map(String, UInt8)", "1 missing values"),
        (objects((None, "a")), "Tuple(x UInt8, y String)", "1 missing values"),
        (objects(Decimal("1.239")), "Decimal(18, 2)", "would cause data loss"),
        (objects(Decimal("123.4")), "Decimal(4, 2)", "does not fit|precision"),
        ([12345], "Decimal(4, 2)", "does not fit"),
        ([np.inf], "Decimal(18, 2)", "inf"),
        (pd.to_datetime(["2024-01-02 10:00"]), "Date", "times of day"),
        (pd.to_datetime(["2024-01-02 10:00:00.5"]), "DateTime", "would lose data"),
        (pd.to_datetime(["1960-01-01"]), "DateTime", "1970 to 2106"),
        (pd.to_datetime(["2110-01-01"]), "DateTime", "1970 to 2106"),
        (pd.to_datetime(["2024-03-31 02:30"]), "DateTime('Europe/Berlin')", "doesn't exist in timezone"),
        ([1], "String", "holds int64, not text"),
        ([2], "Bool", "holds int64, not booleans"),
        (["one"], "UInt8", "one"),
        ([1e300], "Float32", "out of range"),
    ],
)
def test_what_does_not_fit(values: Any, kind: str, words: str) -> None:
    with pytest.raises(DbtRuntimeError, match=words):
        fit(values, kind)


def test_naive_times_are_on_the_columns_clock_else_on_the_sessions() -> None:
    ten = pd.to_datetime(["2024-06-01 10:00"])
    assert fit(ten, "DateTime('Europe/Moscow')") == [dt.datetime(2024, 6, 1, 7, tzinfo=UTC)]
    assert fit(ten, "DateTime", clock="Asia/Tokyo") == [dt.datetime(2024, 6, 1, 1, tzinfo=UTC)]
    assert fit(ten.tz_localize("Asia/Tokyo"), "DateTime('Europe/Moscow')") == [
        dt.datetime(2024, 6, 1, 1, tzinfo=UTC)
    ]
    assert fit(ten, "DateTime64(5, 'UTC')") == [dt.datetime(2024, 6, 1, 10, tzinfo=UTC)]


def test_a_date_of_an_aware_time_is_its_own_midnight() -> None:
    midnight = pd.to_datetime(["2024-06-01"]).tz_localize("Asia/Tokyo")
    assert fit(midnight, "Date") == [dt.date(2024, 6, 1)]


def test_arrow_results_are_held_to_the_same_rules_and_all_faults_are_told() -> None:
    table = pa.table({"a": pa.chunked_array([[1.0], [float("nan")]]), "b": ["x", None], "c": [1, 2]})
    types = {name: get_from_name(kind) for name, kind in (("c", "UInt8"), ("b", "String"), ("a", "Float64"))}
    with pytest.raises(DbtRuntimeError) as error:
        to_arrow(table, types, "UTC")
    assert [line.split(":")[0] for line in str(error.value.msg).splitlines()[1:]] == [
        "b (String)",
        "a (Float64)",
    ]
    nullable = {"b": get_from_name("Nullable(String)"), "a": get_from_name("Nullable(Float64)")}
    assert to_arrow(table, nullable, "UTC").to_pydict() == {"b": ["x", None], "a": [1.0, None]}
