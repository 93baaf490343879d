"""The rules of a log: columns of text -> typed columns and broken rules, the same for every kind of file.

Runs on Spark's workers. Whole columns at a time; what only few rows need is done for those alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from business_telemetry.ingest.columns import ACTIONS, COLUMNS, GENDERS, GOODS, IGNORE, KEYS, MAX_AGE, bit
from business_telemetry.ingest.contract import Contract, Field

#: Where the digits of `YYYY-MM-DDTHH:MM:SS` stand, and what stands between them.
FIELDS: Final = ((0, 1, 2, 3), (5, 6), (8, 9), (11, 12), (14, 15), (17, 18))
DIGITS: Final = [place for field in FIELDS for place in field]
MARKS: Final = [4, 7, 10, 13, 16]
MARK_BYTES: Final = np.frombuffer(b"--T::", np.uint8)
LONG_STAMP: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-5][0-9](?:[.,][0-9]+)?"
    r"(?: ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?$"
)
ISO: Final = "%Y-%m-%dT%H:%M:%S"
OFFSET: Final = r"([+-])([0-9]{2}):?([0-9]{2})?$"
EPOCHS: Final = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
#: What ClickHouse's DateTime can hold, in seconds.
LAST_STAMP: Final = 2**32 - 1
LAST_COUNT: Final = 2**32 - 1
MONEY: Final = pl.Decimal(18, 6)
EXACT: Final = pl.Decimal(38, 12)
#: What a row may not be worth, in the log's currency: Decimal(18, 6) ends at 9.2e12, and orders sum rows.
TOO_MUCH: Final = 10**10
TORN: Final = bit("column_count") | bit("unbalanced_quote") | bit("bad_json")
NAMES: Final = {column.key: column.name for column in COLUMNS if column.key}
#: Types and defaults of the columns that are not text.
TYPES: Final[Mapping[str, tuple[Any, Any]]] = {
    "index": (pl.UInt64, None),
    "time": (pl.UInt32, None),
    "action": (pl.Enum(ACTIONS), None),
    "value": (MONEY, 0),
    "quantity": (pl.UInt32, 1),
    "age": (pl.UInt8, None),
    "gender": (pl.Enum(("", *GENDERS)), ""),
}


def judge(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Type the columns and tell which rules each row breaks.

    Args:
        rows: `line` (number in the file), `broken` (bits that are known already), and the canonical columns
            that the file has, as text; null or empty means that the log does not tell. The stamps are ISO,
            whatever the contract says, where there is a column `stamps_are_iso`.
        contract: what the words and formats of the columns are.

    Returns:
        For each row: `line`, `broken` (bits of REASONS, 0 for a good row), `ignored` (the log's own word
        where the contract ignores it and nothing was known to be broken, else null), and the columns of
        `events` from `row_index` on; a stamp in seconds of UTC.
    """
    fields, currency = contract.columns, contract.currency
    text = {
        key: _mapped(_filled(rows[key]), fields.get(key))
        for key in (*KEYS, "currency")
        if key in rows.columns
    }
    known, size = rows["broken"], len(rows)
    broken, columns = known.clone(), {}

    def breaks(reason: str, where: pl.Series) -> None:
        nonlocal broken
        if where.any():
            broken = broken + where.fill_null(True).cast(pl.UInt32) * bit(reason)

    breaks("missing_user", text["user"].str.strip_chars() == "")
    stamps = _stamps(
        text["time"], Field("") if "stamps_are_iso" in rows.columns else fields["time"], fields["time"].zone
    )
    breaks("bad_timestamp", ~stamps.is_between(0, LAST_STAMP).fill_null(False))
    actions = text["action"].replace_strict(contract.actions, default=None, return_dtype=pl.String)
    breaks("unknown_action", actions.is_null())

    if "value" in text:
        amounts = _amounts(text["value"], contract.format.decimal)
        if "currency" in text:
            codes = text["currency"].str.strip_chars().str.to_uppercase().replace("", currency.code)
            rates = codes.replace_strict(
                {currency.code: 1.0, **currency.rates}, default=None, return_dtype=pl.Float64
            )
            breaks("other_currency", rates.is_null())
            foreign = (rates.fill_null(1.0) != 1.0).arg_true()
            converted = (amounts.gather(foreign).cast(pl.Float64) * rates.gather(foreign)).round(6)
            amounts = amounts.scatter(foreign, converted.cast(MONEY, strict=False))
        amounts = amounts.set((amounts.abs() >= TOO_MUCH).fill_null(False), None)
        if amounts.null_count():
            breaks("bad_value", amounts.is_null() & _is_given(text["value"]))
        # a refund is what is given back, whichever sign the log writes
        is_refund = (actions == "refund").fill_null(False)
        breaks("negative_value", (amounts < 0).fill_null(False) & ~is_refund)
        columns["value"] = amounts.abs().fill_null(0).cast(MONEY)
    for key, reason, limit in (("quantity", "bad_quantity", LAST_COUNT), ("age", "bad_age", MAX_AGE)):
        if key in text:
            numbers = _whole(text[key])
            fits = numbers.is_between(0, limit).fill_null(False)
            if not fits.all():
                breaks(reason, ~fits & _is_given(text[key]))
                numbers = numbers.set(~fits, None)
            columns[key] = numbers
    if "quantity" in columns:
        # where a row says how many pieces of goods, none is no such row; elsewhere logs often write 0
        breaks("bad_quantity", ((columns["quantity"] == 0) & actions.is_in(GOODS)).fill_null(False))
    if "value" in columns and "quantity" in columns:
        # what a row of goods is worth has to fit as well
        worth = columns["value"].cast(pl.Float64) * columns["quantity"].fill_null(1)
        breaks("bad_quantity", worth >= TOO_MUCH)
    for key in ("session", "order"):
        if key in text:
            columns[key] = _identifiers(text[key])
    if "gender" in text:
        # a word that is neither is unknown, not wrong
        words = {word: word for word in GENDERS}
        columns["gender"] = text["gender"].replace_strict(words, default="", return_dtype=pl.String)
    if "index" in text:
        places = _whole(text["index"])
        columns["index"] = places.zip_with((places >= 0).fill_null(False), rows["line"].cast(pl.Int64))
    else:
        columns["index"] = rows["line"]
    is_ignored = (actions == IGNORE).fill_null(False) & (known == 0)
    # the fields of a torn row are not judged
    given = {**text, **columns, "time": stamps, "action": actions}
    return pl.DataFrame(
        {
            "line": rows["line"],
            "broken": broken.zip_with(~is_ignored & (known & TORN == 0), known),
            "ignored": text["action"].set(~is_ignored, None),
            **{name: _typed(given.get(key), key, size) for key, name in NAMES.items()},
        }
    )


