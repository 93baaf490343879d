"""What was found and what was sent where, in the warehouse: each alert once, whoever runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from business_telemetry.alerts.alert import Alert, Known
from business_telemetry.alerts.find import Band
from business_telemetry.dashboard.incidents import Event
from business_telemetry.ingest.raw_layer import placed

if TYPE_CHECKING:
    from business_telemetry.warehouse import Warehouse

ALERTS: Final = """(
    key String, sink LowCardinality(String), status LowCardinality(String), details String,
    updated_at DateTime64(6, 'UTC')
) engine {engine}ReplacingMergeTree(updated_at) order by (key, sink)"""
FORECASTS: Final = """(
    made_on Date, date Date, p50 Float64, lo80 Float64, hi80 Float64, updated_at DateTime64(6, 'UTC')
) engine {engine}ReplacingMergeTree(updated_at) order by (made_on, date)"""
#: What was found so long ago is not sent any more: a sink that is new begins with today.
PENDING_DAYS: Final = 7


class Ledger:
    """The tables `alerts` and `alert_forecasts` of the raw layer.

    An alert has a row of its own (sink '': found or muted), one for each sink (sending, sent or failed), and
    one when its state has ended (sink 'over'). `sending` is written before and `sent` after the receiver has
    answered, so a run that dies between the two leaves `sending`: the message may or may not have arrived.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._client, self._raw = warehouse.client, f"`{warehouse.raw}`"
        self._everywhere, self._engine = placed(warehouse.cluster)

    def create(self) -> None:
        """Make the tables where they are missing."""
        for name, columns in (("alerts", ALERTS), ("alert_forecasts", FORECASTS)):
            self._client.command(
                f"create table if not exists {self._raw}.{name}{self._everywhere}"
                f" {columns.format(engine=self._engine)}"
            )

    def exists(self) -> bool:
        """Has any run been here before?"""
        return bool(self._client.command(f"exists table {self._raw}.alert_forecasts"))

    def known(self) -> Known:
        """What earlier runs have found."""
        found = {
            key: json.loads(details)
            for key, details in self._rows(
                f"select key, details from {self._raw}.alerts final where sink = ''"
            )
        }
        over = {key for (key,) in self._rows(f"select key from {self._raw}.alerts where sink = 'over'")}
        return Known(
            frozenset(found),
            {told["state"]: key for key, told in found.items() if told["state"] and key not in over},
            [_event(told["event"]) for told in found.values() if told["event"]],
        )

    def remember(self, alerts: Iterable[Alert]) -> None:
        """Write down what was found, before anything is sent."""
        self._write((each.key, "", "found", _details(each)) for each in alerts)

    def mute(self) -> None:
        """Nothing of what was found so far is sent any more."""
        found = self._rows(
            f"select key, details from {self._raw}.alerts final where sink = '' and status = 'found'"
        )
        self._write((key, "", "muted", details) for key, details in found)

    def end(self, keys: Sequence[str]) -> None:
        """The states of these alerts are in order again."""
        self._write((key, "over", "over", "") for key in keys)

    def pending(self, sink: str) -> tuple[list[Alert], set[str]]:
        """What a sink has not been sent, oldest first, and the keys of which it may have been sent."""
        rows = self._rows(
            f"""select found.key, found.details, sent.status
            from (select * from {self._raw}.alerts final where sink = '' and status = 'found') as found
            left join (select * from {self._raw}.alerts final where sink = {{sink:String}}) as sent
                on found.key = sent.key
            where coalesce(sent.status, '') != 'sent'
                and found.updated_at >= now() - toIntervalDay({{days:UInt16}})
            order by found.updated_at, found.key""",
            sink=sink,
            days=PENDING_DAYS,
        )
        alerts = [_alert(key, json.loads(details)) for key, details, _ in rows]
        return alerts, {key for key, _, status in rows if status == "sending"}

    def mark(self, alerts: Iterable[Alert], sink: str, status: str) -> None:
        """Write down how far a sink's message is."""
        self._write((each.key, sink, status, "") for each in alerts)

    def keep_forecast(self, made_on: date, forecast: Sequence[Band]) -> None:
        """Keep what is expected now, to be held against what comes."""
        now = self._now("alert_forecasts")
        self._insert(
            "alert_forecasts",
            [
                {"made_on": str(made_on), "date": str(band.day), "p50": band.p50, "lo80": band.low,
                 "hi80": band.high, "updated_at": now}
                for band in forecast
            ],
        )  # fmt: skip

    def forecast(self, last: date, days: int) -> list[Band]:
        """The newest forecast whose days have all come by `last`; none that is twice as old."""
        rows = self._rows(
            f"""select date, p50, lo80, hi80 from {self._raw}.alert_forecasts final
            where made_on = (
                select max(made_on) from {self._raw}.alert_forecasts
                where made_on <= {{last:Date}} - {{days:UInt16}}
            ) and made_on > {{last:Date}} - 2 * {{days:UInt16}}
            order by date""",
            last=last,
            days=days,
        )
        return [Band(*row) for row in rows]

    def _rows(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self._client.query(sql, parameters=parameters).result_rows
        return rows

    def _now(self, table: str) -> str:
        """The time by the warehouse's clock, later than any stamp: what is written last wins."""
        ((now,),) = self._rows(
            "select toString(greatest(now64(6, 'UTC'), max(updated_at) + toIntervalMicrosecond(1)))"
            f" from {self._raw}.{table}"
        )
        return str(now)

    def _write(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        now = self._now("alerts")
        names = ("key", "sink", "status", "details")
        self._insert("alerts", [dict(zip(names, row, strict=True)) | {"updated_at": now} for row in rows])

    def _insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            block = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
            self._client.raw_insert(
                f"{self._raw}.{table}", list(rows[0]), insert_block=block.encode(), fmt="JSONEachRow"
            )


def _details(alert: Alert) -> str:
    told = {"text": alert.text, "link": alert.link, "state": alert.state}
    return json.dumps(
        {**told, "event": asdict(alert.event) if alert.event else None}, ensure_ascii=False, default=str
    )


def _alert(key: str, told: dict[str, Any]) -> Alert:
    return Alert(
        key, told["text"], told["link"], told["state"], _event(told["event"]) if told["event"] else None
    )


def _event(told: dict[str, Any]) -> Event:
    return Event(
        **{**told, "start": date.fromisoformat(told["start"]), "end": date.fromisoformat(told["end"])}
    )
