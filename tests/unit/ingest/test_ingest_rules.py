"""The rules of a log, one by one, on rows that break exactly what they say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ingest_rows import judged

from business_telemetry.ingest.columns import REASONS
from business_telemetry.ingest.contract import Contract, Currency, Field, Format
from business_telemetry.ingest.contract_file import load_contract
from shop_simulator.malformed import CORRUPTIONS

SEED = load_contract("dataset_telemetry")
GOOD: dict[str, str | None] = {
    "user": "user_1",
    "session": "42",
    "time": "2021-12-30T12:28:45",
    "action": "cart",
    "value": "5735.262266",
    "category": "Товары для детей",
    "age": "42",
    "gender": "Ж",
    "city": "Красноярск",
}

#: (column, text as written, what becomes of it): a reason, or the typed value; stamps as the UTC instant.
CASES: list[tuple[str, str | None, Any]] = [
    ("user", "", "missing_user"),
    ("user", "  ", "missing_user"),
    ("user", None, "missing_user"),
    ("user", " user_1 ", " user_1 "),
    ("user", "пользователь", "пользователь"),
    # any text is a session
    ("session", "0", "0"),
    ("session", "42.0", "42"),
    ("session", " 7 ", "7"),
    ("session", "9223372036854775808", "9223372036854775808"),
    ("session", "42.5", "42.5"),
    ("session", "-1", "-1"),
    ("session", "1e3", "1e3"),
    ("session", "", ""),
    ("session", "  ", ""),
    ("session", None, ""),
    ("session", ".0", ".0"),
    ("session", "x1", "x1"),
    ("session", "0f5c-4e2a", "0f5c-4e2a"),
    # Moscow is three hours ahead, four in winter until 2014
    ("time", "2021-12-30 12:28:45", "2021-12-30T09:28:45"),
    ("time", "2024-02-29T23:59:59", "2024-02-29T20:59:59"),
    ("time", "2013-01-01T00:00:00", "2012-12-31T20:00:00"),
    ("time", "2024-03-31T02:30:00", "2024-03-30T23:30:00"),
    # the clock was put forward at two: what it skipped counts on
    ("time", "2010-03-28T02:30:00", "2010-03-27T23:30:00"),
    # and back at two: what it repeated is the earlier
    ("time", "2014-10-26T01:30:00", "2014-10-25T21:30:00"),
    ("time", "1970-01-01T03:00:00", "1970-01-01T00:00:00"),
    ("time", "1970-01-01T02:59:59", "bad_timestamp"),
    ("time", "2106-02-07T09:28:15", "2106-02-07T06:28:15"),
    ("time", "2106-02-07T09:28:16", "bad_timestamp"),
    ("time", "1969-12-31T23:59:59", "bad_timestamp"),
    ("time", "0001-01-01T00:00:00", "bad_timestamp"),
    ("time", "9999-12-31T23:59:59", "bad_timestamp"),
    ("time", "2023-02-29T00:00:00", "bad_timestamp"),
    ("time", "2022-13-01T10:00:00", "bad_timestamp"),
    ("time", "2022-01-01T24:00:00", "bad_timestamp"),
    ("time", "2022-01-01T23:59:60", "bad_timestamp"),
    ("time", "2022-01-01", "bad_timestamp"),
    ("time", "2022-01-01T10:00", "bad_timestamp"),
    # instants say so themselves
    ("time", "2022-01-01T10:00:00Z", "2022-01-01T10:00:00"),
    ("time", "2022-01-01 10:00:00 UTC", "2022-01-01T10:00:00"),
    ("time", "2022-01-01T10:00:00+03:00", "2022-01-01T07:00:00"),
    ("time", "2022-01-01T10:00:00-0330", "2022-01-01T13:30:00"),
    ("time", "2022-01-01 10:00:00 +05", "2022-01-01T05:00:00"),
    ("time", "2022-01-01T10:00:00.999999Z", "2022-01-01T10:00:00"),
    ("time", "2022-01-01T10:00:00.5", "2022-01-01T07:00:00"),
    ("time", "2022-01-01T10:00:00,123456789", "2022-01-01T07:00:00"),
    ("time", "1970-01-01T00:00:00+00:01", "bad_timestamp"),
    ("time", "2022-01-01T10:00:00X", "bad_timestamp"),
    ("time", "2022-01-01T10:00:00.", "bad_timestamp"),
    ("time", "2022-01-01T10:00:0Z", "bad_timestamp"),
    ("time", "2022-1-01T10:00:00", "bad_timestamp"),
    ("time", " 2022-01-01T10:00:00", "bad_timestamp"),
    ("time", "2022-01-01T10:00:00\n", "bad_timestamp"),
    ("time", "٢٠٢٢-01-01T10:00:00", "bad_timestamp"),
    ("time", "1640867325", "bad_timestamp"),
    ("time", "", "bad_timestamp"),
    ("time", None, "bad_timestamp"),
    ("action", "mainpage", "mainpage"),
    ("action", "confirmation", "confirmation"),
    ("action", "Cart", "unknown_action"),
    ("action", "cart ", "unknown_action"),
    ("action", "purchase", "unknown_action"),
    ("action", "ignore", "unknown_action"),
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
    ("value", "9999999999.999999", Decimal("9999999999.999999")),
    ("value", "9999999999.9999995", "bad_value"),
    ("value", "1e10", "bad_value"),
    ("value", "999999999999", "bad_value"),
    ("value", "1e12", "bad_value"),
    ("value", "1e999", "bad_value"),
    ("value", "1e-999", Decimal(0)),
    ("value", "1e-999999999", Decimal(0)),
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
    ("value", "", Decimal(0)),
    ("value", "  ", Decimal(0)),
    ("value", None, Decimal(0)),
    ("value", "-0.01", "negative_value"),
    ("value", "-6130", "negative_value"),
    ("category", "", ""),
    ("category", None, ""),
    ("category", "Нечто новое", "Нечто новое"),
    ("age", "", None),
    ("age", None, None),
    ("age", " ", None),
    ("age", "0", 0),
    ("age", "120", 120),
    ("age", "42.0", 42),
    ("age", "121", "bad_age"),
    ("age", "-1", "bad_age"),
    ("age", "42.5", "bad_age"),
    ("age", "old", "bad_age"),
    ("age", "NaN", "bad_age"),
    ("gender", "М", "М"),
    ("gender", "M", ""),  # Latin
    ("gender", "ж", ""),
    ("gender", "?", ""),
    ("gender", "", ""),
    ("gender", None, ""),
    ("city", "", ""),
    ("city", None, ""),
    ("city", "Ростов-на-Дону\n(центр)", "Ростов-на-Дону\n(центр)"),
]


def utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def only(**changes: Any) -> Contract:
    """The seed's contract with other columns or settings."""
    columns = changes.pop("columns", {})
    return replace(SEED, columns={**SEED.columns, **columns}, **changes)