def _typed(column: pl.Series | None, key: str, size: int) -> pl.Series:
    """A column of `events`, with its default where the log does not tell."""
    type_, default = TYPES.get(key, (pl.String, ""))
    if column is None:
        return pl.repeat(default, size, dtype=type_, eager=True)
    typed = column.cast(type_, strict=False)
    return typed if default is None or not typed.null_count() else typed.fill_null(default)


def _mapped(text: pl.Series, field: Field | None) -> pl.Series:
    """The part of a text that the contract takes, in the words that it gives."""
    if field and field.separator:
        place = field.part - 1 if field.part > 0 else field.part
        text = text.str.split(field.separator).list.get(place, null_on_oob=True).fill_null("")
    return text.replace(field.map) if field and field.map else text


def _identifiers(text: pl.Series) -> pl.Series:
    """Any text; a whole number also as a column with gaps is written: `42.0` is `42`."""
    plain = text.str.strip_chars()
    return plain.str.replace(r"^([0-9]+)\.0$", "$1") if plain.str.ends_with(".0").any() else plain


def _filled(text: pl.Series) -> pl.Series:
    return text.fill_null("") if text.null_count() else text


def _is_given(text: pl.Series) -> pl.Series:
    return text.str.strip_chars() != ""


def _cast(text: pl.Series, type_: Any) -> pl.Series:
    """Texts as numbers, null where they are none; the few with spaces or a `.0` are looked at once more."""
    numbers = text.cast(type_, strict=False)
    others = (numbers.is_null() & (text != "")).arg_true()
    if not len(others):
        return numbers
    plain = text.gather(others).str.strip_chars()
    if type_ == pl.Int64:
        plain = plain.str.strip_suffix(".0")
    return numbers.scatter(others, plain.cast(type_, strict=False))


