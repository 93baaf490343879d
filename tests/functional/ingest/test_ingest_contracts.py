"""Logs of other shops, by a shipped contract or by one of the shop's own."""

# ruff: noqa: E501

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ingest_server import Server

from business_telemetry.ingest.columns import KEYS, REQUIRED
from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.raw_layer import RawLayer

EVENTS = """select userid, sessionid, toString(timestamp), action, value, quantity, category, product, order_id,
    city from raw.events order by source_line"""


def load(
    server: Server, path: Path, text: str, contract: str | Path, encoding: str = "utf-8"
) -> dict[str, Any]:
    path.write_bytes(text.encode(encoding))
    result = server.ingest(path, log=str(contract), max_rejected=0.5)
    assert result["rows_read"] == result["rows_loaded"] + result["rows_rejected"] + result["rows_ignored"]
    loads = server.ask("select contract, currency, rows_ignored, ignored_by_action from raw.loads")
    assert loads[0][2:] == (result["rows_ignored"], result["ignored_by_action"])
    return {**result, "currency": loads[0][1]}


def test_multi_category_store(server: Server, tmp_path: Path) -> None:
    text = """event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
2019-10-01 00:00:00 UTC,view,44600062,2103807459595387724,,shiseido,35.79,541312140,72d76fde-8bb3-4e00-8c23
2019-10-01 00:00:01 UTC,cart,3900821,2053013552326770905,appliances.environment.water_heater,aqua,33.20,554748717,
2019-10-01 00:00:04 UTC,purchase,1004237,2053013555631882655,electronics.smartphone,apple,1081.98,535871217,c6bd7419
2019-10-01 00:00:05 UTC,wishlist,1,2,,,1,5,6
"""
    result = load(server, tmp_path / "2019-Oct.csv", text, "multi_category_store")
    assert (result["rows_loaded"], result["rejected_by_reason"]) == (3, {"unknown_action": 1})
    assert (result["contract"], result["currency"]) == ("multi_category_store", "USD")
    assert server.ask(EVENTS) == [
        (
            "541312140",
            "72d76fde-8bb3-4e00-8c23",
            "2019-10-01 00:00:00",
            "product",
            Decimal("35.79"),
            1,
            "",
            "44600062",
            "",
            "",
        ),
        *[
            (
                "554748717",
                "",
                "2019-10-01 00:00:01",
                "cart",
                Decimal("33.2"),
                1,
                "appliances",
                "3900821",
                "",
                "",
            )
        ],
        (
            "535871217",
            "c6bd7419",
            "2019-10-01 00:00:04",
            "purchase",
            Decimal("1081.98"),
            1,
            "electronics",
            "1004237",
            "",
            "",
        ),
    ]


def test_ga4_flat(server: Server, tmp_path: Path) -> None:
    text = """event_timestamp,event_name,user_pseudo_id,ga_session_id,item_id,item_category,price,quantity,transaction_id,currency,city
1709209725123456,session_start,1.2,77,,,,,,,Berlin
1709209726123456,view_item,1.2,77,SKU1,Shoes,10.5,,,USD,Berlin
1709209727123456,purchase,1.2,77,SKU1,Shoes,10.5,2,T1,USD,Berlin
1709209728123456,refund,1.2,77,SKU1,Shoes,-10.5,1,T1,,Berlin
1709209729123456,purchase,1.2,77,SKU1,Shoes,10.5,2,T2,EUR,Berlin
"""
    result = load(server, tmp_path / "ga4.csv", text, "ga4_flat")
    assert (result["rows_loaded"], result["ignored_by_action"]) == (3, {"session_start": 1})
    assert result["rejected_by_reason"] == {"other_currency": 1}
    usual = ("1.2", "77")
    assert server.ask(EVENTS) == [
        (*usual, "2024-02-29 12:28:46", "product", Decimal("10.5"), 1, "Shoes", "SKU1", "", "Berlin"),
        (*usual, "2024-02-29 12:28:47", "purchase", Decimal("10.5"), 2, "Shoes", "SKU1", "T1", "Berlin"),
        (*usual, "2024-02-29 12:28:48", "refund", Decimal("10.5"), 1, "Shoes", "SKU1", "T1", "Berlin"),
    ]


def test_snowplow(server: Server, tmp_path: Path) -> None:
    text = """derived_tstamp\tecommerce_action_type\tdomain_userid\tdomain_sessionid\tproduct_id\tproduct_category\tproduct_price\tproduct_quantity\ttransaction_id\tgeo_city\tproduct_currency
2024-02-29 12:28:45.123\tadd_to_cart\tu\ts\tP1\tToys/Cars\t5\t3\t\tOslo\tUSD
2024-02-29 12:28:46.999\ttransaction\tu\ts\tP1\tToys/Cars\t5\t3\tT1\tOslo\tUSD
2024-02-29 12:28:47\tpromo_view\tu\ts\t\t\t\t\t\tOslo\t
""".replace("\t", ",")
    result = load(server, tmp_path / "snowplow.csv", text, "snowplow_ecommerce")
    assert (result["rows_loaded"], result["rows_ignored"]) == (2, 1)
    assert [row[2:9] for row in server.ask(EVENTS)] == [
        ("2024-02-29 12:28:45", "cart", 5, 3, "Toys", "P1", ""),
        ("2024-02-29 12:28:46", "purchase", 5, 3, "Toys", "P1", "T1"),
    ]


