"""`telemetry inspect`: what a log looks like, what a contract makes of it, and a contract to begin with."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click
import polars as pl
import pyarrow.parquet
import yaml
from rich.console import Console
from rich.table import Table

from business_telemetry.ingest.columns import IGNORE, REQUIRED, reasons_of
from business_telemetry.ingest.contract import Contract, Currency, Field, Format, Layout, lay_out
from business_telemetry.ingest.contract_file import load_contract
from business_telemetry.ingest.cut import Lines, cut
from business_telemetry.ingest.encoding import UTF8, as_utf8, decodes
from business_telemetry.ingest.errors import BadSource, IngestError
from business_telemetry.ingest.files import blocks, find_files, open_bytes
from business_telemetry.ingest.header import (
    DELIMITERS,
    FOREIGN_SHARE,
    Head,
    keys_of,
    kind_of,
    read_head,
)
from business_telemetry.ingest.rules import EPOCHS, judge
from business_telemetry.ingest.tables import parse, read_batch

SAMPLE: Final = 8 << 20
SAMPLE_ROWS: Final = 50_000
#: Names that logs give a canonical column, from the most to the least telling.
LIKELY: Final = {
    "user": r"user_?(pseudo_?)?id|(client|visitor|customer)_?id|domain_userid|uid|user|клиент|пользователь",
    "session": r"(ga_|domain_)?session_?(id|idx)?|user_session|visit_?id|sid|сессия|визит",
    "time": r"(event_|derived_)?(time(stamp)?|tstamp)|ts|date_?time|created_?at|date|время|дата",
    "action": r"action|event(_?(type|name))?|ecommerce_action_type|type|событие|действие",
    "value": r"value|(item_|product_)?price|amount|revenue|sum|цена|сумма",
    "quantity": r"(item_|product_)?(quantity|qty)|count|количество|кол-во",
    "category": r"(item_|product_)?category(_?(code|name|path))?|категория",
    "product": r"(product|item)_?(id|sku)?|sku|товар|артикул",
    "order": r"order_?(id|no)?|transaction_?id|(номер )?заказа?",
    "age": r"age|возраст",
    "gender": r"gender|sex|пол",
    "city": r"(geo_)?city|город",
}
CURRENCIES: Final = r"currency(_?code)?|валюта"
#: Words that logs have for an action, as they begin or end, the most telling first.
WORDS: Final = {
    "refund": r"refund|return|возврат",
    "remove": r"remove|delete|удал",
    "confirmation": r"confirm|thank|подтвержд",
    "checkout": r"checkout|payment|shipping|оформл",
    "purchase": r"purchase|transaction|order|buy|покупка|заказ",
    "cart": r"cart|basket|product added$|корзин",
    "search": r"search|поиск",
    "category": r"(?<!wish)list|categor|catalog|каталог",
    "product": r"view_item|product|item|detail|^view$|товар|просмотр",
    "mainpage": r"main|home|page_?view|visit|главная",
}
PATTERNS: Final = (
    *("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S"),
    *("%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"),
)
MONEY_ACTIONS: Final = ("cart", "purchase", "confirmation")


@dataclass(frozen=True)
class Sample:
    """The first rows of a file.

    Attributes:
        head: its kind and columns.
        rows: every column as text by its position, `line` and `broken`.
        lines: of JSON, what they are written as: an object in a column that nobody asks for breaks none.
    """

    head: Head
    rows: pl.DataFrame
    lines: Lines | None = None

    def column(self, position: int) -> pl.Series:
        return self.rows[str(position)].fill_null("")

    def read(self, layout: Layout) -> pl.DataFrame:
        """The columns of a contract, `line` and `broken`."""
        if self.lines is not None:
            return parse(self.lines, layout, self.head.plain)[0]
        extra = [column for column in ("stamps_are_iso",) if column in self.rows.columns]
        wanted = [pl.col(str(place)).alias(key) for key, place in layout.positions.items()]
        return self.rows.select("line", "broken", *extra, *wanted)


def take_sample(name: str, contract: Contract) -> Sample:
    """Read the first rows of a file.

    Raises:
        BadSource: as `read_head`, or the file is empty.
    """
    head = read_head(name, contract)
    if head is None:
        raise BadSource(f"{name}: the file is empty")
    if head.kind == "parquet":
        with open_bytes(name) as raw:
            batch = next(pyarrow.parquet.ParquetFile(raw).iter_batches(SAMPLE_ROWS), None)
        if batch is None:
            raise BadSource(f"{name}: has columns and no rows")
        return Sample(head, read_batch(batch, _whole(head), 1, name))
    block = b"".join(islice(blocks(name, size=SAMPLE), 2))  # a last line may lack its newline
    block = as_utf8(block, contract.format.encoding)
    if head.kind == "jsonl":
        head = replace(head, names=keys_of(block))
        lines = Lines.of(block.removeprefix(b"\xef\xbb\xbf"), 1)
        return Sample(head, parse(lines, _whole(head), head.plain)[0], lines)
    rows = block[block.find(b"\n") + 1 or len(block) :]
    if not rows:
        raise BadSource(f"{name}: has a header and no rows")
    return Sample(head, cut(Lines.of(rows, 2), _whole(head), contract.format.delimiter)[0])


def _whole(head: Head) -> Layout:
    """Every column, by its position."""
    return Layout(len(head.names), {str(place): place for place in range(len(head.names))}, ())


def guess_format(name: str) -> Format:
    """Kind, delimiter and encoding of a file, by its first bytes."""
    open_minded = Contract("", {}, {}, "purchase", Format(encoding="latin-1"))
    kind: Any = kind_of(name, open_minded)
    if kind == "parquet":
        return Format(kind)
    block = next(blocks(name, size=1 << 16), b"")
    foreign = [line for line in block.splitlines() if not decodes(line, UTF8)]
    encoding = "cp1251" if len(foreign) > FOREIGN_SHARE * len(block.splitlines()) else UTF8
    if block.lstrip().startswith(b"{"):
        return Format("jsonl", encoding=encoding)
    header = block.partition(b"\n")[0].decode(encoding, "replace")
    return Format(kind, max(DELIMITERS, key=header.count), encoding)


def guess(name: str, sample: Sample, form: Format) -> Contract:
    """A contract to begin with: columns by their names, stamps and words by what they look like."""
    plain = sample.head.plain
    found: dict[str, int] = {}
    for key, pattern in LIKELY.items():
        ranks = {
            place: rank
            for place, column in enumerate(plain)
            for rank, option in enumerate(_options(pattern))
            if place not in found.values() and _is_called(option, column)
        }
        if ranks:
            found[key] = min(ranks, key=lambda place: ranks[place])
    fields = {key: Field(sample.head.names[place].strip()) for key, place in found.items()}
    if "time" in found:
        fields["time"] = replace(fields["time"], format=_guess_stamp(sample.column(found["time"]), sample))
    if "value" in found and _mostly_commas(sample.column(found["value"])):
        form = replace(form, decimal=",")
    if "gender" in found:
        known = {word: _gender(word) for word in sample.column(found["gender"]).unique().sort().head(20)}
        mapped = {word: gender for word, gender in known.items() if gender and word != gender}
        fields["gender"] = replace(fields["gender"], map=mapped)
    words: Sequence[str] = (
        sample.column(found["action"]).unique().sort().to_list() if "action" in found else ()
    )
    actions = {
        word: next((action for action, like in WORDS.items() if re.search(like, word.lower())), IGNORE)
        for word in words[:100]
        if word
    }
    orders: Any = "confirmation" if "confirmation" in actions.values() else "purchase"
    other = "purchase" if orders == "confirmation" else "confirmation"
    actions = {word: IGNORE if action == other else action for word, action in actions.items()}
    stem = re.sub(r"\W+", "_", Path(name).name.split(".")[0].lower())
    return Contract(stem, fields, actions, orders, form, _guess_currency(sample))


def _guess_currency(sample: Sample) -> Currency:
    """The commonest code of a column that is called so; rows of another one are rejected."""
    for place, column in enumerate(sample.head.plain):
        if _is_called(CURRENCIES, column):
            codes = sample.column(place).str.strip_chars().str.to_uppercase()
            codes = codes.filter(codes.str.contains(r"^[A-Z]{3}$"))
            if len(codes):
                return Currency(codes.mode().sort()[0], sample.head.names[place].strip())
    return Currency()


def _is_called(pattern: str, column: str) -> bool:
    """Whether a column has such a name, alone or as the last part of one with dots."""
    return re.fullmatch(rf"(?:.*\.)?(?:{pattern})", column) is not None


def _gender(word: str) -> str:
    plain = word.strip().lower()
    return {"f": "Ж", "ж": "Ж", "w": "Ж", "m": "М", "м": "М"}.get(plain[:1], "") if plain else ""


def _mostly_commas(column: pl.Series) -> bool:
    broken = column.filter(column.str.contains(r"^\d+[.,]\d+$"))
    return bool(broken.str.contains(",", literal=True).sum() > len(broken) / 2)


def _options(pattern: str) -> list[str]:
    """The alternatives of a pattern, in its order."""
    return re.findall(r"(?:\((?:[^()]|\([^()]*\))*\)\??|[^|()])+", pattern)


def _guess_stamp(column: pl.Series, sample: Sample) -> str:
    texts = column.filter(column != "").head(1000)
    if (
        "stamps_are_iso" in sample.rows.columns
        or texts.str.contains(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d").all()
    ):
        return "iso"
    if texts.str.contains(r"^\d+(\.\d+)?$").all() and len(texts):
        digits = len(texts[0].partition(".")[0])
        return next((form for form in EPOCHS if digits <= 10 + len(str(EPOCHS[form])) - 1), "epoch_us")
    fits = {form: texts.str.to_datetime(form, strict=False).count() for form in PATTERNS}
    best = max(PATTERNS, key=lambda form: fits[form])
    return best if fits[best] > len(texts) / 2 else "iso"


def as_yaml(contract: Contract) -> str:
    """The text of a contract, without what is usual."""
    usual, short = asdict(Field("")), {}
    for key, field in contract.columns.items():
        changed = {
            name: value for name, value in asdict(field).items() if value != usual[name] and name != "source"
        }
        if key == "time":
            changed["zone"] = field.zone
        short[key] = {"from": field.source, **changed} if changed else field.source
    form = {name: value for name, value in asdict(contract.format).items() if value != asdict(Format())[name]}
    data: dict[str, Any] = {"name": contract.name, **({"format": form} if form else {}), "columns": short}
    money = contract.currency
    currency = {"from": money.source, "code": money.code} if money.source else money.code
    data |= {"actions": dict(contract.actions), "orders": contract.orders, "currency": currency}
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


@click.command()
@click.argument("source", metavar="FILE")
@click.option("--log", help="A contract to read it by: a YAML file, or the name of a shipped one.")
@click.option(
    "--draft", type=click.Path(path_type=Path), help="Write a contract to begin with into this file."
)
def inspect(source: str, log: str | None, draft: Path | None) -> None:
    """Show what a log looks like, before it is loaded.

    Prints the columns with their share of empty values and examples, the words of the action column, the span
    of the stamps and their quietest hour (a shop sleeps at about four), and what would be rejected. Reads the
    first 8 MB.

    \b
    telemetry inspect events.csv                     what is it?
    telemetry inspect events.csv --draft shop.yml    begin a contract, then edit it
    telemetry inspect events.csv --log shop.yml      what would be rejected?

    Exit codes: 0 shown, 2 no such file, or a mistake in the contract.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        if draft and draft.exists():
            raise BadSource(f"{draft}: is there already; delete it or name another file")
        name = find_files([source])[0]
        form = guess_format(name)
        contract = load_contract(log) if log else Contract("", {}, {}, "purchase", form)
        sample = take_sample(name, contract)
        drafted = contract if log else guess(name, sample, form)
        _show_columns(console, name, sample, drafted)
        if missing := [key for key in REQUIRED if key not in drafted.columns]:
            console.print(f"No column looks like {', '.join(missing)}: name it in the contract.")
        else:
            _show_verdict(console, name, sample, drafted)
        if draft:
            draft.write_text(as_yaml(drafted), encoding="utf-8")
            console.print(
                f"Wrote {draft}. Check its words and the zone, then: telemetry inspect {source} --log {draft}"
            )
    except IngestError as error:
        Console(stderr=True, highlight=False).print(f"Error: {error}", soft_wrap=True, markup=False)
        sys.exit(error.exit_code)


