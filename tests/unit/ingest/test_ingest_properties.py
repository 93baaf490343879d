"""Any contract, header, directory and history of loads, against a plain reading of docs/logs.md."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ingest_rows import NAMES, read

from business_telemetry.ingest.contract import INDEX_NAMES, Contract, Field, Format
from business_telemetry.ingest.contract_file import load_contract
from business_telemetry.ingest.errors import NeedsReplace
from business_telemetry.ingest.files import KNOWN, SourceFile, find_files
from business_telemetry.ingest.header import read_head
from business_telemetry.ingest.plan import LoadedFiles, plan_load

OPTIONAL = ("session", "value", "quantity", "category", "product", "order", "age", "gender", "city")
SHARED = ("mainpage", "category", "search", "product", "cart", "remove", "checkout", "refund", "ignore")
TEXTS = st.text(alphabet='ab"\n,;|\t Ж', max_size=6)
COLUMN_NAMES = st.text(alphabet="abAB Жж_.,;\"'", min_size=1, max_size=6).filter(
    lambda name: name.strip() and name.strip().lower() not in INDEX_NAMES
)
CELLS = {
    "user": TEXTS,
    "session": st.one_of(TEXTS, st.sampled_from(["42", "42.0", " 7 ", ".0"])),
    "value": st.one_of(
        st.decimals(-(10**9), 10**9, places=2).map(str), st.sampled_from(["", " ", "x", "1,5", "1.5", " 2 "])
    ),
    "quantity": st.sampled_from(["", " ", "3", " 7 ", "2.0", "-1", "x", "1.5", "0", "4294967296"]),
    "category": st.one_of(TEXTS, st.sampled_from(["a/b/c", "a/", "/", "word"])),
    "product": TEXTS,
    "order": TEXTS,
    "age": st.sampled_from(["", "0", "120", "121", "42.0", "-1", "old"]),
    "gender": st.sampled_from(["", "Ж", "М", "f", "m", "x", " Ж"]),
    "city": TEXTS,
    "currency": st.sampled_from(["", "RUB", " usd ", "USD", "EUR"]),
    "extra": TEXTS,
}
FORMATS = ("iso", "epoch_s", "epoch_ms", "%d.%m.%Y %H:%M:%S")


@st.composite
def logs(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """A contract as YAML has it, and rows by canonical keys ('extra' is a column that nobody asked for)."""
    keys = ["user", "time", "action", *draw(st.lists(st.sampled_from(OPTIONAL), unique=True))]
    has_rates = draw(st.booleans())
    named = [*keys, "extra", *(["currency"] if has_rates else [])]
    names = draw(
        st.lists(
            COLUMN_NAMES,
            min_size=len(named),
            max_size=len(named),
            unique_by=lambda name: name.strip().lower(),
        )
    )
    columns: dict[str, Any] = {
        key: {"from": name} for key, name in zip(named, names, strict=True) if key in keys
    }
    columns["time"] |= {
        "format": draw(st.sampled_from(FORMATS)),
        "zone": draw(st.sampled_from(["UTC", "Europe/Moscow", "America/New_York", "Australia/Lord_Howe"])),
    }
    if "category" in columns and draw(st.booleans()):
        columns["category"] |= {"separator": "/", "part": draw(st.sampled_from([1, 2, -1, 9]))}
    if "gender" in columns and draw(st.booleans()):
        columns["gender"]["map"] = {"f": "Ж", "m": "М"}
    if "city" in columns and draw(st.booleans()):
        columns["city"]["map"] = {"a": "Омск", "": "нигде"}
    orders = draw(st.sampled_from(["confirmation", "purchase"]))
    words = draw(st.dictionaries(TEXTS, st.sampled_from([*SHARED, orders]), min_size=1, max_size=4))
    contract = {
        "name": "any",
        "columns": columns,
        "actions": words,
        "orders": orders,
        "format": {
            "delimiter": draw(st.sampled_from([",", ";", "\t", "|"])),
            "decimal": draw(st.sampled_from([".", ","])),
        },
        "currency": {"from": names[-1], "code": "RUB", "rates": {"USD": 90}} if has_rates else "RUB",
    }
    stamp = st.datetimes(datetime(1975, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0))
    cells = {
        **{key: CELLS[key] for key in named if key in CELLS},
        "time": st.one_of(stamp.map(lambda at: _written(at, columns["time"]["format"])), st.just("soon")),
        "action": st.one_of(st.sampled_from(list(words)), st.sampled_from(list(words)), TEXTS),
    }
    rows = draw(st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=8))
    contract["names"] = dict(zip(named, names, strict=True))
    return contract, rows


def _written(at: datetime, form: str) -> str:
    if form.startswith("epoch"):
        return str(int(at.replace(tzinfo=UTC).timestamp()) * (1000 if form == "epoch_ms" else 1))
    return at.strftime("%Y-%m-%dT%H:%M:%S" if form == "iso" else form)


def plain_reading(contract: dict[str, Any], row: dict[str, str]) -> tuple[str, list[str], dict[str, Any]]:
    """What becomes of a row (loaded, rejected, ignored), the reasons, and the columns that are loaded."""
    columns, wrong, loaded = contract["columns"], [], {}
    text = {key: _taken(row[key], columns[key]) for key in columns}
    action = contract["actions"].get(text["action"])
    if action == "ignore":
        return "ignored", [], {}
    loaded["action"] = action
    if action is None:
        wrong.append("unknown_action")
    loaded["user"] = text["user"]
    if not text["user"].strip():
        wrong.append("missing_user")
    if text["time"] == "soon":
        wrong.append("bad_timestamp")
    else:
        loaded["time"] = _instant(text["time"], columns["time"])
    if "value" in text:
        value = text["value"].strip()
        if contract["format"]["decimal"] == ",":
            value = "?" if "." in value else value.replace(",", ".")
        amount = Decimal(value) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", value) else None
        if contract["currency"] != "RUB":
            code = row["currency"].strip().upper() or "RUB"
            if code not in ("RUB", "USD"):
                wrong.append("other_currency")
            elif code == "USD" and amount is not None:
                amount = Decimal(repr(round(float(amount) * 90, 6))).quantize(Decimal("0.000001"))
        if amount is not None and abs(amount) >= 10**10:
            amount = None
        if amount is None and value:
            wrong.append("bad_value")
        if amount is not None and amount < 0 and action != "refund":
            wrong.append("negative_value")
        loaded["value"] = abs(amount or Decimal(0))
    for key, reason, limit, default in (
        ("quantity", "bad_quantity", 2**32 - 1, 1),
        ("age", "bad_age", 120, None),
    ):
        if key in text:
            whole = text[key].strip().removesuffix(".0")
            fits = bool(re.fullmatch("-?[0-9]+", whole)) and 0 <= int(whole) <= limit
            loaded[key] = int(whole) if fits else default
            if not fits and text[key].strip():
                wrong.append(reason)
    nothing = loaded.get("quantity") == 0 and action in ("cart", "remove", "purchase", "refund")
    if nothing or loaded.get("value", 0) * loaded.get("quantity", 1) >= 10**10:
        wrong.append("bad_quantity")
    for key in ("session", "order"):
        if key in text:
            plain = text[key].strip()
            loaded[key] = plain.removesuffix(".0") if re.fullmatch(r"[0-9]+\.0", plain) else plain
    if "gender" in text:
        loaded["gender"] = text["gender"] if text["gender"] in ("Ж", "М") else ""
    loaded |= {key: text[key] for key in ("category", "product", "city") if key in text}
    return ("rejected" if wrong else "loaded"), sorted(set(wrong)), loaded


def _taken(text: str, field: dict[str, Any]) -> str:
    if "separator" in field:
        parts, part = text.split(field["separator"]), field["part"]
        place = part - 1 if part > 0 else len(parts) + part
        text = parts[place] if place < len(parts) else ""
    return str(field.get("map", {}).get(text, text))


def _instant(text: str, field: dict[str, Any]) -> int:
    form = field["format"]
    if form.startswith("epoch"):
        return int(text) // (1000 if form == "epoch_ms" else 1)
    at = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
    return int(at.replace(tzinfo=ZoneInfo(field["zone"])).timestamp())


def _write_csv(path: Path, names: list[str], rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows([names, *rows])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(log=logs(), order=st.randoms(use_true_random=False))
def test_any_contract_reads_any_kind_of_file_as_a_plain_reader_does(
    log: tuple[dict[str, Any], list[dict[str, str]]], order: Any
) -> None:
    contract, rows = log
    named = contract.pop("names")
    keys = list(rows[0])
    order.shuffle(keys)
    names, cells = [named[key] for key in keys], [[row[key] for key in keys] for row in rows]
    expected = [plain_reading(contract, row) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder, "any.yml")
        spoken.write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
        _write_csv(Path(folder, "log.csv"), names, cells, contract["format"]["delimiter"])
        lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in cells)
        Path(folder, "log.jsonl").write_text("\n".join(lines), encoding="utf-8")
        table = pa.table([pa.array(column) for column in zip(*cells, strict=True)], names=names)
        pyarrow.parquet.write_table(table, Path(folder, "log.parquet"), row_group_size=3)
        found = {
            kind: read(Path(folder, f"log.{kind}"), load_contract(str(spoken)))
            for kind in ("csv", "jsonl", "parquet")
        }
    for kind, each in found.items():
        assert each.read == len(rows) == len(each.events) + len(each.rejected) + each.ignored, kind
        assert each.ignored == sum(what == "ignored" for what, *_ in expected), kind
        assert [sorted(reasons) for *_, reasons in each.rejected] == [
            reasons for what, reasons, _ in expected if what == "rejected"
        ], kind
        loaded = [columns for what, _, columns in expected if what == "loaded"]
        assert [{key: row[NAMES[key]] for key in columns} for row, columns in zip(
            each.events, loaded, strict=True
        )] == loaded, kind  # fmt: skip


@settings(deadline=None)
@given(
    names=st.lists(st.text(alphabet='abЖ ,;"\t\u2028', max_size=6), min_size=2, max_size=9),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    mark=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", ""]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_header_is_read_as_the_csv_module_writes_it(
    names: list[str], delimiter: str, mark: bool, end: str, quoting: Any
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerow(names)
    contract = Contract(
        "any",
        {key: Field(key) for key in ("user", "time", "action")},
        {},
        "purchase",
        Format("csv", delimiter),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.csv")
        path.write_bytes(b"\xef\xbb\xbf" * mark + text.getvalue().encode())
        head = read_head(str(path), contract)
    assert head is not None and head.names == tuple(names)


PARTS = st.text(alphabet="ab[]*?!{}#%~ Ж_.-:", min_size=1, max_size=5).filter(
    lambda part: part.strip(".") and part != "~"
)
ENDS = st.sampled_from([*KNOWN, ".CSV", ".txt", ".csv.txt", "", ".zip"])


@settings(deadline=None)
@given(tree=st.lists(st.tuples(st.lists(PARTS, max_size=2), PARTS, ENDS), min_size=1, max_size=8))
def test_any_directory_is_searched_as_the_rule_says(tree: list[tuple[list[str], str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "log [1]*?"
        root.mkdir()
        for parents, stem, end in tree:
            place = root.joinpath(*parents)
            try:
                place.mkdir(parents=True, exist_ok=True)
                (place / f"{stem}{end}").write_bytes(b"x")
            except OSError:  # a file stands where a directory should, or the other way round
                assume(False)
        files = [path for path in root.rglob("*") if path.is_file()]
        expected = [
            path
            for path in files
            if path.name.lower().endswith(KNOWN)
            and not any(part.startswith(("_", ".")) for part in path.relative_to(root).parts)
        ]
        if expected:
            assert sorted(find_files([str(root)])) == sorted(map(str, expected))
        for path in files:
            assert find_files([str(path)]) == [str(path)]


@settings(deadline=None, max_examples=300)
@given(
    days=st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("xyz"), st.sampled_from("ABCDE"), min_size=1), st.booleans()
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_history_of_loads_counts_a_content_twice_or_loses_one(
    days: list[tuple[dict[str, str], bool]],
) -> None:
    """Every day some files are given, with or without --replace; contents are told by one letter."""
    loads: list[LoadedFiles] = []
    for given_files, replace in days:
        before = {content for load in loads for content in load.fingerprints}
        last = {
            name: content
            for load in loads
            for name, content in zip(load.names, load.fingerprints, strict=True)
        }
        files = [SourceFile(name, content) for name, content in given_files.items()]
        try:
            plan = plan_load(files, loads, replace)
        except NeedsReplace:
            continue
        gone = [load for load in loads if load.load_id in plan.replaces]
        loads = [load for load in loads if load not in gone]
        if plan.files:
            names = tuple(file.name for file in plan.files)
            loads.append(LoadedFiles(plan.load_id, names, tuple(file.fingerprint for file in plan.files)))
        counted = [content for load in loads for content in load.fingerprints]
        assert len(counted) == len(set(counted))
        assert set(given_files.values()) <= set(counted)
        superseded = {
            content
            for load in gone
            for name, content in zip(load.names, load.fingerprints, strict=True)
            if name in given_files and last[name] == content
        }
        assert before - set(counted) <= superseded
        stale = {last[name] for name in given_files if name in last} - set(given_files.values())
        assert not stale & set(counted)
        assert replace or not gone
