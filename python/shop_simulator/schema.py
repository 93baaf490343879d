"""The source contract: what a row of the event log holds. One place, imported by ingestion and generator.

The same actions and categories are dbt seeds (`seeds/actions.csv`, `seeds/categories.csv`);
a unit test keeps the two in step.
"""

from __future__ import annotations

from typing import Final

COLUMNS: Final = ("userid", "sessionid", "timestamp", "action", "value", "category", "age", "gender", "city")

#: Known actions in funnel order; an action's position is its depth.
ACTIONS: Final = ("mainpage", "category", "search", "product", "cart", "checkout", "confirmation")

GENDERS: Final = ("Ж", "М")

CATEGORIES: Final = (
    "Товары для детей",
    "Красота и здоровье",
    "Одежда и обувь",
    "Электроника и бытовая техника",
    "Авто/мото товары",
    "Продовольственные товары",
)

MAX_AGE: Final = 120

TIMESTAMP_FORMAT: Final = "%Y-%m-%dT%H:%M:%S"