def _show_columns(console: Console, name: str, sample: Sample, contract: Contract) -> None:
    form, rows = contract.format, len(sample.rows)
    how = f"{sample.head.kind}, {form.encoding}"
    if sample.head.kind == "csv":
        how += f", delimiter {form.delimiter!r}, decimal {form.decimal!r}"
    console.print(f"{name}: {how}; the first {rows:,} rows", markup=False)
    key_of = {field.source.strip().lower(): key for key, field in contract.columns.items()}
    table = Table("column", "is read as", "empty", "different", "examples", box=None)
    for place, (column, plain) in enumerate(zip(sample.head.names, sample.head.plain, strict=True)):
        texts = sample.column(place)
        given = texts.filter(texts != "")
        examples = ", ".join(text[:40] for text in given.unique(maintain_order=True).head(3))
        share = f"{1 - len(given) / rows:.0%}" if rows else "-"
        table.add_row(column, key_of.get(plain, ""), share, f"{given.n_unique():,}", examples)
    console.print(table)


def _show_verdict(console: Console, name: str, sample: Sample, contract: Contract) -> None:
    rows = sample.read(lay_out(sample.head.names, contract, name))
    judged = judge(rows, contract)
    words = rows["action"].fill_null("").value_counts(sort=True)
    table = Table("word", "rows", "is", box=None)
    for word, count in words.head(40).rows():
        table.add_row(word or "(empty)", f"{count:,}", contract.actions.get(word, "rejected: unknown_action"))
    console.print(table)
    good = judged.filter(pl.col("broken") == 0, pl.col("ignored").is_null())
    stamps = pl.from_epoch(good["timestamp"], time_unit="s")
    if len(stamps):
        span = f"from {stamps.min()!s} to {stamps.max()!s} UTC"
        console.print(f"{span}, {_quietest(good['timestamp'], contract)}")
    bad = judged.filter(pl.col("broken") != 0)
    ignored = len(judged) - len(good) - len(bad)
    console.print(f"{len(good):,} rows would be loaded, {len(bad):,} rejected, {ignored:,} ignored")
    counts: dict[str, int] = {}
    for bits, count in bad["broken"].value_counts(sort=True).rows():
        for reason in reasons_of(bits):
            counts[reason] = counts.get(reason, 0) + count
    for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
        console.print(f"  {reason}: {count:,}")
    if not set(MONEY_ACTIONS) & set(contract.actions.values()):
        console.print(f"No word is {', '.join(MONEY_ACTIONS)}: there would be no revenue.")


def _quietest(seconds: pl.Series, contract: Contract) -> str:
    zone = contract.columns["time"].zone
    hours = (
        pl.from_epoch(seconds, time_unit="s").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.hour()
    )
    counts: Mapping[int, int] = dict(hours.value_counts().rows())
    around = {hour: sum(counts.get((hour + step) % 24, 0) for step in (-1, 0, 1)) for hour in range(24)}
    return f"quietest around {min(around, key=lambda hour: around[hour])}:00 in {zone}"
