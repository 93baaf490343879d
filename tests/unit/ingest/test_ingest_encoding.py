"""Encodings: which a contract may name, and that no line passes for text that it is not."""

from __future__ import annotations

from decimal import Decimal
from encodings.aliases import aliases
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_rows import read

from business_telemetry.ingest.contract_file import load_contract
from business_telemetry.ingest.encoding import as_utf8, decodes, holds_ascii, usual_name
from business_telemetry.ingest.errors import BadContract, BadSource

CONTRACT = """\
name: shop
format: {{encoding: {}, decimal: ","}}
columns: {{user: u, time: t, action: a, value: v, city: c}}
actions: {{корзина: cart, покупка: purchase, взгляд: ignore}}
orders: purchase
"""


def is_codec_of_text(name: str) -> bool:
    try:
        return holds_ascii(name)
    except LookupError:
        return False


#: Every encoding that this Python has and a contract may name.
ENCODINGS = sorted({usual_name(name) for name in aliases.values() if is_codec_of_text(name)} | {"ascii"})


def shop(folder: Path, encoding: str) -> str:
    path = folder / "shop.yml"
    path.write_text(CONTRACT.format(encoding), encoding="utf-8")
    return str(path)


def line(user: bytes | str, word: str = "корзина", value: str = '"1,5"', city: str = "Омск") -> bytes:
    start = user.encode("cp1251") if isinstance(user, str) else user
    return start + f",2024-02-29T12:28:45,{word},{value},{city}".encode("cp1251")


def test_encodings_that_hold_ascii() -> None:
    for name in ("cp1251", "cp866", "koi8-r", "iso8859-1", "mac-cyrillic", "gb18030", "shift_jis", "utf-8"):
        assert name in ENCODINGS
    others = ("utf-7", "utf-16", "utf-32", "cp037", "hz", "iso2022_jp", "unicode_escape", "idna", "punycode")
    for name in others:
        assert not holds_ascii(name)


@pytest.mark.parametrize("name", ["UTF-8", "utf8", "U8", "utf_8", "utf-8-sig", "UTF_8_SIG"])
def test_utf8_by_any_name_is_checked(tmp_path: Path, name: str) -> None:
    contract = load_contract(shop(tmp_path, name))
    assert contract.format.encoding == "utf-8"
    log = tmp_path / "log.csv"
    log.write_bytes(b"u,t,a,v,c\n" + line("a") + b"\n")
    with pytest.raises(BadSource, match=r"log\.csv: is not UTF-8, it looks like Windows-1251"):
        read(log, contract)
    good = line("a").decode("cp1251").encode()
    log.write_bytes(b"\xef\xbb\xbfu,t,a,v,c\n" + b"\n".join([good] * 9 + [good.replace(b"a", b"\xff", 1)]))
    found = read(log, contract)
    assert len(found.events) == 9
    assert found.rejected == [(11, good.replace(b"a", b"\xff", 1), ["encoding"])]


