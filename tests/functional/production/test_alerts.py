"""`telemetry alerts` on a built warehouse: what it finds, whom it tells, and that it tells once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from project import BIN, Project
from receivers import Receiver, http_receiver

pytestmark = pytest.mark.slow

#: A dip of revenue on the last two days, with orders beside it; and a plan of the last whole month.
PLANT = (
    """alter table telemetry_marts.mart_anomalies update is_anomaly = true, kind = 'dip', direction = 'down',
        severity = 'critical', event_key = concat(metric, '/planted'), event_start = as_of - 1,
        event_end = as_of, value = expected / 2
    where segment_type = 'all' and metric in ('revenue', 'orders') and day >= as_of - 1
    settings mutations_sync = 1""",
)
LEDGER = (
    "select sink, status, count() from telemetry_raw.alerts final group by sink, status order by sink, status"
)


@dataclass(frozen=True)
class Shop(Project):
    """A project whose receivers listen on this machine."""

    webhook: str = ""

    @property
    def environment(self) -> dict[str, str]:
        sinks = {
            "TELEMETRY_ALERT_WEBHOOK": self.webhook,
            "TELEMETRY_DASHBOARD_URL": "https://bi.shop.example",
        }
        return super().environment | sinks


@pytest.fixture(scope="module")
def planted(demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a warehouse with an incident in its last days."""
    home = tmp_path_factory.mktemp("planted")
    shutil.copytree(demo.home / "warehouse", home / "warehouse", symlinks=True)
    Project(home).ask(commands=PLANT)
    return home


@pytest.fixture
def shop(planted: Path, tmp_path: Path) -> Shop:
    """A copy of it."""
    shutil.copytree(planted / "warehouse", tmp_path / "warehouse", symlinks=True)
    return Shop(tmp_path)


def sending(shop: Shop, receiver: Receiver) -> Shop:
    return Shop(shop.home, receiver.url)


def test_what_is_new_is_told_once_with_number_expectation_and_link(shop: Shop) -> None:
    with http_receiver() as receiver:
        told = sending(shop, receiver)
        dry = told.run("telemetry", "alerts", "--dry-run")
        assert receiver.taken == []
        assert told.run("telemetry", "alerts") == dry
        (text,) = receiver.texts
        assert told.run("telemetry", "alerts") == ""
        assert len(receiver.texts) == 1

    text = text.replace("\u00a0", " ")
    (line,) = [line for line in text.splitlines() if "ыручка: провал" in line]
    assert re.fullmatch(
        r"• Выручка: провал, .*: [\d,]+( тыс\.| млн)? ₽ в день, ожидалось [\d,]+( тыс\.| млн)? ₽ \(−50 %\)"
        r"; вместе с ним .*",
        line,
    )
    assert "orders" not in text and "Заказы: провал" not in text, "it moved with revenue"
    assert "https://bi.shop.example/#tab=anomalies&event=revenue%2Fplanted" in text
    assert shop.ask(LEDGER)[0] == [
        ["", "found", len(dry.splitlines())],
        ["webhook", "sent", len(dry.splitlines())],
    ]


def test_quiet_remembers_and_sends_nothing_ever(shop: Shop) -> None:
    with http_receiver() as receiver:
        told = sending(shop, receiver)
        assert told.run("telemetry", "alerts", "--quiet") != ""
        assert told.run("telemetry", "alerts") == ""
        assert receiver.taken == []


def test_a_receiver_that_refuses_gets_it_from_the_next_run(shop: Shop) -> None:
    with http_receiver() as receiver:
        told = sending(shop, receiver)
        receiver.answers = [403]
        told.run("telemetry", "alerts", expect=8)
        assert receiver.taken == []
        told.run("telemetry", "alerts")
        told.run("telemetry", "alerts")
        (text,) = receiver.texts
    assert "Возможно, повтор" not in text
    assert [row[:2] for row in shop.ask(LEDGER)[0]] == [["", "found"], ["webhook", "sent"]]


