"""A chart's rows as CSV and XLSX: titles, exact numbers, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import itertools
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from business_telemetry.dashboard.compile import View, is_expandable
from business_telemetry.dashboard.facts import UNKNOWN, Facts
from business_telemetry.dashboard.gate import Table

# where a cell may begin, whichever of comma, semicolon and tab the spreadsheet splits at
RISKY = re.compile(r"""(^|[,;\t\r\n])(?=[\s"']*[=+\-@＝＋－＠])""")
LARGEST = 1e15  # beyond it a spreadsheet rounds
MOST_ROWS_OF_SHEET = 1_048_575


TOTAL = "Всего"


def as_on_card(view: View, table: Table, facts: Facts) -> Table:
    """The rows with titles for codes, sums named as such, and no measure that the log cannot hold."""
    measures = view.dataset.measures
    kept = [name not in measures or facts.tells(measures[name].needs) for name in table.columns]
    rows = (
        tuple(_told(view, name, value) for name, value in zip(table.columns, row, strict=True))
        for row in table.rows
    )
    return Table(
        tuple(itertools.compress(table.columns, kept)),
        tuple(tuple(itertools.compress(row, kept)) for row in rows),
    )


def _told(view: View, name: str, value: Any) -> Any:
    field = view.dataset.dimension(name)
    if field is None:
        return value
    if value is None and is_expandable(view.chart) and name in view.chart.rows:
        return TOTAL
    if value in (None, "") and field.type == "string":
        return UNKNOWN
    return field.labels.get(str(value), value)


def title(view: View, name: str) -> str:
    """The title of a field of the chart's dataset; of anything else the text itself."""
    field = view.dataset.measures.get(name) or view.dataset.dimension(name)
    return field.title if field is not None else name


def disarm(text: str) -> str:
    """The text with an apostrophe in front of everything that could become a formula."""
    return RISKY.sub(r"\1'", text)


def to_csv(view: View, table: Table) -> str:
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([disarm(title(view, name)) for name in table.columns])
    writer.writerows([[_cell(value) for value in row] for row in table.rows])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, int | float | Decimal):
        return "" if value is None else value
    return disarm(value.isoformat() if isinstance(value, date) else str(value))


def to_xlsx(view: View, table: Table) -> bytes:
    """The rows as a workbook of one sheet; text stays text."""
    import xlsxwriter

    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet("Данные")
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd.mm.yyyy"})
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, title(view, name), bold)
    for row, values in enumerate(table.rows[:MOST_ROWS_OF_SHEET], 1):
        for column, value in enumerate(values):
            _write(sheet, row, column, value, day)
    sheet.freeze_panes(1, 0)
    sheet.autofit()
    book.close()
    return out.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any, day: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal) and abs(float(value)) < LARGEST:
        sheet.write_number(row, column, float(value))
    elif isinstance(value, date) and not isinstance(value, datetime) and value.year >= 1900:
        sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), day)
    else:
        sheet.write_string(row, column, str(value))