@pytest.mark.parametrize("piece", [1 << 25, 300])
def test_a_line_that_is_no_text_in_its_encoding_is_rejected_with_its_bytes(
    tmp_path: Path, piece: int
) -> None:
    r"""Windows-1251 has no \x98: such lines are known by their encoding alone, the others are read."""
    lines = [line(f"ю{n}") for n in range(40)]
    lines[3] = line(b"\x98")
    lines[9] = line(b"b\x98\xcc", word="взгляд")  # what it would be if it could be read
    lines[17] = line("ю", word="вздор", city="Уфа")
    lines[23] = line(b"q", city='"О\nмск"')
    lines[29] = line(b'"x\ny\x98"')
    log = tmp_path / "log.csv"
    log.write_bytes(b"u,t,a,v,c\n" + b"\n".join(lines) + b"\n")
    found = read(log, load_contract(shop(tmp_path, "cp1251")), piece)
    tail = ',2024-02-29T12:28:45,корзина,"1,5",Омск'
    assert [(number, reasons) for number, _, reasons in found.rejected] == [
        (5, ["encoding"]),
        (11, ["encoding"]),
        (19, ["unknown_action"]),
        (32, ["encoding"]),
    ]
    assert [raw for _, raw, _ in found.rejected] == [
        b"\x98" + tail.encode(),
        b"b\x98" + "М".encode() + tail.replace("корзина", "взгляд").encode(),
        f"ю{tail}".replace("корзина", "вздор").replace("Омск", "Уфа").encode(),
        b'"x\ny\x98"' + tail.encode(),
    ]
    assert len(found.events) == 36
    assert {(row["value"], row["city"]) for row in found.events} == {
        (Decimal("1.5"), "Омск"),
        (Decimal("1.5"), "О\nмск"),
    }
    assert [row["userid"] for row in found.events][:4] == ["ю0", "ю1", "ю2", "ю4"]


def test_json_lines_in_an_encoding_of_their_own(tmp_path: Path) -> None:
    row = '{"u":"ю","t":"2024-02-29T12:28:45","a":"корзина","v":"%d"}'
    rows = [(row % n).encode("cp1251") for n in range(9)]
    rows[4] = rows[4].replace("ю".encode("cp1251"), b"\x98")
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\n".join(rows))
    found = read(log, load_contract(shop(tmp_path, "cp1251")))
    assert [row["value"] for row in found.events] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert [(number, reasons) for number, _, reasons in found.rejected] == [(5, ["encoding"])]
    assert b'"u":"\x98"' in found.rejected[0][1]


@pytest.mark.parametrize(
    ("encoding", "text", "message"),
    [
        ("cp1251", "Иван", "is not CP1251, it looks like UTF-8 (write in the contract: format: {encoding:"),
        ("ascii", "Иван", "is not ASCII, it looks like UTF-8"),
    ],
)
def test_a_log_in_another_encoding_than_its_contract_says(
    tmp_path: Path, encoding: str, text: str, message: str
) -> None:
    log = tmp_path / "log.csv"
    log.write_text(f"u,t,a,v,c\n{text},2024-02-29T12:28:45,корзина,1,\n", encoding="utf-8")
    with pytest.raises(BadSource) as error:
        read(log, load_contract(shop(tmp_path, encoding)))
    assert message in str(error.value)


def test_no_contract_names_what_python_cannot_read_line_by_line(tmp_path: Path) -> None:
    for name in ("utf-7", "utf-32", "punycode", "undefined", "unicode_escape"):
        with pytest.raises(BadContract, match=r"shop\.yml:2: format\.encoding: must hold ASCII"):
            load_contract(shop(tmp_path, name))
    for name in ("rot13", "hex", "moon"):
        with pytest.raises(BadContract, match=r"shop\.yml:2: format\.encoding: no such encoding"):
            load_contract(shop(tmp_path, name))


LIKELY = st.sampled_from(b'\n",a\x98\xff\xd0\x98\xd2\xae\x81')
BYTES = st.lists(LIKELY | st.integers(0, 255), max_size=40).map(bytes)


@given(block=BYTES, encoding=st.sampled_from(ENCODINGS))
def test_lines_stay_lines_and_none_passes_for_text(block: bytes, encoding: str) -> None:
    before, after = block.split(b"\n"), as_utf8(block, encoding).split(b"\n")
    assert len(before) == len(after)
    for raw, line in zip(before, after, strict=True):
        if decodes(raw, encoding):
            assert line.decode() == raw.decode(encoding)
        else:
            assert not decodes(line, "utf-8")
            # what is no text is byte by byte what it was, but for a mark that keeps it from passing for UTF-8
            kept = raw.decode(encoding, "surrogateescape").encode(errors="surrogateescape")
            assert line.replace(b"\xff", b"") == kept.replace(b"\xff", b"")