@pytest.fixture(scope="module")
def outcomes() -> list[dict[str, Any]]:
    return judged(SEED, *({**GOOD, column: text} for column, text, _ in CASES))


@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda case: "-".join(map(repr, CASES[case][:2])))
def test_rule(case: int, outcomes: list[dict[str, Any]]) -> None:
    column, text, expected = CASES[case]
    alone = judged(SEED, {**GOOD, column: text})[0]
    for row in (outcomes[case], alone):
        if expected in REASONS:
            assert row["reasons"] == [expected]
            continue
        assert row["reasons"] == []
        assert (utc(row[column]) if column == "time" else row[column]) == expected


def test_all_reasons_of_a_row_are_kept() -> None:
    (row,) = judged(SEED, {**dict.fromkeys(GOOD, "?"), "user": " "})
    assert row["reasons"] == ["missing_user", "bad_timestamp", "unknown_action", "bad_value", "bad_age"]


def test_columns_that_the_log_lacks_are_unknown() -> None:
    (row,) = judged(SEED, {key: GOOD[key] for key in ("user", "time", "action")})
    assert row["reasons"] == []
    assert {
        key: row[key] for key in ("session", "value", "quantity", "product", "order", "age", "gender")
    } == {
        **{"session": "", "value": Decimal(0), "quantity": 1, "product": "", "order": ""},
        **{"age": None, "gender": ""},
    }


def test_row_index() -> None:
    rows = judged(SEED, *({**GOOD, "index": index} for index in ("17", "-1", "x", "", None, "17.0")))
    # what is no place in the file is the line's number
    assert [row["index"] for row in rows] == [17, 3, 4, 5, 6, 17]
    assert {row["broken"] for row in rows} == {0}
    assert judged(SEED, GOOD)[0]["index"] == 2


