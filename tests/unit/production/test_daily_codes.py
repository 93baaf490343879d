"""`telemetry daily`: which code, which words and whose alerts, whatever its steps come to.

The steps are stand-ins here; production/test_daily.py runs them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from click.testing import CliRunner
from clickhouse_connect.driver.exceptions import DatabaseError

from business_telemetry import daily as job
from business_telemetry.alerts import cli as alerts
from business_telemetry.alerts.cli import NothingBuilt, Outcome

Told = tuple[int, dict[str, Any], list[tuple[str, ...]]]


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Told]:
    """Runs a night whose steps come to what is said; returns code, summary and what was sent, in order."""
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))

    def run(
        ingest: int = 0,
        stale: bool = False,
        failed: str = "",
        refusing: bool = False,
        died: bool = False,
        alerting: Exception | None = None,
        **loaded: object,
    ) -> Told:
        sent: list[tuple[str, ...]] = []

        def step(command: list[str], capture: bool = False) -> tuple[int, str]:
            if "ingest" in command:
                return ingest, json.dumps({"status": "failed", "error": "bad"} if ingest else loaded)
            if "freshness" in command and died:
                return 2, ""
            if "freshness" in command:
                results = [{"unique_id": "source.p.raw.loads", "status": "error" if stale else "pass"}]
                (tmp_path / "sources.json").write_text(json.dumps({"results": results}))
                return int(stale), ""
            status = "error" if failed else "success"
            results = [{"unique_id": f"model.p.{failed or 'm'}", "status": status}]
            (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))
            return int(bool(failed)), ""

        def outcome(texts: list[str]) -> Outcome:
            return Outcome(texts, failed={"webhook": "down"} if refusing else {})

        def tell(texts: list[str], heading: str) -> Outcome:
            sent.append((heading, *texts))
            return outcome(list(texts))

        def find(*_: object) -> Outcome:
            if alerting:
                raise alerting
            sent.append(("alerts",))
            return outcome([])

        monkeypatch.setattr(job, "_run", step)
        monkeypatch.setattr(alerts, "tell", tell)
        monkeypatch.setattr(alerts, "run", find)
        done = CliRunner().invoke(job.daily, ["log.csv"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        (line,) = done.stdout.splitlines()
        summary = json.loads(line)
        assert summary["exit_code"] == done.exit_code
        return done.exit_code, summary, sent

    return run


STALE = "Новых данных нет дольше, чем допустимо: последняя загрузка устарела"
BROKEN = "Сборка не прошла: fct_sales"
DIED = "Возраст данных не проверен: dbt source freshness не дошёл до конца"


def test_a_night_without_troubles(night: Callable[..., Told]) -> None:
    code, summary, sent = night()
    assert (code, summary["status"], summary["troubles"]) == (0, "ok", [])
    assert sent == [("alerts",)]


@pytest.mark.parametrize(
    ("steps", "code", "troubles", "is_told_of_marts"),
    [
        ({"ingest": 4}, 4, ["Журнал не загружен: bad"], False),
        ({"stale": True}, 7, [STALE], True),
        ({"failed": "fct_sales"}, 6, [BROKEN], False),
        ({"died": True}, 6, [DIED], True),
        ({"stale": True, "failed": "fct_sales"}, 6, [STALE, BROKEN], False),
        ({"stale": True, "refusing": True}, 8, [STALE], True),
        ({"failed": "fct_sales", "refusing": True}, 6, [BROKEN], False),
        ({"ingest": 4, "refusing": True}, 4, ["Журнал не загружен: bad"], False),
    ],
)
def test_what_fails_is_told_and_nothing_of_half_built_marts(
    night: Callable[..., Told],
    steps: dict[str, Any],
    code: int,
    troubles: list[str],
    is_told_of_marts: bool,
) -> None:
    found, summary, sent = night(**steps)
    assert (found, summary["troubles"]) == (code, troubles)
    assert sent == [(job.HEADING, *troubles), *[("alerts",)] * is_told_of_marts]


def test_a_column_that_the_log_has_no_more_is_told_and_fails_nothing(night: Callable[..., Told]) -> None:
    found = {"absent": {"a.csv": ["city", "age"]}, "lost_columns": ["city"], "stray_days": {"1999-01-01": 3}}
    code, summary, sent = night(**found)
    assert (code, summary["status"]) == (0, "ok")
    assert {name: summary["steps"]["ingest"][name] for name in found} == found
    (trouble,) = summary["troubles"]
    assert "city" in trouble and "age" not in trouble
    assert sent == [(job.CHANGED, trouble), ("alerts",)]
    # a log that never had it is no news
    assert night(absent={"/day.csv": ["age"]}, lost_columns=[])[1:] == (
        {**night()[1], "steps": ANY, "began": ANY, "seconds": ANY},
        [("alerts",)],
    )


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (DatabaseError("Code: 241.\nMemory limit, Stack trace: 0x1"), 1, "Code: 241"),
        (ConnectionResetError(104, "Connection reset by peer"), 1, "Connection reset by peer"),
        (NothingBuilt("dbt build first"), 1, "dbt build first"),
    ],
)
def test_alerts_that_break_end_in_the_summary_all_the_same(
    night: Callable[..., Told], error: Exception, code: int, text: str
) -> None:
    found, summary, _ = night(stale=True, alerting=error)
    assert (found, summary["status"]) == (code, "failed")
    assert text in summary["steps"]["alerts"]["error"]["text"]
    assert "Stack trace" not in json.dumps(summary)
    assert [text in line for line in summary["troubles"]] == [False, True]
