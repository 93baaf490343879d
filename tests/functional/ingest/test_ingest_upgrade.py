"""Raw tables of an earlier version become today's, whatever step an earlier attempt was stopped at."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ingest_server import Server, event, log

from business_telemetry.ingest import raw_layer
from business_telemetry.ingest.upgrade import upgrade

OLD = (
    "create database telemetry_raw",
    """create table telemetry_raw.events (
        load_id String, source_file LowCardinality(String), source_line UInt64, row_index UInt64,
        userid String, sessionid UInt64, timestamp DateTime('UTC'), action LowCardinality(String),
        value Decimal(18, 6), category LowCardinality(String), age Nullable(UInt8),
        gender LowCardinality(String), city LowCardinality(String)
    ) engine MergeTree partition by load_id order by (toYYYYMM(timestamp), userid, timestamp)""",
    """create table telemetry_raw.rejected_events (
        load_id String, source_file LowCardinality(String), source_line UInt64, raw_line String,
        reasons Array(LowCardinality(String))
    ) engine MergeTree partition by load_id order by (source_file, source_line)""",
    """create table telemetry_raw.loads (
        load_id String, files Array(String), file_fingerprints Array(String), fingerprint String,
        rows_read UInt64, rows_loaded UInt64, rows_rejected UInt64, rejected_by_reason Map(String, UInt64),
        min_event_time Nullable(DateTime('UTC')), max_event_time Nullable(DateTime('UTC')),
        started_at DateTime64(3, 'UTC'), finished_at Nullable(DateTime64(3, 'UTC')),
        status LowCardinality(String), tool_versions Map(String, String), updated_at DateTime64(3, 'UTC')
    ) engine ReplacingMergeTree(updated_at) order by load_id""",
)
# Moscow had UTC+4 in summer 2010, UTC+3 in winter, and has UTC+3 the year round since 2014
EVENTS = """
    select userid, sessionid, formatDateTime(timestamp, '%F %T', 'UTC'), toString(value), quantity, product,
        order_id, age
    from raw.events order by row_index"""
EXPECTED = [
    ("a", "7", "2024-02-29 09:28:45", "10.5", 1, "", "", 42),
    ("b", "18446744073709551615", "2010-07-01 08:00:00", "0", 1, "", "", None),
    ("c", "1", "2010-01-01 09:00:00", "0", 1, "", "", None),
]


@pytest.fixture
def old(server: Server, tmp_path: Path) -> Path:
    """A warehouse of the earlier version with one load; its file."""
    source = tmp_path / "log.csv"
    source.write_text(log(event(0, userid="a"), "bad"), encoding="utf-8")
    print_ = hashlib.sha256(source.read_bytes()).hexdigest()
    rows = (
        "('old', 'log.csv', 2, 1, 'a', 7, '2024-02-29 12:28:45', 'cart', 10.5, 'c', 42, 'Ж', 'Омск')",
        "('old', 'log.csv', 3, 2, 'b', 18446744073709551615, '2010-07-01 12:00:00', '', 0, '', null, '', '')",
        "('old', 'log.csv', 4, 3, 'c', 1, '2010-01-01 12:00:00', 'cart', 0, '', null, '', '')",
    )
    for command in (
        *OLD,
        f"insert into telemetry_raw.events values {', '.join(rows)}",
        "insert into telemetry_raw.rejected_events"
        " values ('old', 'log.csv', 3, 'bad', ['wrong_column_count'])",
        f"""insert into telemetry_raw.loads values (
            'old', ['{source}'], ['{print_}'], 'p', 4, 3, 1, {{'wrong_column_count': 1}},
            '2010-01-01 12:00:00', '2024-02-29 12:28:45', now64(3), now64(3), 'loaded', {{}}, now64(3)
        )""",
    ):
        server.warehouse.client.command(command)
    return source


def test_rows_keep_their_instants_and_their_load(server: Server, old: Path, tmp_path: Path) -> None:
    report = server.ingest(old)
    assert report["skipped"] == {str(old): "already loaded as load old"}
    assert server.ask(EVENTS) == EXPECTED
    assert server.ask(
        "select contract, currency, rows_ignored, formatDateTime(min_event_time, '%F %T', 'UTC')"
        " from raw.loads"
    ) == [("dataset_telemetry", "RUB", 0, "2010-01-01 09:00:00")]
    assert server.rejected() == [("log.csv", 3, "bad", ["wrong_column_count"])]

    (tmp_path / "next.csv").write_text(log(event(1, userid="d")), encoding="utf-8")
    assert server.ingest(tmp_path)["rows_loaded"] == 1
    assert server.ask("select count() from raw.events") == [(4,)]


@pytest.mark.parametrize("statement", ["create table", "insert into", "exchange tables", "drop table"])
def test_an_upgrade_that_was_stopped_is_taken_up(
    server: Server, old: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    client = server.warehouse.client
    run = client.command

    def stop(command: str, *args: object, **kwargs: object) -> object:
        if command.startswith(statement) and "upgraded_" in command:
            raise InterruptedError
        return run(command, *args, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(client, "command", stop)
        tables = {name: columns.format(engine="") for name, columns in raw_layer.TABLES.items()}
        upgrade(client, "telemetry_raw", tables, "Europe/Moscow")

    server.ingest(old)
    assert server.ask(EVENTS) == EXPECTED
    assert server.ask("select name from system.tables where database = 'telemetry_raw' order by name") == [
        ("events",),
        ("loads",),
        ("rejected_events",),
    ]
