"""`telemetry inspect`: what it shows of a log, and contracts that it drafts."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from business_telemetry.ingest.contract_file import load_contract
from business_telemetry.ingest.inspect import inspect

SHOP = "Клиент;Визит;Дата;Событие;Цена;Кол-во;Товар;Город;Пол"
STORE = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"


def shown(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(inspect, [str(argument) for argument in arguments], terminal_width=200)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    words = ("просмотр", "корзина", "покупка", "прокрутка")
    rows = (
        f"c{n % 5};v{n % 9};{1 + n % 28:02d}.03.2024 {n % 24:02d}:{n % 60:02d};"
        f"{words[n % 4]};{n},50;1;S{n};Омск;ж"
        for n in range(40)
    )
    path = tmp_path / "events.csv"
    path.write_text("\n".join([SHOP, *rows, ""]), encoding="cp1251")
    return path


def test_a_draft_of_a_log_with_its_own_names_words_and_numbers(shop: Path, tmp_path: Path) -> None:
    draft = tmp_path / "shop.yml"
    assert "30 rows would be loaded, 0 rejected, 10 ignored" in shown(shop, "--draft", draft)
    contract = load_contract(str(draft))
    assert contract.format.delimiter == ";"
    assert (contract.format.encoding, contract.format.decimal) == ("cp1251", ",")
    assert {key: field.source for key, field in contract.columns.items()} == {
        "user": "Клиент",
        "session": "Визит",
        "time": "Дата",
        "action": "Событие",
        "value": "Цена",
        "quantity": "Кол-во",
        "product": "Товар",
        "city": "Город",
        "gender": "Пол",
    }
    assert contract.columns["time"].format == "%d.%m.%Y %H:%M"
    assert contract.columns["gender"].map == {"ж": "Ж"}
    assert contract.orders == "purchase"
    assert contract.actions == {
        "просмотр": "product",
        "корзина": "cart",
        "покупка": "purchase",
        "прокрутка": "ignore",
    }
    assert "is there already" in shown(shop, "--draft", draft, code=2)
    assert "30 rows would be loaded" in shown(shop, "--log", draft)


def test_a_shipped_contract_shows_what_it_would_reject(tmp_path: Path) -> None:
    log = tmp_path / "store.csv"
    log.write_text(
        f"{STORE}\n"
        "2019-11-01 00:00:00 UTC,view,1,2,electronics.phone,x,10.5,7,a-b\n"
        "2019-11-01 04:00:00 UTC,purchase,1,2,,x,10.5,7,a-b\n"
        "yesterday,purchase,1,2,,x,-1,7,a-b\n"
        "2019-11-01 00:00:00 UTC,hover,1,2,,x,1,7,\n",
        encoding="utf-8",
    )
    output = shown(log, "--log", "multi_category_store")
    assert "2 rows would be loaded, 2 rejected, 0 ignored" in output
    for reason in ("bad_timestamp", "negative_value", "unknown_action"):
        assert f"{reason}: 1" in output
    assert "from 2019-11-01 00:00:00 to 2019-11-01 04:00:00 UTC" in output


def test_json_lines_and_parquet(tmp_path: Path) -> None:
    rows = [{"client_id": 7, "ts": 1709209725123 + n, "event": "view_item", "price": 1.5} for n in range(3)]
    lines = tmp_path / "log.jsonl"
    lines.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    draft = tmp_path / "lines.yml"
    assert "3 rows would be loaded" in shown(lines, "--draft", draft)
    assert load_contract(str(draft)).columns["time"].format == "epoch_ms"
    table = tmp_path / "log.parquet"
    pd.DataFrame(rows).assign(ts=pd.Timestamp("2024-02-29 12:28:45")).to_parquet(table)
    output = shown(table)
    assert "3 rows would be loaded" in output
    assert "from 2024-02-29 12:28:45" in output


def test_a_key_that_not_every_line_has(tmp_path: Path) -> None:
    view = '{"client_id": 7, "ts": "2024-02-29T12:28:45", "event": "view_item"}'
    buy = view.replace("view_item", "purchase").replace("}", ', "price": 10.5, "order_id": "A1"}')
    lines = tmp_path / "log.jsonl"
    lines.write_text("\n".join([view] * 1500 + [buy, buy.replace("10.5", "-1")]), encoding="utf-8")
    draft = tmp_path / "lines.yml"
    assert "1,501 rows would be loaded, 1 rejected" in shown(lines, "--draft", draft)
    columns = load_contract(str(draft)).columns
    assert (columns["value"].source, columns["order"].source) == ("price", "order_id")


def test_objects_that_the_contract_does_not_ask_for_break_no_line(tmp_path: Path) -> None:
    """As exports of Segment and GA are: names with dots, their words, a currency, what else there is."""
    rows = [
        {"userId": n % 3, "context.session_id": "s", "timestamp": "2024-02-29T12:28:45Z", "event": event}
        | {"price": 10, "currency": code, "properties": {"a": [1]}, "category": category}
        for n, (event, code, category) in enumerate(
            [
                ("Product Viewed", "EUR", "shoes"),
                ("Product Added", "EUR", "shoes"),
                ("Product Added to Wishlist", "eur", "shoes"),
                ("Order Completed", "USD", {"id": 1}),
            ]
        )
    ]
    lines, draft = tmp_path / "log.jsonl", tmp_path / "lines.yml"
    lines.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    output = shown(lines, "--draft", draft)
    assert "3 rows would be loaded, 1 rejected" in output and "bad_json: 1" in output
    contract = load_contract(str(draft))
    assert contract.columns["session"].source == "context.session_id"
    assert contract.actions["Product Added"] == "cart"
    assert contract.actions["Product Viewed"] == contract.actions["Product Added to Wishlist"] == "product"
    assert (contract.currency.source, contract.currency.code) == ("currency", "EUR")


def test_what_cannot_be_shown(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    assert "is empty" in shown(empty, code=2)
    assert "no such file" in shown(tmp_path / "none.csv", code=2)
    strange = tmp_path / "strange.csv"
    strange.write_text("a,b\n1,2\n", encoding="utf-8")
    assert "No column looks like user, time, action" in shown(strange)
    assert "no column userid" in shown(strange, "--log", "dataset_telemetry", code=2)


@pytest.mark.parametrize("row_groups", [0, 1])
def test_parquet_without_rows(tmp_path: Path, row_groups: int) -> None:
    table = pa.table({"userid": pa.array([], pa.string())})
    with pyarrow.parquet.ParquetWriter(tmp_path / "a.parquet", table.schema) as file:
        if row_groups:
            file.write_table(table)
    assert "a.parquet: has columns and no rows" in shown(tmp_path / "a.parquet", code=2)
