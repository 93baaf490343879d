"""Campaign effects: the estimate by hand, and its error rates on simulated shops."""

import math
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from business_telemetry.statistics.campaigns import (
    PRE_DAYS,
    Effect,
    estimate,
    interval_margin,
    log_changes,
    measure,
    placebo_dates,
    rank_p,
    window_sums,
)

MACRO = Path(__file__).parents[3] / "macros" / "campaign_baseline_days.sql"


def test_dbt_and_python_agree_on_the_baseline() -> None:
    assert re.findall(r"^\s+(\d+)$", MACRO.read_text(), re.MULTILINE) == [str(PRE_DAYS)]


def test_effect_is_the_ratio_of_ratios_of_matched_weekdays() -> None:
    """Weekends of 20 become 30 where treated, and 40 become 44 elsewhere; other days are noise."""
    days = np.arange(PRE_DAYS + 7)
    weekend = days % 7 >= 5
    treated = np.where(weekend, 20.0, 999.0)
    control = np.where(weekend, 40.0, 5.0)
    start = PRE_DAYS + 5
    treated[start:] = [30.0, 30.0]
    control[start:] = [44.0, 44.0]
    found = estimate(treated[None], control[None], start, 2)
    assert found.effect == pytest.approx(math.log((30 / 20) / (44 / 40)), rel=1e-12)


def test_odd_lengths_weigh_each_weekday_by_its_days() -> None:
    """Nine days from a Monday: two Mondays, two Tuesdays and one of each other day."""
    week = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
    days = np.tile(week, 10)
    days[PRE_DAYS:] *= 3
    change = log_changes(window_sums(days[None], np.array([PRE_DAYS]), 9))
    assert change[0, 0] == pytest.approx(math.log(3), rel=1e-12)


def test_a_season_without_control_is_taken_for_an_effect_and_with_control_is_not() -> None:
    season = np.ones((6, 300))
    season[:, 200:230] *= 1.3
    alone = estimate(season, None, 200, 30)
    assert asdict(alone) == pytest.approx(asdict(Effect(effect=math.log(1.3))), nan_ok=True)
    compared = estimate(season[:2], season[2:], 200, 30)
    assert compared.effect == pytest.approx(0, abs=1e-12)
    assert compared.p_dates == 1


def test_placebo_windows_keep_off_the_campaign_and_its_weekday() -> None:
    dates = placebo_dates(days=400, start=200, length=10)
    assert all((date - 200) % 7 == 0 for date in dates)
    for date in dates:
        window = set(range(date - PRE_DAYS, date + 10))
        assert not window & set(range(200, 210))
        assert min(window) >= 0
        assert max(window) < 400
    assert len(dates) == 19 + 18  # 60, 67, ..., 186 and 270, 277, ..., 389


def test_p_and_interval_tell_the_same() -> None:
    placebos = np.array([*range(1, 40)], dtype=float)
    assert rank_p(38.5, placebos) == 2 / 40
    assert rank_p(37.5, placebos) == 3 / 40
    assert interval_margin(placebos) == 38.0
    assert math.isnan(interval_margin(placebos[:18]))
    assert interval_margin(placebos[:19]) == 19.0


def test_a_campaign_outside_the_log_is_refused() -> None:
    with pytest.raises(ValueError, match="needs days -1 to 61"):
        estimate(np.ones((1, 100)), np.ones((1, 100)), PRE_DAYS - 1, 7)
    with pytest.raises(ValueError, match="there are 60"):
        estimate(np.ones((1, 60)), np.ones((1, 60)), PRE_DAYS, 7)


def frame(days: int, starts_on: str, ends_on: str, roles: dict[str, str], revenue: float) -> pd.DataFrame:
    dates = pd.date_range("2022-01-03", periods=days)
    return pd.DataFrame(
        [
            {
                "campaign": "c",
                "role": role,
                "city": city,
                "event_date": date,
                "is_reached": False,
                "revenue": revenue,
                "order_count": 0,
                "starts_on": pd.Timestamp(starts_on),
                "ends_on": pd.Timestamp(ends_on),
            }
            for city, role in roles.items()
            for date in dates
        ]
    )


@pytest.mark.parametrize(
    ("ends_on", "roles", "status"),
    [
        ("2022-03-10", {"A": "treated", "B": "control"}, "measured"),
        ("2022-12-31", {"A": "treated", "B": "control"}, "preliminary"),
        ("2022-03-10", {"A": "treated"}, "descriptive"),
        ("2022-03-10", {"B": "control"}, "insufficient"),
    ],
)
def test_status(ends_on: str, roles: dict[str, str], status: str) -> None:
    found = measure(frame(90, "2022-03-01", ends_on, roles, 5.0)).set_index("kpi")
    assert found.loc["revenue", "status"] == status
    assert found.loc["orders", "status"] == "insufficient", "there are no orders"