@pytest.mark.parametrize(
    "kind", [kind for kind in CORRUPTIONS if kind.startswith(("bad", "neg", "unk", "mis"))]
)
def test_what_the_generator_corrupts_is_rejected_for_that_reason(kind: str) -> None:
    fields = [b"0", *(str(value).encode() for value in GOOD.values())]
    for pick in range(12):
        texts = [each.strip('"') for each in CORRUPTIONS[kind](fields, pick).decode().split(",")]
        if len(texts) == 10:
            row = dict(zip(["index", *GOOD], texts, strict=True))
            assert judged(SEED, row)[0]["reasons"] == [kind]


def test_quantities() -> None:
    texts = ["", "1", "2.0", "0", "4294967295", "4294967296", "-1", "1.5", "many", None]
    rows = judged(SEED, *({**GOOD, "value": "1", "quantity": text} for text in texts))
    assert [rows[place]["quantity"] for place in (0, 1, 2, 4)] == [1, 1, 2, 4294967295]
    bad = [place for place, row in enumerate(rows) if row["reasons"] == ["bad_quantity"]]
    assert bad == [3, 5, 6, 7, 8]
    assert all(row["reasons"] == [] for place, row in enumerate(rows) if place not in bad)


def test_no_pieces_of_goods_are_no_row_of_goods() -> None:
    """A purchase of 0 pieces was an order of 0 roubles; what is only looked at has no pieces in many logs."""
    goods = ["cart", "remove", "purchase", "refund"]
    contract = only(actions={word: word for word in [*goods, "product", "checkout"]})
    rows = judged(contract, *({**GOOD, "action": a, "quantity": "0"} for a in [*contract.actions, "?"]))
    assert [row["reasons"] for row in rows] == [["bad_quantity"]] * 4 + [[], [], ["unknown_action"]]
    # the price is not given either
    (row,) = judged(contract, {"user": "u", "time": GOOD["time"], "action": "purchase", "quantity": "0.0"})
    assert row["reasons"] == ["bad_quantity"]


def test_pieces_that_are_worth_more_than_an_amount_can_be() -> None:
    """A barcode for a quantity: price times pieces would overflow in the warehouse, and stop every build."""
    pairs = [("999.99", "100000000"), ("20", "500000000"), ("19.99", "500000000"), ("0", "4294967295")]
    rows = judged(SEED, *({**GOOD, "value": value, "quantity": pieces} for value, pieces in pairs))
    assert [row["reasons"] for row in rows] == [["bad_quantity"], ["bad_quantity"], [], []]


def test_words_are_mapped_and_ignored_ones_told() -> None:
    contract = only(
        columns={"gender": Field("sex", map={"f": "Ж", "m": "М"})},
        actions={"view_item": "product", "scroll": "ignore"},
    )
    rows = judged(
        contract,
        {**GOOD, "action": "view_item", "gender": "f"},
        {**GOOD, "action": "scroll", "gender": "x"},
        {**GOOD, "action": "scroll", "time": "never", "value": "?", "user": ""},
        {**GOOD, "action": "cart"},
    )
    assert [row["ignored"] for row in rows] == [None, "scroll", "scroll", None]
    # a row that is not loaded anyway is not judged
    assert [row["reasons"] for row in rows] == [[], [], [], ["unknown_action"]]
    assert (rows[0]["action"], rows[0]["gender"]) == ("product", "Ж")


def test_parts_of_a_category() -> None:
    texts = ["a.b.c", "a", "", ".b", None]
    for part, expected in (
        (1, ["a", "a", "", "", ""]),
        (2, ["b", "", "", "b", ""]),
        (-1, ["c", "a", "", "b", ""]),
    ):
        contract = only(columns={"category": Field("c", separator=".", part=part)})
        assert [
            row["category"] for row in judged(contract, *({**GOOD, "category": t} for t in texts))
        ] == expected


def test_decimal_commas() -> None:
    contract = only(format=Format(decimal=","))
    rows = judged(
        contract, *({**GOOD, "value": text} for text in ("12,50", "7", "1.5", "1,2,3", "1e1", ",5"))
    )
    assert [row["reasons"] for row in rows] == [[], [], ["bad_value"], ["bad_value"], [], []]
    assert [rows[place]["value"] for place in (0, 1, 4, 5)] == [Decimal("12.5"), 7, 10, Decimal("0.5")]


