"""What a reader asks for: a query string becomes filters, or a sentence that says what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.dashboard.compile import FIRST_DATE, LAST_DATE, Filters

Versus = Literal["previous", "year", "none"]
VERSUS: dict[Versus, str] = {
    "previous": "прошлый период",
    "year": "год назад, те же дни недели",
    "none": "не сравнивать",
}
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
MOST_VALUES, LONGEST = 500, 500


class BadChoice(ValueError):
    """A question that cannot be answered; the message is a Russian sentence for the reader."""


@dataclass(frozen=True)
class Choice:
    """Filters, the period to compare with, and the key of the incident that is looked at."""

    filters: Filters
    versus: Versus = "previous"
    event: str | None = None

    def moved(self, first_day: date) -> Filters | None:
        """The period to compare with; None without one, or where the log does not cover it whole."""
        if self.versus == "none":
            return None
        before = self.filters.previous() if self.versus == "previous" else self.filters.year_before()
        return before if before and before.date_from and before.date_from >= first_day else None


def parse_choice(catalogue: Catalogue, query: list[tuple[str, str]]) -> Choice:
    """The reader's choice from a query string: `from`, `to`, `vs`, `event`, and selector ids, repeatedly.

    Raises:
        BadChoice: an unknown name, a date that is none or out of range, an unknown option.
    """
    dates: dict[str, date] = {}
    values: dict[str, tuple[str, ...]] = {}
    parameters: dict[str, str] = {}
    versus: Versus = "previous"
    event = None
    if len(query) > MOST_VALUES:
        raise BadChoice(f"Больше {MOST_VALUES} значений в одном запросе.")
    for name, value in query:
        selector = catalogue.selectors.get(name)
        if len(value) > LONGEST or "\0" in value:
            raise BadChoice(f"Значение фильтра «{name[:40]}» слишком длинное или содержит нулевой символ.")
        if name in ("from", "to"):
            dates[name] = _date(value)
        elif name == "vs":
            versus = _versus(value)
        elif name == "event":
            event = value or None
        elif selector is None:
            raise BadChoice(f"Нет фильтра «{name[:40]}».")
        elif selector.param is not None:
            if value not in catalogue.parameters[selector.param].options:
                raise BadChoice(f"У фильтра «{name}» нет значения «{value[:40]}».")
            parameters[selector.param] = value
        elif selector.field is None:
            raise BadChoice(f"Период задаётся через from и to, а не через «{name}».")
        else:
            values[selector.field] = (*values.get(selector.field, ()), value)
    filters = Filters(dates.get("from"), dates.get("to"), values, parameters)
    if filters.date_from and filters.date_to and filters.date_from > filters.date_to:
        raise BadChoice("Начало периода позже его конца.")
    return Choice(filters, versus, event)


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text) if ISO_DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise BadChoice(f"«{text[:40]}» не дата вида 2024-01-31.")
    if not FIRST_DATE <= day <= LAST_DATE:
        raise BadChoice(f"Дата {text} вне диапазона {FIRST_DATE} … {LAST_DATE}.")
    return day


def _versus(text: str) -> Versus:
    for known in get_args(Versus):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise BadChoice(f"Сравнивать можно с {', '.join(VERSUS)}, а не с «{text[:40]}».")
