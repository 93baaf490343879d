"""JSON lines and Parquet become the same text as CSV, and the raw line can be shown."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_rows import read

from business_telemetry.ingest.contract import Layout
from business_telemetry.ingest.contract_file import load_contract
from business_telemetry.ingest.cut import Lines
from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.files import scan
from business_telemetry.ingest.header import tasks_of
from business_telemetry.ingest.tables import parse, read_batch
from business_telemetry.ingest.task import absent_columns

LAYOUT = Layout(2, {"time": 0, "user": 1}, ())


def text_of(column: Any) -> list[str | None]:
    batch = pa.record_batch({"t": pa.array(["x"] * len(column)), "c": column})
    return read_batch(batch, LAYOUT, 1, "f")["user"].to_list()


@pytest.mark.parametrize(
    ("values", "type_", "expected"),
    [
        (
            [1.0, 10_000_001.0, 1e15, 0.5, None, float("nan")],
            None,
            ["1", "10000001", "1000000000000000", "0.5", None, None],
        ),
        ([2.0**53, 9e18, -3.0], None, ["9007199254740992", "9000000000000000000", "-3"]),
        ([1.5, 7.0], pa.float32(), ["1.5", "7"]),
        ([7, None], pa.int8(), ["7", None]),
        ([2**64 - 1], pa.uint64(), ["18446744073709551615"]),
        ([Decimal("7.50")], None, ["7.50"]),
        ([True, None], None, ["true", None]),
        (["a", None], pa.large_string(), ["a", None]),
        (["a", "a"], pa.dictionary(pa.int8(), pa.string()), ["a", "a"]),
        ([b"a"], pa.binary(), ["a"]),
        ([None, None], pa.null(), [None, None]),
        ([date(2024, 2, 29)], None, ["2024-02-29T00:00:00"]),
        *(
            ([datetime(2024, 2, 29, 12, 28, 45, 999_000)], pa.timestamp(unit), ["2024-02-29T12:28:45"])
            for unit in ("ms", "us", "ns")
        ),
        ([datetime(2024, 2, 29, 12, tzinfo=ZoneInfo("Europe/Moscow"))], None, ["2024-02-29T09:00:00Z"]),
    ],
)
def test_columns_as_text(values: list[Any], type_: Any, expected: list[str | None]) -> None:
    assert text_of(pa.array(values, type_)) == expected


@pytest.mark.parametrize("column", [[{"a": 1}], [[1]], [time(1, 2)], [b"\xff"]])
def test_columns_that_hold_no_text(column: list[Any]) -> None:
    with pytest.raises(BadSource, match="f: column c "):
        text_of(pa.array(column))


def test_a_stamp_in_parquet_is_what_it_is_whatever_the_contract_says() -> None:
    stamp = pa.array([datetime(2024, 2, 29)], pa.timestamp("us"))
    rows = read_batch(pa.record_batch({"t": stamp, "c": ["u"]}), LAYOUT, 5, "f")
    assert rows["stamps_are_iso"].all()
    assert rows["line"].to_list() == [5]


def test_rejected_rows_of_parquet_are_shown_as_json(tmp_path: Path) -> None:
    table = pa.table(
        {"userid": ["u", ""], "timestamp": ["2024-02-29T12:28:45"] * 2, "action": ["cart"] * 2, "n": [1, 2]}
    )
    pyarrow.parquet.write_table(table, tmp_path / "log.parquet", row_group_size=1)
    found = read(tmp_path / "log.parquet")
    ((line, raw, reasons),) = found.rejected
    assert (line, reasons) == (2, ["missing_user"])
    assert json.loads(raw) == {"userid": "", "timestamp": "2024-02-29T12:28:45", "action": "cart", "n": 2}


VALUES = st.one_of(st.none(), st.text(max_size=8), st.integers(), st.booleans(), st.floats(allow_nan=False))


@settings(deadline=None)
@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=20))
def test_json_lines_are_what_they_say(rows: list[tuple[Any, Any]]) -> None:
    lines = [json.dumps({"Time": a, " user ": b}, ensure_ascii=False).replace("\n", " ") for a, b in rows]
    if not lines:
        return
    found, blank = parse(Lines.of("\n".join(lines).encode("utf-8", "replace"), 1), LAYOUT, ("time", "user"))
    assert blank == 0
    assert found["broken"].to_list() == [0] * len(rows)
    for value, (_, expected) in zip(found["user"], rows, strict=True):
        shown = str(expected).lower() if isinstance(expected, bool) else expected
        if isinstance(expected, str):
            shown = expected.encode("utf-8", "replace").decode()
        elif isinstance(expected, int | float) and not isinstance(expected, bool):
            shown = json.dumps(expected)
        assert value == shown


@pytest.mark.parametrize("zone", [None, "Europe/Moscow"])
@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("number", [2**62, -(2**62)])
def test_a_stamp_of_no_year_is_rejected_and_shown(
    tmp_path: Path, unit: str, zone: str | None, number: int
) -> None:
    stamps = pa.array([number, 0, None], pa.int64()).cast(pa.timestamp(unit, zone))
    shown = "1970-01-01T00:00:00" + ("Z" if zone else "")
    assert text_of(stamps) == [str(number), shown, None]
    if unit == "s":  # Parquet knows none
        return
    table = pa.table({"userid": ["u"] * 3, "timestamp": stamps, "action": ["cart"] * 3})
    pyarrow.parquet.write_table(table, tmp_path / "log.parquet")
    (_, raw, reasons), *_ = read(tmp_path / "log.parquet").rejected
    assert (json.loads(raw)["timestamp"], reasons) == (str(number), ["bad_timestamp"])


def test_days_beyond_all_years() -> None:
    assert text_of(pa.array([2**31 - 1, 0], pa.int32()).cast(pa.date32())) == [
        str(2**31 - 1),
        "1970-01-01T00:00:00",
    ]


def test_json_that_python_reads_and_nobody_can_write(tmp_path: Path) -> None:
    """Half of an emoji, and brackets deeper than any stack: that line is rejected, in the sample as well."""
    good = '{"userid": "u", "timestamp": "2024-02-29T12:28:45", "action": "cart"}'
    half = good.replace('"u"', r'"u\ud83d"')
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(["[" * 100_000, half, good, '{"a":' * 100_000, ""]), encoding="utf-8")
    found = read(path)
    assert [(line, reasons) for line, _, reasons in found.rejected] == [
        (1, ["bad_json"]),
        (2, ["encoding"]),
        (4, ["bad_json"]),
    ]
    assert found.rejected[1][1] == half.encode()
    assert [row["userid"] for row in found.events] == ["u"]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


LATE = """\
name: shop
format: {kind: jsonl}
columns:
  user: u
  time: t
  action: a
  value: v
  order: o
  age: years
  product: PATH
  category: {from: path, separator: "/", part: 1}
