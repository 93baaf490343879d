"""Panel, malformed rows, text of values, and sessions of one user that never overlap."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from generated_log import parse, read

from shop_simulator import LogConfig, write_log
from shop_simulator.clock import PAUSE_BETWEEN_SESSIONS, _spread
from shop_simulator.malformed import CORRUPTIONS
from shop_simulator.panel import AGE_GROUPS, CITIES, draw_panel, quotas
from shop_simulator.write import value_texts

ROOT = Path(__file__).parents[3]
GOOD = "17,user_10000,1,2021-12-30T12:28:45,cart,5735.262266,Авто/мото товары,42,Ж,Красноярск"


def test_values_are_written_like_the_source_writes_them() -> None:
    micros = np.array([0, 5_735_262_266, 6_130_000_000, 12_500_000, 1_000_000, 12_345_678_000_001])
    assert value_texts(micros).to_pylist() == [
        *("0.0", "5735.262266", "6130.0", "12.5", "1.0", "12345678.000001"),
    ]


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_malformed_rows_are_one_record_that_breaks_the_contract(kind: str) -> None:
    assert parse(GOOD.split(","), 0) is not None
    for pick in range(12):
        line = CORRUPTIONS[kind](GOOD.encode().split(b","), pick)
        text = line.decode("utf-8", errors="replace")
        records = list(csv.reader(io.StringIO(text + "\n" + GOOD + "\n", newline="")))
        assert len(records) == 2 and records[1] == GOOD.split(",")
        assert parse(records[0], 0) is None
        assert records[0][:1] == ["17"]


def test_broken_encoding_is_not_utf8() -> None:
    for pick in range(2):
        with pytest.raises(UnicodeDecodeError):
            CORRUPTIONS["broken_encoding"](GOOD.encode().split(b","), pick).decode()


def test_quotas_sum_up_and_are_within_one() -> None:
    shares = np.array([28.1, 12.6, 7.6, 0.4, 51.3])
    for total in (0, 1, 7, 1000):
        parts = quotas(shares, total)
        assert parts.sum() == total
        assert np.abs(parts - shares / shares.sum() * total).max() < 1


def test_panel() -> None:
    panel = draw_panel(2000, 18_987, 1105, np.random.default_rng(1))
    ages = panel.age[panel.age >= 0]
    assert ages.min() == 0 and ages.max() > 65 and 0.08 < (ages < 18).mean() < 0.12
    assert (panel.age < 0).sum() == 4
    movers = np.flatnonzero(panel.next_city != panel.city)
    assert len(movers) == 20
    assert ((panel.move_day[movers] > 18_987) & (panel.move_day[movers] < 18_987 + 1105)).all()
    user = np.full(2, movers[0], dtype=np.int32)
    moved = panel.city_on(user, panel.move_day[movers[0]] + np.array([-1, 0]))
    assert moved.tolist() == [panel.city[movers[0]], panel.next_city[movers[0]]]


def test_cities_and_age_groups_are_those_of_the_seeds() -> None:
    with (ROOT / "seeds/cities.csv").open(encoding="utf-8") as file:
        known = {row["city"]: int(row["utc_offset_hours"]) for row in csv.DictReader(file)}
    assert {name: known.get(name) for name in CITIES} == {
        name: offset for name, (_, offset) in CITIES.items()
    }
    with (ROOT / "seeds/age_groups.csv").open(encoding="utf-8") as file:
        groups = list(csv.DictReader(file))
    assert (*(group["age_group"] for group in groups), "") == AGE_GROUPS
    panel = draw_panel(500, 18_987, 1105, np.random.default_rng(2))
    for group in groups:
        inside = (panel.age >= int(group["min_age"])) & (panel.age <= int(group["max_age"]))
        assert (panel.age_group[inside] == AGE_GROUPS.index(group["age_group"])).all()


def test_sessions_of_a_user_follow_one_another() -> None:
    """Against the plain definition: start when due, or when the session before is over."""
    rng = np.random.default_rng(4)
    user = np.sort(rng.integers(0, 40, 2000)).astype(np.int32)
    due = rng.integers(0, 100_000, 2000)
    order = np.lexsort((due, user))
    due, length = due[order], rng.integers(0, 3000, 2000)
    start, rank = _spread(user, due, length)
    free: dict[int, int] = {}
    seen: dict[int, int] = {}
    for each in range(2000):
        who = int(user[each])
        expected = max(int(due[each]), free.get(who, 0))
        assert (start[each], rank[each]) == (expected, seen.get(who, 0))
        free[who] = expected + int(length[each]) + PAUSE_BETWEEN_SESSIONS
        seen[who] = seen.get(who, 0) + 1


def test_a_lost_day_has_no_visits(tmp_path: Path) -> None:
    lost, path = date(2022, 2, 1), tmp_path / "log.csv"
    config = LogConfig(sessions=2_000, users=50, days=60, bad_rate=0, lost_day=lost)
    log = read(config, path, write_log(config, path))
    started: dict[tuple[str, str], datetime] = {}
    for row in log.rows:
        key = row.user, row.session
        started[key] = min(row.stamp, started.get(key, row.stamp))
    days = {stamp.date() for stamp in started.values()}
    assert days == {config.start + timedelta(days=n) for n in range(60)} - {lost}
    assert [i["start"] for i in log.truth["incidents"] if i["name"] == "lost day"] == ["2022-02-01"]
