"""What all segments share on a day, and seasons that do not keep to months, on hand-made shops."""

from dataclasses import replace

import numpy as np
import pytest
from orders_of_days import change, shop

from business_telemetry.statistics.anomalies import score
from business_telemetry.statistics.anomalies.detect import look_up
from business_telemetry.statistics.anomalies.scan import (
    LENGTHS,
    Deviations,
    Interval,
    Intervals,
    own_scores,
    weighted_median,
)
from business_telemetry.statistics.series import Panel
from business_telemetry.statistics.series.expected import Expected, expect
from business_telemetry.statistics.series.noise import normal_score
from business_telemetry.statistics.series.special import Special


def flat(ratios: list[float]) -> tuple[Panel, Expected]:
    """A total of 1000 and five segments of 200 expected on two days, and the second day's ratios to it."""
    panel = shop(days=2)
    mean = np.repeat([[1000.0], *[[200.0]] * 5], 2, axis=1)
    y = mean.copy()
    y[1:, 1] *= ratios
    y[0] = y[1:].sum(0)
    full = replace(
        panel,
        metric=["orders"] * 6,
        y=y,
        n=np.ones_like(y),
        parent=np.array([-1, 0, 0, 0, 0, 0]),
        money=np.zeros(6, dtype=bool),
    )
    return full, Expected(mean, mean.copy(), np.zeros_like(mean))


def both(panel: Panel, expected: Expected) -> tuple[np.ndarray, np.ndarray]:
    day = normal_score(panel.y, expected.mean, expected.variance, panel.power)
    return day[:, 1], own_scores(panel, expected, panel.observed, day)[:, 1]


def test_a_shock_of_the_whole_shop_counts_half_in_its_segments() -> None:
    day, own = both(*flat([1.4] * 5))
    assert np.all(day > 5)
    assert own[0] == day[0]
    assert np.allclose(own[1:], day[1:] / 2, atol=0.1)


def test_what_a_segment_alone_shows_stays_its_own() -> None:
    day, own = both(*flat([0.4, 1.0, 1.01, 0.99, 1.0]))
    assert own[1] == pytest.approx(day[1])
    day, own = both(*flat([1.4, 1.4, 2.2, 1.4, 1.4]))
    expected = normal_score(
        np.array([[440.0]]), np.array([[280.0]]), np.array([[200 * 1.4**2]]), np.array([[2 / 3]])
    )
    assert own[3] == pytest.approx((expected[0, 0] + day[3]) / 2)
    assert np.all(np.abs(own) <= np.abs(day))


def test_weighted_median_by_hand() -> None:
    values = np.array([[3.0, 1.0], [1.0, 5.0], [2.0, 9.0]])
    weight = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 5.0]])
    assert weighted_median(values, weight).tolist() == [2.0, 9.0]


def test_one_city_that_is_half_of_the_shop_is_still_seen() -> None:
    result = score(change(shop(), [1], slice(600, 601), 0.3))
    assert result.event[1, 600] >= 0


def test_a_metric_is_looked_up_apart_from_the_others() -> None:
    """Twenty series of one metric with the incident, twenty of another at p = .01 to .96."""
    count = 20
    panel = replace(
        shop(days=3),
        metric=["sessions"] * count + ["conversion"] * count,
        y=np.ones((2 * count, 3)),
        n=np.ones((2 * count, 3)),
        parent=np.full(2 * count, -1),
        money=np.zeros(2 * count, dtype=bool),
    )
    day = np.zeros((2 * count, 3))
    day[:count, 2] = -6.0
    day[count:, 2] = -np.linspace(2.575, 0.05, count)
    nothing = np.zeros((2 * count, 4))
    none = Intervals(
        *(np.zeros(day.shape), (nothing,) * 4, np.zeros(day.shape, dtype=np.bool_)),
        *(panel.power, np.ones((2 * count, len(LENGTHS)))),
    )
    found = Deviations(day, none)
    item = Interval(0, 2, 3, -8.0, 1e-15)
    rows = {one.series for one in look_up(panel, [item], found, np.ones(day.shape, dtype=np.bool_))}
    assert rows == set(range(count))


def yearly(first: int, length: int, factor: float, days: int = 1100) -> Panel:
    """A shop that is busier every year from the same day on."""
    panel = shop(days)
    season = np.mod(np.arange(days) - first, 365.25) < length
    return replace(panel, y=np.round(panel.y * np.where(season, factor, 1.0)))


def test_a_season_that_begins_in_the_middle_of_a_month_is_learned() -> None:
    panel = yearly(220, 26, 1.3)
    expected = expect(panel, panel.observed)
    [turn] = [one for one in expected.turns[0] if one.yearly]
    assert abs(turn.start - 220) <= 3 and abs(turn.end - 246) <= 3
    inside = np.mod(np.arange(1100) - 223, 365.25) < 20
    ratio = panel.y[0] / expected.mean[0]
    assert ratio[inside].mean() == pytest.approx(1.0, abs=0.02)
    assert not score(panel).events


def test_an_incident_within_such_a_season_is_found() -> None:
    found = score(change(yearly(220, 26, 1.3), slice(None), slice(592, 606), 0.7))
    assert (found.event[0, 592:606] >= 0).mean() > 0.8


@pytest.mark.parametrize("days", [560, 1100])
def test_one_long_incident_is_no_season(days: int) -> None:
    panel = change(shop(days), slice(None), slice(400, 426), 1.3)
    assert not [one for one in expect(panel, panel.observed).turns.get(0, []) if one.yearly]


def test_the_doubt_about_an_effect_falls_with_the_days_that_showed_it() -> None:
    days = np.zeros((2, 100))
    days[0, :3], days[1, 40:100] = 1.0, 1.0
    doubt = Special(days, np.array([[1.0, 1.0], [0.0, 1.0]])).doubt(0.12, 30.0)
    assert doubt[0, 0] == pytest.approx(0.12 * np.sqrt(30 / 33))
    assert doubt[0, 50] == pytest.approx(0.12 * np.sqrt(30 / 90))
    assert doubt[1, 0] == 0.0 and doubt[0, 20] == 0.0
