"""What a Python model reads: a relation as a pandas DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clickhouse_connect.datatypes.base import ClickHouseType
from clickhouse_connect.driver.binding import format_str, quote_identifier
from clickhouse_connect.driver.client import Client

if TYPE_CHECKING:
    import pandas as pd

#: their dtype would otherwise depend on the values
_BIG_INTEGERS = ("Int128", "UInt128", "Int256", "UInt256")


def column_types(client: Client, relation: str) -> dict[str, ClickHouseType]:
    """The relation's columns, in its order.

    Asked for on their own, because the rows do not always tell: an empty result has no columns, and the
    embedded engine leaves the zone of a DateTime out of its rows.
    """
    head = client.query(f"select * from {relation} limit 0")
    return dict(zip(head.column_names, head.column_types, strict=True))


def session_timezone(client: Client) -> str:
    """The zone in which this session reads and writes a DateTime that declares none."""
    return str(client.command("select timezone()"))


def read_frame(client: Client, relation: str) -> pd.DataFrame:
    """The relation as a DataFrame, with its columns even when it has no rows.

    Decimals and UUIDs are objects, dates `datetime64` at midnight, nullable integers and booleans pandas'
    nullable dtypes. A DateTime with a zone is aware; one without is naive, on the session's clock.
    """
    types = column_types(client, relation)
    clock = session_timezone(client)
    zones = {name: kind.tzinfo or clock for name, kind in types.items() if hasattr(kind, "tzinfo")}

    def query(sql: str) -> pd.DataFrame:
        found: pd.DataFrame = client.query_df(sql, column_tzs=zones, tz_mode="aware")
        return found

    frame = query(f"select * from {relation}")
    if frame.empty:
        # a row of every type's default value has the dtypes that rows would have had
        frame = query(f"select {_defaults(types)}").iloc[:0]
    for name, kind in types.items():
        if name in zones and kind.tzinfo is None:
            frame[name] = frame[name].dt.tz_localize(None)
        elif kind.nullable and kind.base_type == "Bool":
            frame[name] = frame[name].astype("boolean")
        elif kind.base_type in _BIG_INTEGERS:
            frame[name] = frame[name].astype(object)
    return frame


def _defaults(types: dict[str, ClickHouseType]) -> str:
    return ", ".join(
        f"defaultValueOfTypeName({format_str(kind.name)}) as {quote_identifier(name)}"
        for name, kind in types.items()
    )