def test_a_log_with_its_own_words_and_rates(server: Server, tmp_path: Path) -> None:
    contract = tmp_path / "shop.yml"
    contract.write_text(
        """
name: my_shop
format: {kind: csv, delimiter: ";", encoding: cp1251, decimal: ","}
columns:
  user: Клиент
  time: {from: Дата, format: "%d.%m.%Y %H:%M", zone: Asia/Yekaterinburg}
  action: Событие
  value: Цена
  category: {from: Раздел, separator: " > ", part: -1}
  gender: {from: Пол, map: {жен: Ж, муж: М}}
  age: null
actions: {корзина: cart, заказ: purchase, прокрутка: ignore}
orders: purchase
currency: {from: Валюта, code: RUB, rates: {USD: 90}}
""",
        encoding="utf-8",
    )
    text = (
        "клиент;Дата;Событие;Цена;Раздел;Пол;Валюта\\r\\n"
        '7;29.02.2024 17:28;корзина;1234,50;"Дом > Сад > Пруд";жен;\\r\\n'
        "8;29.02.2024 17:29;заказ;10,5;Дом;муж;usd\\r\\n"
        "9;29.02.2024 17:30;прокрутка;-;;;\\r\\n"
        "10;29.02.2024 17:31;заказ;10.5;Дом;;EUR\\r\\n"
    ).replace("\\r\\n", "\r\n")
    result = load(server, tmp_path / "log.csv", text, contract, "cp1251")
    assert result["ignored_by_action"] == {"прокрутка": 1}
    assert [row[:7] for row in server.ask(EVENTS)] == [
        ("7", "", "2024-02-29 12:28:00", "cart", Decimal("1234.5"), 1, "Пруд"),
        ("8", "", "2024-02-29 12:29:00", "purchase", 945, 1, "Дом"),
    ]
    assert server.ask("select gender from raw.events order by source_line") == [("Ж",), ("М",)]
    assert server.rejected() == [
        ("log.csv", 5, "10;29.02.2024 17:31;заказ;10.5;Дом;;EUR", ["bad_value", "other_currency"])
    ]


SHOP = """
name: my_shop
columns: {user: id, time: ts, action: do, value: sum, quantity: n, category: path, age: age, city: town}
actions: {buy: purchase}
orders: purchase
"""
STAMP = "2024-02-29T12:28:45"


def test_a_log_without_the_column_of_its_currency_is_refused(server: Server, tmp_path: Path) -> None:
    """Ten dollars would be loaded as ten roubles."""
    contract = tmp_path / "shop.yml"
    contract.write_text(SHOP + "currency: {from: cur, code: RUB, rates: {USD: 90}}\n", encoding="utf-8")
    for name, head in (("good", "id,ts,do,sum,cur"), ("bad", "id,ts,do,sum,currency")):
        (tmp_path / f"{name}.csv").write_text(f"{head}\nu,{STAMP},buy,10,USD\n", encoding="utf-8")
    with pytest.raises(BadSource, match=r"bad\.csv: no column cur, .* only: currency: RUB") as error:
        server.ingest(tmp_path, log=str(contract))
    assert "\n" not in str(error.value)
    assert server.ask("select count() from raw.loads") == [(0,)]
    server.ingest(tmp_path / "good.csv", log=str(contract))
    assert server.ask("select value from raw.events") == [(900,)]


def test_what_a_log_has_no_more_is_told_and_what_it_never_had_is_none(server: Server, tmp_path: Path) -> None:
    contract = tmp_path / "shop.yml"
    contract.write_text(SHOP, encoding="utf-8")

    def load_csv(name: str, *files: str) -> dict[str, Any]:
        """A file for each header; all cells of a column are alike."""
        cells = {"id": "u", "ts": STAMP, "do": "buy", "sum": "10", "n": "2", "path": "Toys", "town": "Oslo"}
        sources = []
        for number, head in enumerate(files):
            sources.append(tmp_path / f"{name}{number}.csv")
            row = ",".join(cells.get(column, "") for column in head.split(","))
            sources[-1].write_text(f"{head},{name}\n{row},\n", encoding="utf-8")
        result = server.ingest(*sources, log=str(contract))
        absent = {Path(file).name: columns for file, columns in result["absent"].items()}
        return {**result, "absent": absent}

    first = load_csv("a", "id,ts,do,sum,n,path,town")
    assert (first["absent"], first["lost_columns"]) == ({"a0.csv": ["age"]}, [])

    raw = RawLayer(server.warehouse.client, "telemetry")
    told = [key for key in KEYS if key not in REQUIRED and raw.tells("my_shop", key)]
    assert told == ["value", "quantity", "category", "city"]

    # renamed, and gone for good; the age has never been told
    second = load_csv("b", "id,ts,do,sum,n,category,age", "id,ts,do,sum,path")
    assert second["absent"] == {"b0.csv": ["path", "town"], "b1.csv": ["n", "age", "town"]}
    assert second["lost_columns"] == ["town"]
    third = load_csv("c", "id,ts,do")
    assert third["absent"] == {"c0.csv": ["sum", "n", "path", "age", "town"]}
    assert third["lost_columns"] == ["sum", "n", "path", "town"]

    contract.write_text(SHOP.replace("my_shop", "another"), encoding="utf-8")
    assert load_csv("d", "id,ts,do")["lost_columns"] == []


def test_days_that_lie_apart_are_told_to_programs(server: Server, tmp_path: Path) -> None:
    stamps = [*[STAMP] * 3000, "1999-12-31T22:00:00", "1999-12-31T23:00:00"]
    lines = [f"u{n},{stamp},buy" for n, stamp in enumerate(stamps)]
    (tmp_path / "log.csv").write_text("\n".join(["id,ts,do", *lines, ""]), encoding="utf-8")
    (tmp_path / "shop.yml").write_text(SHOP, encoding="utf-8")
    result = server.ingest(tmp_path / "log.csv", log=str(tmp_path / "shop.yml"))
    assert (result["rows_loaded"], result["stray_days"]) == (3002, {"1999-12-31": 2})
