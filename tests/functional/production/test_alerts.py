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
    ((first, last),) = shop.ask("select as_of - 29, as_of from telemetry_marts.mart_anomalies limit 1")[0]
    link = f"https://bi.shop.example/#tab=anomalies&from={first}&to={last}&event=revenue%2Fplanted"
    assert link in text, "28 days before the first of its days, and no day after the log's last one"
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


def test_quiet_sends_nothing_of_an_earlier_run_either(shop: Shop) -> None:
    with http_receiver() as receiver:
        told = sending(shop, receiver)
        receiver.answers = [403]
        count = len(told.run("telemetry", "alerts", expect=8).splitlines())
        told.run("telemetry", "alerts", "--quiet")
        told.run("telemetry", "alerts")
        assert receiver.taken == []
    assert shop.ask(LEDGER)[0] == [["", "muted", count], ["webhook", "failed", count]]


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
    """A check that has gone bad, a forecast of a week ago that failed, a missed plan of the last month."""
    shop.ask(
        commands=(
            # the log ends on the third day of a month, and all plans are met
            """alter table telemetry_marts.mart_anomalies update as_of = toStartOfMonth(as_of) + 2 where true
                settings mutations_sync = 1""",
            """alter table telemetry_marts.fct_sales delete
                where event_date > (select max(as_of) from telemetry_marts.mart_anomalies)
                settings mutations_sync = 1""",
            """alter table telemetry_marts.mart_kpi_plan_fact update target = actual where actual > 0
                settings mutations_sync = 1""",
        )
    )
    ((last,),) = shop.ask("select max(as_of) from telemetry_marts.mart_anomalies")[0]
    shop.run("telemetry", "alerts", "--quiet")
    day = f"toDate('{last}')"

    def of_check(issues: str, total: str) -> str:
        return f"""alter table telemetry_marts.mart_data_health
            update issue_count = {issues}, total_count = {total}
            where check_name = 'rejected_rows' and event_date > {day} - 7 settings mutations_sync = 1"""

    shop.ask(
        commands=(
            f"""alter table telemetry_marts.mart_kpi_plan_fact update target = actual * 2
                where segment_type = 'all' and kpi = 'revenue'
                    and month >= addMonths(toStartOfMonth({day}), -1) settings mutations_sync = 1""",
            # five days below the band, one above it, one within
            f"""insert into telemetry_raw.alert_forecasts
                select {day} - 7, {day} - 7 + n, 1e9, multiIf(n <= 5, 9e8, -2), multiIf(n = 6, -1, 2e9),
                    now64(6)
                from (select number + 1 as n from numbers(7))""",
            of_check("total_count", "total_count"),
        )
    )
    with http_receiver() as receiver:
        told = sending(shop, receiver)
        lines = told.run("telemetry", "alerts").replace("\u00a0", " ").splitlines()
        told.run("telemetry", "alerts")
        assert len(receiver.texts) == 1
        expected = (
            r"Прогноз выручки не сбывается: за .*, ожидалось 7,0 млрд ₽ \(−\d+ %\);"
            " ниже 80-процентного коридора 5 дней",
            "Данные за неделю стали хуже. .*: 100,0 %, обычно .*",
            r"План марта 2022 по выручке не выполнен: .* ₽ из .* ₽ \(50 %\)",
        )
        for pattern in expected:
            assert len([line for line in lines if re.fullmatch(pattern, line)]) == 1, lines
        assert len(lines) == len(expected), lines

        over = "select key from telemetry_raw.alerts where sink = 'over'"
        cannot_tell = ("truncate table telemetry_raw.alert_forecasts", of_check("0", "3"))
        shop.ask(commands=cannot_tell)
        assert told.run("telemetry", "alerts") == ""
        assert shop.ask(over) == [[]], "nobody has found them in order"
        shop.ask(commands=(of_check("0", "1000"),))
        assert told.run("telemetry", "alerts") == ""
        assert shop.ask(over) == [[[f"health/rejected_rows/{last}"]]]