def test_currencies() -> None:
    contract = only(currency=Currency("RUB", "currency", {"USD": 90.5, "EUR": 100}))
    rows = judged(
        contract, *({**GOOD, "value": "10", "currency": c} for c in ("RUB", " usd", "EUR", "", None, "GBP"))
    )
    assert [row["value"] for row in rows[:5]] == [10, 905, 1000, 10, 10]
    assert [row["reasons"] for row in rows] == [[], [], [], [], [], ["other_currency"]]
    # without a rate, amounts keep every digit
    (row,) = judged(contract, {**GOOD, "value": "9999999999.999999", "currency": "RUB"})
    assert row["value"] == Decimal("9999999999.999999")


def test_a_converted_amount_that_does_not_fit_is_rejected() -> None:
    contract = only(currency=Currency("RUB", "currency", {"USD": 100, "IRR": 0.002, "BTC": 1e300}))
    pairs = [
        ("100000000", "USD"),
        ("99999999.99", "USD"),
        ("999999999999", "IRR"),
        ("1", "BTC"),
        ("-1e9", "USD"),
    ]
    rows = judged(contract, *({**GOOD, "value": value, "currency": code} for value, code in pairs))
    assert [row["reasons"] for row in rows] == [["bad_value"], [], [], ["bad_value"], ["bad_value"]]
    assert [rows[place]["value"] for place in (1, 2)] == [Decimal("9999999999"), Decimal("1999999999.998")]


def test_refunds_are_positive_whatever_their_sign() -> None:
    contract = only(actions={"refund": "refund", "cart": "cart"})
    rows = judged(
        contract, *({**GOOD, "action": a, "value": v} for a, v in (("refund", "-5"), ("refund", "5")))
    )
    assert [row["value"] for row in rows] == [5, 5]
    assert judged(contract, {**GOOD, "value": "-5"})[0]["reasons"] == ["negative_value"]


@pytest.mark.parametrize(
    ("format_", "texts"),
    [
        ("epoch_s", ["1709209725", "1709209725.9", "1709209725.0", "1.709209725e9"]),
        ("epoch_ms", ["1709209725000", "1709209725999", "1709209725999.7"]),
        ("epoch_us", ["1709209725000000", "1709209725999999"]),
        ("%d.%m.%Y %H:%M:%S", ["29.02.2024 15:28:45"]),
        ("%Y%m%d%H%M%S", ["20240229152845"]),
        ("%d/%b/%Y:%H:%M:%S %z", ["29/Feb/2024:12:28:45 +0000", "29/Feb/2024:15:28:45 +0300"]),
        ("%Y-%m-%d %H:%M:%S.%f", ["2024-02-29 15:28:45.25", "2024-02-29 15:28:45.999999"]),
        ("iso", ["2024-02-29T15:28:45", "2024-02-29T12:28:45Z"]),
    ],
)
def test_stamps_of_every_format(format_: str, texts: list[str]) -> None:
    contract = only(columns={"time": Field("t", format=format_, zone="Europe/Moscow")})
    wrong = ["", "x", "-1", "inf", "99999999999999999999999999999999999999999"]
    rows = judged(contract, *({**GOOD, "time": text} for text in [*texts, *wrong]))
    # date -u -d 2024-02-29T12:28:45 +%s
    assert [row["time"] for row in rows[: len(texts)]] == [1709209725] * len(texts)
    assert [row["reasons"] for row in rows] == [[]] * len(texts) + [["bad_timestamp"]] * len(wrong)


def test_a_minute_without_seconds() -> None:
    contract = only(columns={"time": Field("t", format="%d.%m.%Y %H:%M", zone="UTC")})
    assert utc(judged(contract, {**GOOD, "time": "29.02.2024 12:28"})[0]["time"]) == "2024-02-29T12:28:00"


def test_clocks_that_change_in_every_zone() -> None:
    """Against Python's own zones: a skipped hour counts on from before, a doubled one is the earlier."""
    for zone in ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"):
        contract = only(columns={"time": Field("t", zone=zone)})
        stamps = [
            f"{day}T{hour:02}:{minute}:00"
            for day in (
                "2024-03-10",
                "2024-11-03",
                "2024-03-31",
                "2024-10-27",
                "2024-04-07",
                "2024-10-06",
                "2011-12-30",
            )
            for hour in range(5)
            for minute in ("00", "15", "30", "45")
        ]
        expected = [int(datetime.fromisoformat(s).replace(tzinfo=ZoneInfo(zone)).timestamp()) for s in stamps]
        assert [row["time"] for row in judged(contract, *({**GOOD, "time": s} for s in stamps))] == expected


# An independent judge, from docs/logs.md