actions: {view: product, buy: purchase}
orders: purchase
currency: {from: cur, rates: {USD: 90}}
"""


@pytest.mark.parametrize("piece", [1 << 25, 4096])
def test_a_key_that_first_stands_far_behind_the_sample_is_read(tmp_path: Path, piece: int) -> None:
    """Writers leave out what is null, so a thousand views may come before the first line with a value."""
    contract = load_contract(str(written(tmp_path, "shop.yml", LATE)))
    view = {"u": "1", "t": "2024-02-29T12:28:45", "a": "view", "path": "toys/cars"}
    buy = {**view, "a": "buy", "v": 5.5, "O ": "A1", "years": None, "CUR": "usd"}
    lines = [json.dumps(view)] * 1200 + [json.dumps(buy), json.dumps({**buy, "v": "x", "CUR": "EUR"})]
    path = written(tmp_path, "log.jsonl", "\n".join(lines))
    found = read(path, contract, piece)
    last = found.events[-1]
    assert (last["value"], last["order_id"], last["product"], last["category"]) == (
        Decimal(495),
        "A1",
        "toys/cars",
        "toys",
    )
    assert {(row["value"], row["order_id"]) for row in found.events[:-1]} == {(Decimal(0), "")}
    assert len(found.events) == 1201
    assert [(line, reasons) for line, _, reasons in found.rejected] == [
        (1202, ["bad_value", "other_currency"])
    ]
    opened = tasks_of(scan(str(path), piece), contract)
    assert opened is not None
    assert opened[1].absent == ()
    assert absent_columns(opened[0][0], found.outcomes, contract) == ["years"]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_broken_row_is_rejected_though_its_word_is_ignored(tmp_path: Path, kind: str) -> None:
    """Counted as both, it would be one row too many, and the load would be refused as incomplete."""
    text = LATE.replace("actions: {", "actions: {scroll: ignore, '': ignore, ").replace("jsonl", kind)
    contract = load_contract(str(written(tmp_path, "shop.yml", text)))
    scroll = {"u": "1", "t": "2024-02-29T12:28:45", "a": "scroll", "v": "?"}
    view = {**scroll, "a": "view", "v": "1"}
    if kind == "jsonl":
        lines = [*map(json.dumps, (scroll, {**scroll, "v": [1]}, view, view)), "?"]
        broken = {2: ["bad_json"], 5: ["bad_json"]}
    else:
        torn = {**scroll, "u": "\udcff"}
        lines = ["u,t,a,v", *(",".join(row.values()) for row in (scroll, torn, view, view)), "?"]
        broken = {3: ["encoding", "bad_value"], 6: ["column_count"]}
    path = tmp_path / f"log.{kind}"
    path.write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    found = read(path, contract)
    assert {line: reasons for line, _, reasons in found.rejected} == broken
    assert (found.ignored, len(found.events)) == (1, 2)


def test_whatever_goes_wrong_in_a_task_is_told_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spark would wrap it in a text of its own, and the user would not know which file."""
    path = tmp_path / "log.jsonl"
    path.write_text(
        '{"userid": "u", "timestamp": "2024-02-29T12:28:45", "action": "cart"}\n', encoding="utf-8"
    )

    def fail(*_: Any) -> None:
        raise OverflowError("date value out of range")

    monkeypatch.setattr("business_telemetry.ingest.task.judge", fail)
    with pytest.raises(RuntimeError, match=r"log\.jsonl: OverflowError: date value out of range"):
        read(path)
