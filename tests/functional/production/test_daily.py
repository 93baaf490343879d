"""`telemetry daily` as cron runs it, and what an interrupted build leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ingest_server import event, log
from project import Project
from receivers import http_receiver

from business_telemetry.daily import read_freshness, read_results

WORK_TABLES = """select count() from system.tables where startsWith(database, 'telemetry')
    and match(name, '__dbt_(new_data|python|backup)')"""


@pytest.fixture(scope="module")
def shop(demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the demo's warehouse, in which a build was killed."""
    home = tmp_path_factory.mktemp("daily")
    shutil.copytree(demo.home / "warehouse", home / "warehouse", symlinks=True)
    project = Project(home)
    left = (
        "marts.fct_sales__dbt_new_data_0a1b",
        "intermediate.int_anomaly_scores__dbt_python",
        "marts.dim_log__dbt_backup",
    )
    project.ask(commands=tuple(f"create table telemetry_{name} (x UInt8) engine Memory" for name in left))
    return project


#: An earlier night's forecast, which the last week has by far not come up to.
HOPED = """insert into telemetry_raw.alert_forecasts
    select last - 7, last - 7 + n, 1e9, 9e8, 2e9, now64(6) from (
        select max(as_of) as last, arrayJoin(range(1, 8)) as n from telemetry_marts.mart_anomalies
    )"""


@pytest.mark.slow
def test_one_night(shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop.ask(WORK_TABLES) == [[[3]]]
    source = tmp_path / "day.csv"
    source.write_text(log(event(1, timestamp="2022-04-20T10:00:00", city="Омск")), encoding="utf-8")
    shop.run("telemetry", "alerts", "--quiet")
    shop.ask(commands=(HOPED,))
    with http_receiver() as receiver:
        monkeypatch.setenv("TELEMETRY_ALERT_WEBHOOK", receiver.url)
        told = json.loads(shop.run("telemetry", "daily", str(tmp_path), "--log", "demo"))
        assert (told["status"], told["exit_code"], told["troubles"]) == ("ok", 0, [])
        assert list(told["steps"]) == ["ingest", "freshness", "build", "alerts"]
        assert told["steps"]["ingest"]["rows_loaded"] == 1
        assert told["steps"]["freshness"] == {"exit_code": 0, "telemetry_raw.loads": "pass"}
        build = told["steps"]["build"]
        assert build["failed"] == []
        assert set(build["models"]) <= {"success", "no-op"}
        manifest = json.loads((shop.home / "target" / "manifest.json").read_text(encoding="utf-8"))
        tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
        assert build["tests"] == {"pass": len(tests)}
        (text,) = receiver.texts
        assert "• Прогноз выручки не сбывается: " in text
        assert "ожидалось 7,0\u00a0млрд\u00a0₽" in text
        assert told["steps"]["alerts"]["alerts"]["sent"] == {"webhook": 1}
        assert told["steps"]["alerts"]["alerts"]["new"] == text.count("• ")
        assert shop.ask(WORK_TABLES) == [[[0]]], "what the killed build had left is gone"

        receiver.taken.clear()
        source.write_text(log(event(1, timestamp="2022-04-21T10:00:00")), encoding="utf-8")
        told = json.loads(shop.run("telemetry", "daily", str(tmp_path), "--log", "demo", expect=4))
        assert list(told["steps"]) == ["ingest", "alerts"], "nothing is built of half a night"
        (text,) = receiver.texts
        assert text.startswith("Ночная загрузка не удалась\n\n• Журнал не загружен: ")
        assert "day.csv has changed" in text

        receiver.taken.clear()
        source.unlink()
        source = tmp_path / "next.csv"
        source.write_text(log(event(1, timestamp="2022-04-22T10:00:00")), encoding="utf-8")
        shop.ask(commands=("alter table telemetry_raw.events rename column city to town",))
        told = json.loads(
            shop.run("telemetry", "daily", str(tmp_path), "--log", "demo", "--no-alerts", expect=1)
        )
        assert told["steps"]["ingest"]["exit_code"] == 1
        assert receiver.texts == []


def test_what_dbt_tells(tmp_path: Path) -> None:
    statuses = {
        **{"model.p.a": "success", "model.p.b": "error", "model.p.f": "skipped"},
        **{"test.p.c.1": "warn", "test.p.d.2": "fail", "test.p.e.3": "pass"},
    }
    path = tmp_path / "run_results.json"
    path.write_text(
        json.dumps({"results": [{"unique_id": name, "status": status} for name, status in statuses.items()]})
    )
    assert read_results(path) == {
        "models": {"success": 1, "error": 1, "skipped": 1},
        "tests": {"warn": 1, "fail": 1, "pass": 1},
        "failed": ["b", "d"],
        "warned": ["c"],
    }
    assert read_results(tmp_path / "none.json")["failed"] == []
    path.write_text(json.dumps({"results": [{"unique_id": "source.p.raw.loads", "status": "error"}]}))
    assert read_freshness(path) == {"raw.loads": "error"}
    assert read_freshness(tmp_path / "none.json") == {}
