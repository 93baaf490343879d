"""Random logs of every kind that the order rules speak of, and how to put canonical rows into a warehouse."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from order_rules import UNKNOWN, ZONE, Event

CITIES = ["Казань", "Омск", "Посёлок у моря", ""]
GOODS = [
    ("Одежда", "футболка"),
    ("Одежда", "брюки"),
    ("Обувь", "кеды"),
    ("Обувь", ""),
    (UNKNOWN, ""),
    ("Книги", "роман"),
]
EVENT_COLUMNS = (
    "load_id, source_file, source_line, row_index, userid, sessionid, timestamp, action, value, quantity, "
    "category, product, order_id, age, gender, city"
)


def random_log(seed: int, users: int = 25) -> list[Event]:
    """Rows of three logs, not numbered: with checkouts, with confirmations alone, and with purchase lines.

    Some users are in two of them, and each log numbers its own sessions.
    """
    chance = random.Random(seed)
    rows: list[Event] = []
    for number in range(users):
        for log in chance.sample(["checkouts", "confirmations", "purchases"], chance.choice([1, 1, 2])):
            rows += user_rows(chance, log, f"user_{seed}_{number}")
    copies = [row for row in rows if chance.random() < 0.03]
    rows += copies
    chance.shuffle(rows)
    return rows


def numbered(rows: Iterable[Event]) -> list[Event]:
    """The rows with indexes from 1 on."""
    return [replace(row, index=index) for index, row in enumerate(rows, start=1)]


def user_rows(chance: random.Random, log: str, user: str) -> Iterator[Event]:
    """A user's visits, some of them at once on two devices, near the ends of months too."""
    is_named, has_ids = chance.random() < 0.6, chance.random() < 0.4
    orders: list[str] = []
    at = datetime(2022, 2, 23, tzinfo=ZONE) + timedelta(hours=chance.randrange(24 * 12))
    for visit in range(chance.randrange(3, 12)):
        at += timedelta(minutes=chance.choice([-7, 3, 25, 50, 600, 1380, 1500, 4000, 11000]))
        session = str(visit + 1) if is_named else ""
        yield from visit_rows(chance, log, user, session, at, orders if has_ids else None)


def visit_rows(
    chance: random.Random, log: str, user: str, session: str, at: datetime, orders: list[str] | None
) -> Iterator[Event]:
    city = chance.choice(CITIES)
    total = Decimal(chance.choice([0, 100, 250]))
    order = ""
    kinds = {
        "checkouts": [
            "product",
            "cart",
            "cart",
            "remove",
            "checkout",
            "checkout",
            "confirmation",
            "confirmation",
        ],
        "confirmations": ["product", "cart", "remove", "confirmation"],
        "purchases": ["product", "cart", "remove", "checkout", "purchase", "purchase"],
    }[log]
    for _ in range(chance.randrange(1, 12)):
        at += timedelta(seconds=chance.choice([0, 0, 1, 40, 300, 900, 1799, 1801, 2500]))
        action = chance.choice(
            [*kinds, "mainpage", "search", "refund" if chance.random() < 0.2 else "product"]
        )
        category, product = chance.choice(GOODS)
        value, quantity = Decimal(0), 1
        if action in ("cart", "remove", "purchase", "refund"):
            value, quantity = (
                Decimal(chance.choice(["10", "33", "0.1", "7", "0"])),
                chance.choice([1, 1, 2, 5]),
            )
        elif action in ("checkout", "confirmation"):
            if chance.random() < 0.3:
                total = Decimal(chance.choice([0, 0, 100, 250]))
            value = total
            category, product = (UNKNOWN, "")
        elif action == "mainpage":
            category, product = (UNKNOWN, "")
        name = ""
        if orders is not None and action in ("confirmation", "purchase", "refund"):
            if chance.random() < 0.4 or not order:
                order = f"{user}-{log}-{len(orders) + 1}"
                orders.append(order)
            name = chance.choice([order, order, order, chance.choice(orders), ""])
        yield Event(0, log, user, session, at, action, value, quantity, category, product, name, city)


def load(name: str, contract: str, rows: Iterable[Event]) -> tuple[str, ...]:
    """Commands that put rows into the raw tables as one load of a contract."""
    values = ", ".join(row_values(name, row) for row in rows)
    return (
        f"insert into telemetry_raw.events ({EVENT_COLUMNS}) values {values}",
        publish(name, contract),
    )


def row_values(load_id: str, row: Event) -> str:
    category = "" if row.category == UNKNOWN else row.category
    place = f"'{load_id}', 'log.csv', {row.index}, {row.index}"
    visit = f"'{row.user}', '{row.session}', {row.at.timestamp():.0f}, '{row.action}'"
    goods = f"{row.value}, {row.quantity}, '{category}', '{row.product}', '{row.order}'"
    return f"({place}, {visit}, {goods}, null, '', '{row.city}')"


def publish(name: str, contract: str) -> str:
    """The command that makes the rows of a load count; two more were read, of an action that is ignored."""
    return f"""
        insert into telemetry_raw.loads (
            load_id, files, file_fingerprints, fingerprint, contract, currency, rows_read, rows_loaded,
            rows_ignored, ignored_by_action, min_event_time, max_event_time, started_at, finished_at,
            status, updated_at
        )
        select '{name}', ['{name}.csv'], ['{name}'], '{name}', '{contract}', 'RUB', count() + 2, count(),
            2, map('scroll', 2),
            if(count() = 0, null, min(timestamp)), if(count() = 0, null, max(timestamp)),
            now64(3), now64(3), 'loaded', now64(3)
        from telemetry_raw.events
        where load_id = '{name}'
    """


def raw_tables() -> tuple[str, ...]:
    """Commands that make the empty raw layer."""
    from business_telemetry.ingest import raw_layer

    return (
        "create database if not exists telemetry_raw",
        *(
            f"create table if not exists telemetry_raw.{name} {structure.format(engine='')}"
            for name, structure in raw_layer.TABLES.items()
        ),
    )
