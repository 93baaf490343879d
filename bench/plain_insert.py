"""The peer of ingestion: `python -m bench.plain_insert WAREHOUSE CSV` loads a CSV with ClickHouse alone.

Rows that do not parse are skipped; nothing is validated, kept, counted or made idempotent.
"""

from __future__ import annotations

import sys

from clickhouse_connect import get_client

from business_telemetry.ingest.raw_layer import EVENTS

INSERT = """
    insert into telemetry_raw.events
    select 'plain', 'log.csv', c1 + 2, c1, userid, toString(sessionid), timestamp, action,
        value, 1, category, '', '', age, gender, city
    from file({file:String}, 'CSV', $$
        c1 UInt64, userid String, sessionid UInt64, timestamp DateTime('UTC'),
        action LowCardinality(String), value Decimal(18, 6), category LowCardinality(String),
        age Nullable(UInt8), gender LowCardinality(String), city LowCardinality(String)
    $$)
    settings input_format_csv_skip_first_lines = 1, input_format_allow_errors_ratio = 0.05,
        input_format_allow_errors_num = 1000000, date_time_input_format = 'best_effort'
"""


def main(warehouse: str, csv: str) -> None:
    client = get_client(interface="chdb", path=warehouse)
    client.command("create database if not exists telemetry_raw")
    client.command(f"create table telemetry_raw.events {EVENTS.format(engine='')}")
    client.command(INSERT, parameters={"file": csv})
    print(client.query("select count() from telemetry_raw.events").first_item)
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