def _strip(text: str) -> str:
    """Without white space at the ends, as Unicode has it: Python counts four control characters too."""
    return re.sub(r"^[^\S\x1c-\x1f]+|[^\S\x1c-\x1f]+$", "", text)


def _number(text: str) -> Decimal | None:
    plain = _strip(text)
    if not plain or any(c not in "0123456789.eE+-" for c in plain):
        return None
    mantissa, _, exponent = plain.replace("E", "e").partition("e")
    if "e" in plain.lower() and not (exponent.lstrip("+-").isdigit() and len(exponent.lstrip("+-")) <= 3):
        return None
    try:
        return Decimal(f"{mantissa}e{exponent or 0}")
    except InvalidOperation:
        return None


def plain_judge(row: dict[str, str]) -> tuple[list[str], dict[str, Any]]:
    """Reasons, and what is loaded."""
    reasons: list[str] = []
    loaded: dict[str, Any] = {}
    if not _strip(row["user"]):
        reasons.append("missing_user")
    try:
        stamp = datetime.strptime(row["time"], "%Y-%m-%dT%H:%M:%S")
        seconds = int(stamp.replace(tzinfo=ZoneInfo("Europe/Moscow")).timestamp())
        if len(row["time"]) != 19 or not 0 <= seconds < 2**32:
            raise ValueError
        loaded["time"] = seconds
    except (ValueError, OverflowError):
        reasons.append("bad_timestamp")
    if row["action"] not in ("mainpage", "category", "search", "product", "cart", "checkout", "confirmation"):
        reasons.append("unknown_action")
    loaded["value"] = Decimal(0)
    if _strip(row["value"]):
        number = _number(row["value"])
        with localcontext(prec=2_000, Emax=10_000):
            rounded = number.quantize(Decimal("0.000001"), ROUND_HALF_UP) if number else Decimal(0)
        if number is None or abs(rounded) >= Decimal(10) ** 10:
            reasons.append("bad_value")
        elif rounded < 0:
            reasons.append("negative_value")
        else:
            loaded["value"] = rounded or Decimal(0)
    loaded["age"] = None
    if age := _strip(row["age"]):
        whole = age.removesuffix(".0")
        if re.fullmatch("[+]?[0-9]+|-0+", whole) and int(whole) <= 120:
            loaded["age"] = int(whole)
        else:
            reasons.append("bad_age")
    loaded["gender"] = row["gender"] if row["gender"] in ("Ж", "М") else ""
    return reasons, loaded


numbers = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**11), max_value=10**11, places=7).map(
        str
    ),
    st.floats(allow_nan=False).map(str),
    st.integers(-(10**14), 10**14).map(str),
    st.text(alphabet="0123456789.eE+- ", max_size=12),
    st.sampled_from(["", " ", "NaN", "1_0", "١", "9999999999.9999995", "9999999999.9999994"]),
)
stamps = st.one_of(
    st.datetimes(datetime(1, 1, 1), datetime(2200, 1, 1)).map(lambda d: d.strftime("%Y-%m-%dT%H:%M:%S")),
    st.datetimes(datetime(1969, 12, 31), datetime(2106, 2, 8)).map(lambda d: d.strftime("%Y-%m-%dT%H:%M:%S")),
    st.text(max_size=20),
    st.builds(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format,
        *(st.integers(1970, 2110), st.integers(0, 13), st.integers(0, 32)),
        *(st.integers(0, 25), st.integers(0, 60), st.integers(0, 61)),
    ),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.text(max_size=5),
            "time": stamps,
            "action": st.sampled_from(["mainpage", "cart", "confirmation", "purchase", "", "Cart", "ignore"]),
            "value": numbers,
            "age": st.one_of(st.integers(-3, 130).map(str), numbers, st.text(max_size=4)),
            "gender": st.sampled_from(["Ж", "М", "", "M", " Ж"]),
        }
    ),
    min_size=1,
    max_size=10,
)


@settings(deadline=None)
@given(rows=ROWS)
@example(
    rows=[
        {"user": "\0", "time": "0000-01-01T00:00:00", "action": "", "value": "-.", "age": "+5", "gender": ""}
    ]
)
def test_the_rules_agree_with_a_plain_judge(rows: list[dict[str, str]]) -> None:
    for row, found in zip(rows, judged(SEED, *rows), strict=True):
        reasons, loaded = plain_judge(row)
        assert found["reasons"] == reasons, row
        if not reasons:
            assert {key: found[key] for key in loaded} == loaded, row
