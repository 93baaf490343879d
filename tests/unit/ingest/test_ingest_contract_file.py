"""Contracts: what may stand in one, and what is said of a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ingest_rows import judged

from business_telemetry.ingest.columns import ACTIONS, IGNORE
from business_telemetry.ingest.contract_file import SHIPPED, load_contract, shipped
from business_telemetry.ingest.errors import BadContract
from shop_simulator.schema import ACTIONS as SEED_ACTIONS
from shop_simulator.schema import COLUMNS as SEED_COLUMNS

GOOD = """\
name: shop
columns:
  user: client
  time: {from: ts, zone: UTC}
  action: event
actions: {buy: purchase, scroll: ignore}
orders: purchase
currency: USD
"""


def written(folder: Path, text: str) -> str:
    path = folder / "shop.yml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_shipped_ones() -> None:
    assert set(shipped()) >= {
        "dataset_telemetry",
        "demo",
        "ga4_flat",
        "multi_category_store",
        "snowplow_ecommerce",
    }
    for name in shipped():
        contract = load_contract(name)
        assert contract.name == name
        assert set(contract.actions.values()) <= {*ACTIONS, IGNORE}
        assert len((SHIPPED / f"{name}.yml").read_text(encoding="utf-8").splitlines()) <= 45
    assert len({load_contract(name).hash for name in shipped()}) == len(shipped())


def test_the_default_is_the_format_of_the_generator() -> None:
    contract = load_contract("dataset_telemetry")
    assert {field.source for field in contract.columns.values()} == set(SEED_COLUMNS)
    assert contract.actions == {action: action for action in SEED_ACTIONS}
    assert (contract.columns["time"].zone, contract.currency.code) == ("Europe/Moscow", "RUB")


def test_short_and_long_forms_are_the_same(tmp_path: Path) -> None:
    short = load_contract(written(tmp_path, GOOD))
    long = load_contract(
        written(
            tmp_path,
            "# a comment\\n".replace("\\n", "\n")
            + GOOD.replace("user: client", "user: {from: client}\n  age: null").replace(
                "currency: USD", "currency: {code: USD}"
            ),
        )
    )
    assert short == long
    assert short.hash == long.hash != load_contract(written(tmp_path, GOOD.replace("USD", "EUR"))).hash


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ("name: shop", "name: shop\ncolour: red", [":2: colour: unknown key"]),
        ("{from: ts, zone: UTC}", "{from: ts, zome: UTC}", [":4: columns.time.zome: unknown key"]),
        (
            "user: client",
            "usr: client",
            [":3: columns.usr: no such column; there are index, user", ":2: columns: user is required"],
        ),
        ("buy: purchase", "buy: bought", [":6: actions.buy: no such action 'bought'"]),
        ("buy: purchase", "buy: confirmation", [":6: actions.buy: confirmation is of the other order model"]),
        ("zone: UTC", "zone: Mars/Base", [":4: columns.time.zone: no such zone 'Mars/Base'"]),
        ("zone: UTC", "format: seconds", [":4: columns.time.format: is iso, epoch_s"]),
        ("zone: UTC", 'format: "%Q"', [":4: columns.time.format:"]),
        ("orders: purchase", "orders: often", [":7: orders: Input should be 'confirmation' or 'purchase'"]),
        ("orders: purchase\n", "", ["orders: "]),
        (
            "name: shop",
            'name: shop\nformat: {delimiter: ";;"}',
            [":2: format.delimiter: must be one character"],
        ),
        *(
            (
                "name: shop",
                f"name: shop\nformat: {{delimiter: {text}}}",
                [":2: format.delimiter: must be one"],
            )
            for text in ("'\"'", r'"\n"', r'"\r"', '""', '"é"')
        ),
        *(
            ("currency: USD", f"currency: {{code: RUB, from: cur, rates: {{USD: {rate}}}}}", [message])
            for rate, message in (
                (".nan", ":8: currency.rates.USD: a rate is a number above 0"),
                (".inf", ":8: currency.rates.USD: a rate is a number above 0"),
                ("0", ":8: currency.rates.USD: a rate is a number above 0"),
                ("-1", ":8: currency.rates.USD: a rate is a number above 0"),
                ("90, usd: 91", ":8: currency.rates.usd: USD is given twice"),
                ("90, rub: 2", ":8: currency.rates.rub: is the currency of all amounts itself"),
            )
        ),
        ("zone: UTC", 'format: "%d.%m.%Y %H:%M %Z"', [":4: columns.time.format: names of zones (%Z)"]),
        ("name: shop", "name: shop\nformat: {encoding: utf-16}", [":2: format.encoding: must hold ASCII"]),
        ("name: shop", "name: shop\nformat: {encoding: moon}", [":2: format.encoding: no such encoding"]),
        ("name: shop", "name: shop\nformat: {kind: xml}", [":2: format.kind: Input should be"]),
        (
            "user: client",
            "user: client\n  category: {from: c, separator: '.', part: 0}",
            [":4: columns.category.part: counts from 1"],
        ),
        ("user: client", "user: client\n  user: id", [":4: `user` is given twice"]),
        ("columns:", "columns: [", ["shop.yml:"]),
    ],
)
def test_mistakes_are_told_with_file_and_line(
    tmp_path: Path, old: str, new: str, messages: list[str]
) -> None:
    with pytest.raises(BadContract) as error:
        load_contract(written(tmp_path, GOOD.replace(old, new)))
    for message in messages:
        assert message in str(error.value)
    assert all("shop.yml:" in line for line in str(error.value).splitlines())
    assert error.value.exit_code == 2


def test_codes_of_currencies_are_written_in_one_way(tmp_path: Path) -> None:
    """Rows' codes are looked up in capitals; a contract in small letters would know none of them."""
    text = GOOD.replace("action: event", "action: event\n  value: price")
    contract = load_contract(
        written(
            tmp_path,
            text.replace("currency: USD", "currency: {code: rub, from: cur, rates: {usd: 90, RUB: 1}}"),
        )
    )
    assert (contract.currency.code, contract.currency.rates) == ("RUB", {"USD": 90, "RUB": 1})
    row = {"user": "u", "time": "2024-02-29T12:28:45", "action": "buy", "value": "10"}
    found = judged(contract, *({**row, "currency": code} for code in ("", "rub", "RUB", "Usd", "EUR")))
    assert [each["value"] for each in found[:4]] == [10, 10, 10, 900]
    assert [each["reasons"] for each in found] == [[], [], [], [], ["other_currency"]]


def test_a_percent_sign_before_a_letter_is_no_zone(tmp_path: Path) -> None:
    text = GOOD.replace("zone: UTC", 'format: "%d.%m.%Y %H:%M %%Z"')
    assert load_contract(written(tmp_path, text)).columns["time"].format.endswith("%%Z")


@pytest.mark.parametrize(
    "text", ["", "- a\n", "name: shop\n", "columns: 5\n", "columns: {user: {}}\n", "\xff"]
)
def test_what_is_no_contract(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.yml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadContract):
        load_contract(str(path))


def test_no_such_contract() -> None:
    with pytest.raises(BadContract, match=r"moon: no such contract; shipped are .*dataset_telemetry"):
        load_contract("moon")


def test_words_that_yaml_takes_for_something_else(tmp_path: Path) -> None:
    """`on`, `yes` and 1 are words of logs too."""
    text = GOOD.replace("{buy: purchase, scroll: ignore}", "{1: purchase, yes: ignore, buy: purchase}")
    try:
        contract = load_contract(written(tmp_path, text))
    except BadContract as error:
        assert "shop.yml:6" in str(error)
    else:
        assert set(contract.actions) == {"1", "yes", "buy"}
    assert yaml.safe_load("yes") is True