@pytest.mark.parametrize("answer", ["drop", "take and drop"])
def test_an_answer_that_never_came_repeats_the_message_and_says_so(shop: Shop, answer: str) -> None:
    with http_receiver() as receiver:
        told = sending(shop, receiver)
        receiver.answers = [answer]
        told.run("telemetry", "alerts", expect=8)
        told.run("telemetry", "alerts")
        told.run("telemetry", "alerts")
        assert len(receiver.texts) == (1 if answer == "drop" else 2)
        assert "Возможно, повтор" in receiver.texts[-1]


def test_a_run_that_is_killed_while_it_sends_loses_nothing(shop: Shop) -> None:
    with http_receiver() as receiver:
        told = sending(shop, receiver)
        receiver.answers = [(503, 60)]  # it waits, with its message marked as being sent
        process = subprocess.Popen(
            [str(BIN / "telemetry"), "alerts"], cwd=told.home, env=told.environment, stdout=subprocess.DEVNULL
        )
        while receiver.answers:
            assert process.poll() is None
            time.sleep(0.1)
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        told.run("telemetry", "alerts")
        (text,) = receiver.texts
    assert "Возможно, повтор" in text


def test_what_cannot_be_sent_is_said_in_one_line(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEMETRY_ALERT_TELEGRAM_TOKEN", "1:a")
    assert shop.run("telemetry", "alerts", expect=2) == ""
    monkeypatch.undo()
    shop.ask(commands=("drop database telemetry_marts sync",))
    shop.run("telemetry", "alerts", expect=1)
    shop.run("telemetry", "alerts", "--dry-run", expect=1)


def test_states_forecasts_and_plans(shop: Shop) -> None:
    """A check that has gone bad, a forecast of a week ago that failed, a missed plan of last month."""
    ((last,),) = shop.ask("select max(as_of) from telemetry_marts.mart_anomalies")[0:1][0]
    shop.run("telemetry", "alerts", "--quiet")
    month = f"addMonths(toStartOfMonth(toDate('{last}')), -1)"
    day = f"toDate('{last}')"
    shop.ask(
        commands=(
            # the log ends early in its last month
            f"""alter table telemetry_marts.mart_kpi_plan_fact
                update target = actual * 2, observed_days = month_days
                where segment_type = 'all' and kpi = 'revenue' and month = {month}
                settings mutations_sync = 1""",
            f"""insert into telemetry_raw.alert_forecasts
                select {day} - 7, {day} - 7 + n, 1e9, 9e8, 2e9, now64(6)
                from (select number + 1 as n from numbers(7))""",
            f"""alter table telemetry_marts.mart_data_health update issue_count = total_count
                where check_name = 'rejected_rows' and event_date > {day} - 7 settings mutations_sync = 1""",
        )
    )
    with http_receiver() as receiver:
        told = sending(shop, receiver)
        lines = told.run("telemetry", "alerts").replace("\u00a0", " ").splitlines()
        told.run("telemetry", "alerts")
        assert len(receiver.texts) == 1
        kinds = {
            "forecast": "Прогноз выручки не сбывается: за .*, ожидалось 7,0 млрд ₽ .*;"
            " ниже 80-процентного коридора 7 дней",
            "health": "Данные за неделю стали хуже. .*: 100,0 %, обычно .*",
        }
        for pattern in kinds.values():
            assert len([line for line in lines if re.fullmatch(pattern, line)]) == 1, lines
        plan = [
            line for line in lines if re.fullmatch(r"План .* по выручке не выполнен: .* из .* \(50 %\)", line)
        ]
        ((months_end,),) = shop.ask(f"select toDayOfMonth({day}) <= 6")[0]
        assert len(plan) == bool(months_end)

        fine = """alter table telemetry_marts.mart_data_health update issue_count = 0
            where check_name = 'rejected_rows' settings mutations_sync = 1"""
        shop.ask(commands=(fine,))
        assert told.run("telemetry", "alerts") == ""
        assert shop.ask("select key from telemetry_raw.alerts where sink = 'over'")[0] == [
            [f"health/rejected_rows/{last}"]
        ]
