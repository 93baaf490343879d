"""Event logs by hand, and ingestion into a warehouse behind HTTP."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from business_telemetry.ingest.files import find_files
from business_telemetry.ingest.report import Report
from business_telemetry.ingest.run import Ingestion, Options
from business_telemetry.warehouse import Warehouse
from shop_simulator.schema import COLUMNS

HEADER = "," + ",".join(COLUMNS)


def event(index: int = 0, **fields: object) -> str:
    """A good line of the source format, but for the fields given."""
    values = {
        "userid": "user_1",
        "sessionid": 1,
        "timestamp": "2024-02-29T12:28:45",
        "action": "cart",
        "value": "5735.262266",
        "category": "Товары для детей",
        "age": 42,
        "gender": "Ж",
        "city": "Красноярск",
    }
    return ",".join(str(value) for value in [index, *{**values, **fields}.values()])


def log(*lines: str) -> str:
    """A file of the source format."""
    return "\n".join([HEADER, *lines, ""])


@dataclass(frozen=True)
class Server:
    """A warehouse behind HTTP.

    Attributes:
        warehouse: its connection.
        home: where Spark may leave files.
    """

    warehouse: Warehouse
    home: Path

    def ingest(self, *sources: Path | str, **options: Any) -> dict[str, Any]:
        """Load, in this process."""
        report = Report(quiet=True)
        ingestion = Ingestion(self.warehouse, report, Options(project_dir=self.home, **options))
        with redirect_stdout(io.StringIO()):
            return ingestion.run(find_files([str(source) for source in sources]))

    def ask(self, sql: str) -> Sequence[Sequence[Any]]:
        """The rows of a query, with `raw.` for the raw layer's database."""
        rows: Sequence[Sequence[Any]] = self.warehouse.client.query(
            re.sub(r"\braw\.", "telemetry_raw.", sql)
        ).result_rows
        return rows

    def rejected(self) -> list[tuple[str, int, str, list[str]]]:
        """Rejected rows of loads that count: file name, line, raw line, reasons."""
        rows = self.ask(
            "select source_file, source_line, raw_line, reasons from raw.rejected_events"
            " where load_id in (select load_id from raw.loads where status = 'loaded')"
            " order by source_file, source_line"
        )
        return [(Path(file).name, line, raw, sorted(reasons)) for file, line, raw, reasons in rows]
