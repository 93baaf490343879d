"""Raw tables as earlier versions left them, brought to today's form without reading any file again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

#: What an old table lacks: sessions were numbers and stamps the shop's wall-clock time.
OLD: Final = {
    "sessionid": "toString(sessionid)",
    "timestamp": "{utc:timestamp}",
    "quantity": "1",
    "product": "''",
    "order_id": "''",
    "contract": "'dataset_telemetry'",
    "contract_hash": "''",
    "currency": "'RUB'",
    "rows_ignored": "0",
    "ignored_by_action": "map()",
    "min_event_time": "{utc:min_event_time}",
    "max_event_time": "{utc:max_event_time}",
}


def upgrade(client: Client, raw: str, tables: dict[str, str], zone: str, everywhere: str = "") -> list[str]:
    """Rebuild each table that has an old form, and put the new one in its place in one step.

    Args:
        client: a connection.
        raw: the database of the raw layer.
        tables: name -> what stands behind `create table NAME`.
        zone: of the stamps in old tables.
        everywhere: ` on cluster NAME`, on a cluster.

    Returns:
        The names of the tables that were old.
    """
    columns = client.query(
        "select table, name, type from system.columns where database = {db:String}", parameters={"db": raw}
    ).result_rows
    types = {(table, name): type_ for table, name, type_ in columns}
    # left by a run that was stopped in the middle: a copy that nobody reads, or what it has replaced
    for table in sorted({table for table, *_ in columns if table.startswith("upgraded_")}):
        client.command(f"drop table `{raw}`.{table}{everywhere} sync")
    old = []
    if types.get(("events", "sessionid"), "String") != "String":
        old.append("events")
    if ("loads", "load_id") in types and ("loads", "contract") not in types:
        old.append("loads")
    for table in old:
        client.command(f"create table `{raw}`.upgraded_{table} {tables[table]}")
        names = [
            name
            for (name,) in client.query(
                "select name from system.columns where database = {db:String} and table = {table:String}"
                " order by position",
                parameters={"db": raw, "table": f"upgraded_{table}"},
            ).result_rows
        ]
        values = ", ".join(_value(name, zone) for name in names)
        client.command(
            f"insert into `{raw}`.upgraded_{table} ({', '.join(names)}) select {values} from `{raw}`.{table}"
        )
        client.command(f"exchange tables `{raw}`.{table} and `{raw}`.upgraded_{table}{everywhere}")
        client.command(f"drop table `{raw}`.upgraded_{table}{everywhere} sync")
    return old


def _value(name: str, zone: str) -> str:
    value = OLD.get(name, name)
    if value.startswith("{utc:"):
        stamp = value[5:-1]
        # the offset is looked up twice, so that stamps right after a clock change get the new one
        guess = f"{stamp} - timezoneOffset(toTimeZone({stamp}, '{zone}'))"
        return f"{stamp} - timezoneOffset(toTimeZone({guess}, '{zone}'))"
    return value
