"""A log of many cities or categories: series of the largest ones, and memory as of few."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from bench.process import measure
from ingest_server import event, log
from project import BIN, Project

FIRST_DAY = date(2023, 1, 1)
MOST_MIB = 1_536
KINDS = ("search", "cart", "checkout", "confirmation")


def rows(count: int, field: str, members: int) -> list[str]:
    """Events of a year, four a session, of so many cities or categories."""
    return [
        event(
            n,
            userid=f"u{n // 100}",
            sessionid=n // 4,
            action=KINDS[n % 4],
            timestamp=f"{FIRST_DAY + timedelta(days=n * 365 // count)}T12:00:0{n % 4}",
            **{field: f"{field} {n // 4 * 7919 % members}"},
        )
        for n in range(count)
    ]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("field", "count", "members"),
    [("city", 66_000, 1_000), ("city", 200_000, 50_000), ("category", 200_000, 50_000)],
)
def test_memory_is_bounded(tmp_path: Path, field: str, count: int, members: int) -> None:
    project = Project(tmp_path)
    (tmp_path / "log.csv").write_text(log(*rows(count, field, members)), encoding="utf-8")
    project.run("telemetry", "ingest", str(tmp_path / "log.csv"), "--quiet")
    project.parse()
    cost = measure([str(BIN / "dbt"), "build", "--selector", "nightly"], project.environment, project.home)
    print(f"{cost.seconds:.0f} s, {cost.peak_mib:.0f} MiB")
    ((members_of_facts,),), ((members_of_series,),) = project.ask(
        f"select uniqExact({field}) from telemetry_marts.fct_sales",
        f"select uniqExact(segment) from telemetry_marts.mart_anomalies where segment_type = '{field}'",
    )
    assert members_of_facts == members
    assert members_of_series == 51
    assert cost.peak_mib < MOST_MIB
