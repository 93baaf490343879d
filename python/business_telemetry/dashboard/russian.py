"""Numbers and dates in Russian sentences."""

from __future__ import annotations

from datetime import date

NBSP = "\u00a0"
SHORT_MONTHS = ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
OF_MONTH = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)  # fmt: skip
DEFAULT_CURRENCY = "RUB"
SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "KZT": "₸", "BYN": "Br", "GBP": "£", "CNY": "¥", "TRY": "₺"}
NEARLY_ALL = "почти всё"
UNITS = ((1e9, "млрд"), (1e6, "млн"), (1e3, "тыс."))


def number(value: float, precision: int = 0) -> str:
    """1234567.8 as «1 234 568»."""
    return f"{value:,.{precision}f}".replace(",", NBSP).replace(".", ",").replace("-", "−")


def compact(value: float) -> str:
    """1234567.8 as «1,2 млн»."""
    for size, name in UNITS:
        if abs(value) >= size:
            scaled = value / size
            return f"{number(scaled, 1 if abs(scaled) < 100 else 0)}{NBSP}{name}"
    return number(value, 0 if value == round(value) or abs(value) >= 100 else 1)


def money(value: float, currency: str) -> str:
    return f"{compact(value)}{NBSP}{SIGNS.get(currency, currency)}"


def percent(share: float, precision: int = 1) -> str:
    return f"{number(100 * share, precision)}{NBSP}%"


def measure(value: float, kind: str, currency: str) -> str:
    """A value as its format says."""
    if kind == "money":
        return money(value, currency)
    return percent(value) if kind == "percent" else compact(value)


def day(when: date) -> str:
    return f"{when.day}{NBSP}{SHORT_MONTHS[when.month - 1]}"


def days(start: date, end: date) -> str:
    """«16 дек», «16–18 дек», «30 дек – 2 янв»."""
    if start == end:
        return day(start)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{day(end)}"
    return f"{day(start)} – {day(end)}"


def plural(count: int, one: str, few: str, many: str) -> str:
    """«1 день», «2 дня», «5 дней»."""
    if count % 10 == 1 and count % 100 != 11:
        word = one
    else:
        word = few if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else many
    return f"{number(count)}{NBSP}{word}"


def part(share: float) -> str:
    """0.5 as «половина»: how people say it."""
    if share >= 0.95:
        return NEARLY_ALL
    return "половина" if 0.45 <= share <= 0.55 else percent(share, 0)