def test_another_campaign_in_the_baseline_is_no_loss_of_this_one() -> None:
    """It adds 60 % for two of the eight weeks; weekends sell double, so weekdays count each for itself."""
    days = np.arange(150)
    usual = np.where(days % 7 >= 5, 20.0, 10.0)
    start, other = 100, slice(72, 86)
    treated, control = np.tile(usual, (3, 1)), np.tile(2 * usual, (5, 1))
    treated[:, other] *= 1.6
    free = np.ones(PRE_DAYS, dtype=bool)
    assert estimate(treated, control, start, 14, free).effect == pytest.approx(-math.log(1.15))
    free[72 - (start - PRE_DAYS) : 86 - (start - PRE_DAYS)] = False
    assert estimate(treated, control, start, 14, free).effect == pytest.approx(0, abs=1e-12)
    treated[:, start : start + 3] *= 1.2
    assert estimate(treated, control, start, 3, free).effect == pytest.approx(math.log(1.2))
    # days that are left out say nothing, whichever weekdays they were
    free[::7] = False
    assert math.isnan(estimate(treated, control, start, 14, free).effect)
    assert math.isnan(estimate(treated, None, start, 14, free).effect)


def test_campaigns_that_share_days_and_cities_are_told() -> None:
    days = frame(120, "2022-03-14", "2022-03-20", {"A": "treated", "B": "control"}, 5.0)
    dates, is_treated = days["event_date"], days["role"] == "treated"
    days.loc[is_treated & dates.between("2022-02-01", "2022-02-10"), "revenue"] = 50.0
    days["is_reached"] = dates.between("2022-02-01", "2022-02-10")
    found = measure(days).set_index("kpi").loc["revenue"]
    assert (found["status"], found["effect"]) == ("measured", pytest.approx(0, abs=1e-12))
    days["is_reached"] |= dates == "2022-03-20"
    assert measure(days).set_index("kpi").loc["revenue", "status"] == "overlapping"
    days["is_reached"] = dates == "2022-03-21"
    assert measure(days).set_index("kpi").loc["revenue", "status"] == "measured"


def test_a_campaign_too_early_or_in_the_future_is_insufficient() -> None:
    for first in ("2022-01-10", "2032-01-10"):
        found = measure(frame(90, first, "2032-01-20", {"A": "treated", "B": "control"}, 5.0))
        assert set(found["status"]) == {"insufficient"}


def test_no_campaigns_give_an_empty_table_with_all_columns() -> None:
    empty = measure(frame(1, "2022-01-10", "2022-01-20", {"A": "treated"}, 5.0).iloc[:0])
    assert len(empty) == 0
    assert "p_dates" in empty


SHARES = np.array([28, 13, 8, 7, 6, 5, 5, 4, 4, 4, 2, 2, 2, 2, 1.5, 1.5, 1, 1, 1, 1, 0.5, 0.5])


def simulated_shop(rng: np.random.Generator, days: int = 450) -> np.ndarray:
    """Revenue by city and day: weekdays, seasons and shocks common to all, Poisson orders, skewed values."""
    week = np.array([0.97, 0.96, 0.97, 0.98, 1.01, 1.06, 1.05])[np.arange(days) % 7]
    season = np.where(np.arange(days) // 45 % 3 == 1, 1.3, 1.0)
    shock = np.exp(0.05 * rng.standard_normal(days))
    orders = rng.poisson(np.outer(SHARES / SHARES.sum() * 60, week * season * shock))
    return np.where(orders > 0, rng.gamma(np.maximum(orders, 1) * 0.8, 10_000.0), 0.0)


def simulate(lift: float, campaigns: int, seed: int) -> list[Effect]:
    found = []
    for number in range(campaigns):
        rng = np.random.default_rng([seed, number])
        revenue = simulated_shop(rng)
        cities = rng.permutation(len(revenue))
        size, length, start = int(rng.integers(3, 9)), int(rng.integers(7, 15)), int(rng.integers(150, 300))
        treated, control = revenue[cities[:size]], revenue[cities[size:]]
        treated[:, start : start + length] *= 1 + lift
        found.append(estimate(treated, control, start, length))
    return found


@pytest.mark.slow
def test_campaigns_without_effect_alarm_in_one_of_twenty() -> None:
    """300 campaigns that change nothing: 15 alarms are expected, 4 to 26 lie within three deviations."""
    found = simulate(lift=0.0, campaigns=300, seed=1)
    by_date = sum(each.p_dates <= 0.05 for each in found)
    by_city = sum(each.p_cities <= 0.05 for each in found)
    assert 4 <= by_date <= 26
    assert 4 <= by_city <= 26
    assert abs(np.mean([each.effect for each in found])) < 0.05
    assert all((each.p_dates <= 0.05) == (each.lower > 0 or each.upper < 0) for each in found)


@pytest.mark.slow
def test_a_planted_effect_is_found_within_its_interval() -> None:
    """200 campaigns of +60 %: the interval holds the truth in 95 % (three standard deviations: 90 %)."""
    truth = math.log(1.6)
    found = simulate(lift=0.6, campaigns=200, seed=2)
    assert np.mean([each.lower <= truth <= each.upper for each in found]) >= 0.90
    assert np.mean([each.effect > 0 for each in found]) >= 0.95
    assert np.mean([each.p_dates <= 0.05 for each in found]) >= 0.6
