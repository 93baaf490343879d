"""Properties of the revenue forecast that must never break, on shops made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from business_telemetry.anomalies import Panel
from business_telemetry.forecast import (
    Backtest,
    Forecast,
    backtest,
    calendar_regression,
    choose,
    forecast,
    interval_factors,
    month_weekday_index,
    reconcile,
    seasonal_naive,
)

START = np.datetime64("2022-01-01")
LEVELS = ["all", "category", "category", "city", "city", "city"]
SPECIAL_MONTHS = {0: 1.3, 8: 1.3, 11: 1.3}


def revenue(days: int = 1000, seed: int = 5, noise: float = 0.08) -> Panel:
    """Revenue of all, two categories and three cities that add up, a step up in three months of the year."""
    random = np.random.default_rng(seed)
    dates = START + np.arange(days)
    months = dates.astype("datetime64[M]").astype(int) % 12
    rate = 1e5 * np.array([1, 0.9, 0.9, 1, 1.1, 1.2, 0.9])[np.arange(days) % 7]
    rate = rate * np.array([SPECIAL_MONTHS.get(month, 1.0) for month in months])
    cells = rate * np.outer([0.36, 0.24, 0.18, 0.12, 0.06, 0.04], np.ones(days))
    cells = np.round(cells * random.gamma(1 / noise**2, noise**2, cells.shape), 2)
    y = np.vstack(
        [
            cells.sum(0),
            cells[::2].sum(0),
            cells[1::2].sum(0),
            cells[:2].sum(0),
            cells[2:4].sum(0),
            cells[4:].sum(0),
        ]
    )
    return Panel(
        dates=dates,
        metric=["revenue"] * 6,
        y=y,
        n=np.ones_like(y),
        parent=np.array([-1, 0, 0, 0, 0, 0]),
        money=np.ones(6, dtype=bool),
        partial=np.zeros(days, dtype=bool),
    )


@pytest.fixture(scope="module")
def result() -> tuple[list[Forecast], Panel]:
    whole = revenue()
    known = whole.as_of(START + 800)
    return forecast(known, LEVELS)[0], whole


def test_children_sum_to_the_total_exactly(result: tuple[list[Forecast], Panel]) -> None:
    for one in result[0]:
        assert one.p50.dtype == np.int64
        np.testing.assert_array_equal(one.p50[1:3].sum(0), one.p50[0])
        np.testing.assert_array_equal(one.p50[3:].sum(0), one.p50[0])


def test_intervals_are_ordered_and_not_negative(result: tuple[list[Forecast], Panel]) -> None:
    for one in result[0]:
        assert np.all((one.low >= 0) & (one.low <= one.p50) & (one.p50 <= one.high))


def test_origins_are_stored_and_the_last_is_the_end(result: tuple[list[Forecast], Panel]) -> None:
    forecasts = result[0]
    assert [one.origin for one in forecasts] == sorted({one.origin for one in forecasts})
    assert forecasts[-1].origin == START + 800
    assert len(forecasts) >= 5
    assert all(one.p50.shape == (6, 92) and one.dates[0] == one.origin + 1 for one in forecasts)


def test_forecast_is_close_and_covers_what_came(result: tuple[list[Forecast], Panel]) -> None:
    forecasts, whole = result
    last = forecasts[-1]
    actual = whole.y[:, 801 : 801 + 92]
    naive = seasonal_naive(whole.as_of(START + 800), 92)
    assert np.abs(actual - last.p50 / 100).sum() < 0.8 * np.abs(actual - naive).sum()
    inside = (actual >= last.low / 100) & (actual <= last.high / 100)
    assert 0.70 <= inside.mean() <= 0.90


def test_special_months_come_out_as_steps() -> None:
    known = revenue().as_of(np.datetime64("2023-11-15"))
    for run in (month_weekday_index, calendar_regression):
        days = run(known, 92)[0]
        weeks = {
            name: days[first : first + 7].mean()
            for name, first in (("nov", 8), ("dec", 16), ("jan", 50), ("feb", 79))
        }
        assert weeks["dec"] / weeks["nov"] == pytest.approx(1.3, abs=0.08)
        assert weeks["jan"] / weeks["feb"] == pytest.approx(1.3, abs=0.08)
    edge = calendar_regression(known, 92)[0]
    assert edge[15] / edge[8] > 1.2  # 1 December against a week before: no slope in between


def test_candidates_read_nothing_later() -> None:
    panel = revenue()
    day = START + 600
    other = replace(panel, y=np.where(panel.dates > day, 9e9, panel.y))
    for run in (seasonal_naive, month_weekday_index, calendar_regression):
        np.testing.assert_array_equal(run(panel.as_of(day), 92), run(other.as_of(day), 92))


def test_seasonal_naive_is_the_same_weekday_a_year_ago() -> None:
    panel = revenue(days=400)
    predicted = seasonal_naive(panel, 10)
    np.testing.assert_array_equal(predicted, panel.y[:, 400 - 364 : 410 - 364])
    assert np.isnan(seasonal_naive(revenue(days=100), 3)).all()


def test_winner_has_the_smallest_error_by_hand() -> None:
    actual = np.full((2, 1, 3), 100.0)
    test = Backtest([400, 456], {"near": actual * 0.95, "far": actual * 0.5}, actual)
    panel = revenue(days=30)
    one = replace(
        panel, metric=["revenue"], y=panel.y[:1], n=panel.n[:1], parent=np.array([-1]), money=np.array([True])
    )
    winners, accuracy = choose(test, one, ["all"])
    assert winners == {"all": "near"}
    by_name = {row.candidate: row for row in accuracy}
    assert by_name["near"].wape == pytest.approx(0.05)
    assert by_name["far"].wape == pytest.approx(0.5)
    assert by_name["near"].mase == pytest.approx(5 / np.abs(one.y[0, 7:] - one.y[0, :-7]).mean())
    assert [row.is_winner for row in accuracy] == [True, False]


def test_interval_factors_by_hand() -> None:
    actual = np.arange(1.0, 102.0).reshape(1, 1, 101)
    low, high = interval_factors(actual, np.full((1, 1, 101), 50.0))
    assert low[0] == pytest.approx(11 / 50)
    assert high[0] == pytest.approx(91 / 50, abs=0.03)
    many_zeros = np.array([0.0] * 40 + list(np.linspace(1, 100, 60))).reshape(1, 1, 100)
    low, high = interval_factors(many_zeros, np.full((1, 1, 100), 50.0))
    assert low[0] == 0.0
    assert ((many_zeros / 50 >= low[0]) & (many_zeros / 50 <= high[0])).mean() == pytest.approx(0.8, abs=0.02)


def test_reconcile_by_hand() -> None:
    p50 = np.array([[1.00], [1.0], [1.0], [1.0]])
    kopecks = reconcile(p50, ["all", "city", "city", "city"])
    assert kopecks[:, 0].tolist() == [100, 34, 33, 33]
    assert reconcile(np.array([[5.0], [0.0], [0.0]]), ["all", "city", "city"])[1:].sum() == 500


@pytest.mark.parametrize("days", [30, 200, 430])
def test_short_history_still_gives_a_forecast(days: int) -> None:
    forecasts, accuracy = forecast(revenue(days=days), LEVELS)
    assert len(forecasts) == 1 and accuracy == []
    assert forecasts[0].candidate == ["calendar_regression"] * 6
    assert np.all(forecasts[0].p50[0] > 0)
    np.testing.assert_array_equal(forecasts[0].p50[1:3].sum(0), forecasts[0].p50[0])


def test_member_without_sales_is_forecast_as_nothing() -> None:
    panel = revenue(days=500)
    y = panel.y.copy()
    y[5] = 0.0
    last = forecast(replace(panel, y=y), LEVELS)[0][-1]
    assert last.p50[5].max() <= 1
    np.testing.assert_array_equal(last.p50[3:].sum(0), last.p50[0])


def test_backtest_leaves_a_whole_horizon() -> None:
    panel = revenue(days=600)
    test = backtest(panel)
    assert max(test.origins) == 600 - 92
    assert np.isfinite(test.actual).all()