def _whole(text: pl.Series) -> pl.Series:
    return _cast(text, pl.Int64)


def _amounts(text: pl.Series, decimal: str) -> pl.Series:
    """Amounts, rounded half away from zero to six places; null where there is none or it is too large."""
    if decimal == ",":
        text = text.set(text.str.contains(".", literal=True), "?").str.replace(",", ".", literal=True)
    exact = pl.col("exact").round(6, mode="half_away_from_zero").cast(MONEY, strict=False)
    return _cast(text, EXACT).to_frame("exact").select(exact)["exact"]


def _stamps(text: pl.Series, field: Field, zone: str) -> pl.Series:
    """Seconds of UTC, fractions cut; null where it is no stamp.

    A stamp without a zone is taken in the contract's. In the hour that a clock change skips it counts on
    from before the change; in the one that it repeats it is the earlier.
    """
    if field.format in EPOCHS:
        seconds = _cast(text, EXACT).cast(pl.Float64) / EPOCHS[field.format]
        return seconds.floor().cast(pl.Int64, strict=False)
    if field.format != "iso":
        pattern = field.format.replace(".%f", "%.f")
        read = text.str.to_datetime(pattern, strict=False, time_unit="ms")
        return _seconds(read) if "%z" in pattern else _seconds(_instants(read, zone))
    naive = _plain_stamps(text)
    stamps = _seconds(_instants(naive, zone))
    # with a space for the T, a fraction or a zone
    others = naive.is_null().arg_true()
    return stamps.scatter(others, _long_stamps(text.gather(others), zone)) if len(others) else stamps


def _plain_stamps(text: pl.Series) -> pl.Series:
    """Stamps of exactly `YYYY-MM-DDTHH:MM:SS`, null where a text is none, by the places of their digits."""
    fits = (text.str.len_bytes() == 19).fill_null(False)
    places = fits.arg_true().to_numpy()
    texts = text.filter(fits).to_arrow(compat_level=pl.CompatLevel.oldest())
    offsets = np.frombuffer(texts.buffers()[1], np.int64)
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[offsets[0] :][: 19 * len(texts)].reshape(-1, 19)
    digits = data - ord("0")
    good = (digits[:, DIGITS] < 10).all(axis=1) & (data[:, MARKS] == MARK_BYTES).all(axis=1)
    year, month, day, hour, minute, second = (
        sum(digits[:, place].astype(np.int64) * 10**power for power, place in enumerate(reversed(field)))
        for field in FIELDS
    )
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    length = (months + 1).astype("datetime64[M]").astype("datetime64[D]") - first
    good &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= length.astype(np.int64))
    good &= (hour < 24) & (minute < 60) & (second < 60)
    days = first.astype(np.int64) + day - 1
    millis = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
    found = np.full(len(text), np.iinfo(np.int64).min)
    found[places[good]] = millis[good]
    stamps = pl.Series(found)
    return stamps.set(stamps == np.iinfo(np.int64).min, None).cast(pl.Datetime("ms"))


def _long_stamps(text: pl.Series, zone: str) -> pl.Series:
    head = text.set(~text.str.contains(LONG_STAMP), None).str.head(19).str.replace(" ", "T", literal=True)
    naive = head.str.to_datetime(ISO, strict=False, time_unit="ms")
    tail = text.str.slice(19)
    offset = tail.str.extract_groups(OFFSET).struct
    minutes = offset.field("2").cast(pl.Int64) * 60 + offset.field("3").cast(pl.Int64).fill_null(0)
    shift = minutes.fill_null(0) * 60 * (1 - 2 * (offset.field("1") == "-").fill_null(False).cast(pl.Int64))
    in_zone = _seconds(_instants(naive, zone))
    return (_seconds(naive) - shift).zip_with(tail.str.contains("[ZC+-]"), in_zone)


def _instants(naive: pl.Series, zone: str) -> pl.Series:
    """Stamps of a zone as instants."""

    def at(stamps: pl.Series) -> pl.Series:
        return stamps.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    instants = at(naive)
    if instants.null_count() == naive.null_count():
        return instants
    day_before = at(naive.dt.offset_by("-24h"))
    return instants.zip_with(instants.is_not_null(), day_before.dt.offset_by("24h"))


def _seconds(stamps: pl.Series) -> pl.Series:
    return stamps.dt.epoch("ms") // 1000
