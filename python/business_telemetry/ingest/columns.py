"""The canonical log: its columns, actions and reasons of rejection, each once.

The raw tables, the files between Spark and ClickHouse and the rules are all derived from here. Runs on
Spark's workers, so it imports the standard library alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Canonical actions in funnel order; a contract maps a log's own words to them.
ACTIONS: Final = (
    *("mainpage", "category", "search", "product", "cart", "remove", "checkout"),
    *("confirmation", "purchase", "refund"),
)
#: Actions whose rows are goods: `value` is the price of a piece and `quantity` how many.
GOODS: Final = ("cart", "remove", "purchase", "refund")
#: What a contract says of a word whose rows are counted and not loaded.
IGNORE: Final = "ignore"
GENDERS: Final = ("Ж", "М")
MAX_AGE: Final = 120


@dataclass(frozen=True)
class Column:
    """A column of `events`.

    Attributes:
        name: in ClickHouse and in staged files.
        type: in ClickHouse, as staged files are read too.
        key: in contracts; empty for what ingestion adds itself.
        required: must every log have it?
    """

    name: str
    type: str
    key: str = ""
    required: bool = False


COLUMNS: Final = (
    Column("source_file", "LowCardinality(String)"),
    Column("source_line", "UInt64"),
    Column("row_index", "UInt64", "index"),
    Column("userid", "String", "user", required=True),
    Column("sessionid", "String", "session"),
    Column("timestamp", "DateTime('UTC')", "time", required=True),
    Column("action", "LowCardinality(String)", "action", required=True),
    Column("value", "Decimal(18, 6)", "value"),
    Column("quantity", "UInt32", "quantity"),
    Column("category", "LowCardinality(String)", "category"),
    Column("product", "String", "product"),
    Column("order_id", "String", "order"),
    Column("age", "Nullable(UInt8)", "age"),
    Column("gender", "LowCardinality(String)", "gender"),
    Column("city", "LowCardinality(String)", "city"),
)
REJECTED: Final = (
    Column("source_file", "LowCardinality(String)"),
    Column("source_line", "UInt64"),
    Column("raw_line", "String"),
    Column("reasons", "Array(LowCardinality(String))"),
)
KEYS: Final = tuple(column.key for column in COLUMNS if column.key)
REQUIRED: Final = tuple(column.key for column in COLUMNS if column.required)

#: The position of a reason is its bit in the column `broken`.
REASONS: Final = (
    *("column_count", "unbalanced_quote", "bad_json", "encoding", "missing_user", "bad_timestamp"),
    *("unknown_action", "bad_value", "negative_value", "other_currency", "bad_quantity", "bad_age"),
)


def bit(reason: str) -> int:
    """The bit of a reason."""
    return 1 << REASONS.index(reason)


def reasons_of(broken: int) -> list[str]:
    """The names of the reasons that a value of `broken` stands for."""
    return [name for position, name in enumerate(REASONS) if broken >> position & 1]


def structure(columns: tuple[Column, ...]) -> str:
    """Columns as ClickHouse declares them."""
    return ", ".join(f"{column.name} {column.type}" for column in columns)
