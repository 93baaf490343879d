"""Properties of the revenue forecast that must never break, on shops made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from orders_of_days import DAY, START

from business_telemetry.statistics.forecast import (
    WEIGHTED,
    Forecast,
    Predictions,
    accuracies,
    forecast,
    interval_factors,
    predict,
    reconcile,
)
from business_telemetry.statistics.forecast.candidates import FOLLOWING, candidates, seasonal_naive
from business_telemetry.statistics.series import Panel

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
def result() -> tuple[Predictions, Forecast, Panel]:
    whole = revenue()
    past = predict(whole.as_of(START + 800 * DAY), LEVELS)
    return past, forecast(past), whole


def test_children_sum_to_the_total_exactly(result: tuple[Predictions, Forecast, Panel]) -> None:
    p50 = result[1].p50
    assert p50.dtype == np.int64
    np.testing.assert_array_equal(p50[:, 1:3].sum(1), p50[:, 0])
    np.testing.assert_array_equal(p50[:, 3:].sum(1), p50[:, 0])


def test_intervals_are_ordered_and_not_negative(result: tuple[Predictions, Forecast, Panel]) -> None:
    one = result[1]
    assert np.all((one.low >= 0) & (one.low <= one.p50) & (one.p50 <= one.high))


def test_origins_end_with_the_end_of_the_log(result: tuple[Predictions, Forecast, Panel]) -> None:
    past, forecasts, _ = result
    assert past.origins[-1] == START + 800 * DAY
    assert len(past.origins) >= 5 and np.all(np.diff(past.origins).astype(int) > 0)
    assert forecasts.p50.shape == (len(past.origins), 6, 92)


def test_forecast_is_close_and_covers_what_came(result: tuple[Predictions, Forecast, Panel]) -> None:
    _, forecasts, whole = result
    actual = whole.y[:, 801 : 801 + 92]
    naive = seasonal_naive(whole.as_of(START + 800 * DAY), 92)
    assert np.abs(actual - forecasts.p50[-1] / 100).sum() < 0.8 * np.abs(actual - naive).sum()
    inside = (actual >= forecasts.low[-1] / 100) & (actual <= forecasts.high[-1] / 100)
    assert 0.70 <= inside.mean() <= 0.90


def test_special_months_come_out_as_steps() -> None:
    known = revenue().as_of(np.datetime64("2023-11-15"))
    predicted, _ = candidates(known, 92)
    for name in ("month_weekday_index", "calendar_regression"):
        days = predicted[name][0]
        weeks = {
            name: days[first : first + 7].mean()
            for name, first in (("nov", 8), ("dec", 16), ("jan", 50), ("feb", 79))
        }
        assert weeks["dec"] / weeks["nov"] == pytest.approx(1.3, abs=0.08)
        assert weeks["jan"] / weeks["feb"] == pytest.approx(1.3, abs=0.08)
    edge = predicted["calendar_regression"][0]
    assert edge[15] / edge[8] > 1.2  # 1 December against a week before: no slope in between


def test_candidates_read_nothing_later() -> None:
    panel = revenue()
    day = START + 600 * DAY
    other = replace(panel, y=np.where(panel.dates > day, 9e9, panel.y))
    one, two = candidates(panel.as_of(day), 92)[0], candidates(other.as_of(day), 92)[0]
    for name, predicted in one.items():
        np.testing.assert_array_equal(predicted, two[name])


def test_seasonal_naive_is_the_same_weekday_a_year_ago() -> None:
    panel = revenue(days=400)
    predicted = seasonal_naive(panel, 10)
    np.testing.assert_array_equal(predicted, panel.y[:, 400 - 364 : 410 - 364])
    assert np.isnan(seasonal_naive(revenue(days=100), 3)).all()


def test_winner_has_the_smallest_error_by_hand() -> None:
    came = np.full((2, 1, 3), 100.0)
    actual = np.concatenate([came, np.full((1, 1, 3), np.nan)])
    values = {"near": np.full((3, 1, 3), 95.0), "far": np.full((3, 1, 3), 50.0)}
    past = Predictions(START + np.array([400, 456, 512]), ["all"], values, actual, np.array([20.0]))
    rows = {row.candidate: row for row in accuracies(past)}
    assert {row.origins for row in rows.values()} == {2}
    assert rows["near"].wape == pytest.approx(0.05)
    assert rows["far"].wape == pytest.approx(0.5)
    assert rows["near"].mase == pytest.approx(5 / 20)
    assert rows["near"].is_winner and not rows["far"].is_winner
    assert forecast(past).candidate == WEIGHTED
    np.testing.assert_array_equal(forecast(past).p50[-1, 0], 9500)


def test_each_origin_is_weighted_by_the_errors_of_the_others() -> None:
    """Errors of 20 and 40 elsewhere: shares of 2**8 and 1 in 257. The worse one at each origin, nearly."""
    actual = np.array([[[100.0]], [[100.0]], [[100.0]], [[np.nan]]])
    values = {
        "one": np.array([[[100.0]], [[80.0]], [[80.0]], [[100.0]]]),
        "two": np.array([[[70.0]], [[90.0]], [[90.0]], [[10.0]]]),
    }
    past = Predictions(START + np.array([1, 2, 3, 4]), ["all"], values, actual, np.array([1.0]))
    rows = {row.candidate: row for row in accuracies(past)}
    assert rows["one"].is_winner and not rows[WEIGHTED].is_winner
    assert rows["one"].wape == pytest.approx(40 / 300)
    first, later = (256 * 70 + 100) / 257, (256 * 80 + 90) / 257
    assert rows[WEIGHTED].wape == pytest.approx((300 - first - 2 * later) / 300)
    one, two = 40.0**-8, 50.0**-8  # from the log's end all three origins tell
    assert forecast(past).p50[-1, 0, 0] == round(100 * (100 * one + 10 * two) / (one + two))
    assert forecast(past).p50[0, 0, 0] == round(100 * first)


def test_only_the_follower_predicts_from_the_end_of_a_log_whose_level_has_changed() -> None:
    panel = revenue(days=900)
    changed = replace(panel, y=np.where(panel.dates >= panel.dates[-14], panel.y * 0.5, panel.y))
    for here, left in ((panel, set(candidates(panel, 92)[0])), (changed, {FOLLOWING})):
        past = predict(here, LEVELS)
        last = {name for name, values in past.values.items() if np.isfinite(values[-1]).all()}
        assert last == left
        before = {name for name, values in past.values.items() if np.isfinite(values[-2]).all()}
        assert before == set(past.values)


def test_interval_factors_by_hand() -> None:
    """One origin counts as one error: a factor is taken to the power of sqrt(2)."""
    wide = np.sqrt(2)
    actual = np.arange(1.0, 26.0).reshape(1, 1, 25)
    low, high = interval_factors(actual, np.full((1, 1, 25), 10.0))
    assert low[0] == pytest.approx((3.4 / 10) ** wide)
    assert high[0] == pytest.approx((np.quantile(actual, 3 / 25 + 0.8) / 10) ** wide)
    many_zeros = np.array([0.0] * 10 + list(np.linspace(1, 100, 15))).reshape(1, 1, 25)
    low, high = interval_factors(many_zeros, np.full((1, 1, 25), 50.0))
    assert low.max() == 0.0
    assert (many_zeros[0] <= 50 * high).mean() >= 0.8


@pytest.mark.parametrize(
    ("compared", "origins"), [((92, 92), 2.0), ((92, 46), 1.5), ((92, 0), 1.0), ((23, 23, 69), 1.25)]
)
def test_an_origin_counts_as_the_part_of_the_horizon_it_was_compared_over(
    compared: tuple[int, ...], origins: float
) -> None:
    actual = np.full((len(compared), 1, 92), np.nan)
    for one, days in enumerate(compared):
        actual[one, 0, :days] = np.resize([50.0, 100.0, 150.0], days)
    low, high = interval_factors(actual, np.full(actual.shape, 100.0))
    assert low[0, 0] == pytest.approx(0.5 ** np.sqrt(1 + 1 / origins))
    assert high[0, 0] == pytest.approx(1.5 ** np.sqrt(1 + 1 / origins))


def test_band_grows_beyond_the_days_that_were_compared() -> None:
    actual = np.full((1, 1, 92), np.nan)
    actual[0, 0, :23] = np.linspace(50, 150, 23)
    low, high = interval_factors(actual, np.full((1, 1, 92), 100.0))
    assert high[0, 91] == pytest.approx(high[0, 22] ** 2)
    assert low[0, 91] == pytest.approx(low[0, 22] ** 2)


def test_reconcile_by_hand() -> None:
    p50 = np.array([[1.00], [1.0], [1.0], [1.0]])
    kopecks = reconcile(p50, ["all", "city", "city", "city"])
    assert kopecks[:, 0].tolist() == [100, 34, 33, 33]
    assert reconcile(np.array([[5.0], [0.0], [0.0]]), ["all", "city", "city"])[1:].sum() == 500


@pytest.mark.parametrize("days", [30, 90, 200, 430])
def test_short_history_still_gives_a_forecast(days: int) -> None:
    past = predict(revenue(days=days), LEVELS)
    one = forecast(past)
    assert (len(past.origins) == 1) == (days == 30)
    assert len(past.origins) <= 8
    assert np.all(one.p50[-1, 0] > 0)
    np.testing.assert_array_equal(one.p50[-1, 1:3].sum(0), one.p50[-1, 0])


def test_bands_of_a_short_history_hold_what_comes() -> None:
    inside = []
    for seed in range(3):
        whole = revenue(days=190, seed=seed)
        one = forecast(predict(whole.as_of(START + 119 * DAY), LEVELS))
        actual = whole.y[:, 120:148]
        inside.append((actual >= one.low[-1, :, :28] / 100) & (actual <= one.high[-1, :, :28] / 100))
    assert 0.7 <= np.mean(inside) <= 0.95


def test_forecast_follows_a_level_that_changed_two_weeks_ago() -> None:
    panel = revenue(days=700)
    y = panel.y.copy()
    y[:, 640:] *= 0.7
    one = forecast(predict(replace(panel, y=y).as_of(START + 655 * DAY), LEVELS))
    actual = y[:, 656:700]
    error = np.abs(actual - one.p50[-1, :, :44] / 100)[0].sum() / actual[0].sum()
    assert error < 0.15


def test_member_without_sales_is_forecast_as_nothing() -> None:
    panel = revenue(days=500)
    y = panel.y.copy()
    y[5] = 0.0
    last = forecast(predict(replace(panel, y=y), LEVELS)).p50[-1]
    assert last[5].max() <= 1
    np.testing.assert_array_equal(last[3:].sum(0), last[0])


def test_backtest_leaves_a_whole_horizon() -> None:
    panel = revenue(days=600)
    past = predict(panel, LEVELS)
    assert past.origins[-2] == panel.dates[600 - 92 - 1]
    assert np.isfinite(past.actual[:-1]).all() and np.isnan(past.actual[-1]).all()


@pytest.mark.parametrize("days", [2000, 3650])
def test_ten_years_without_noise_are_no_trouble(days: int) -> None:
    """Weights of noise-free days once left a normal matrix that could not be inverted."""
    rate = 1e5 * np.array([1, 0.9, 0.9, 1, 1.1, 1.2, 0.9])
    y = np.tile(rate[np.arange(days) % 7], (2, 1))
    panel = Panel(
        dates=START + np.arange(days),
        metric=["revenue"] * 2,
        y=y,
        n=np.ones_like(y),
        parent=np.array([-1, 0]),
        money=np.ones(2, dtype=bool),
        partial=np.zeros(days, dtype=bool),
    )
    made = forecast(predict(panel, ["all", "category"])).p50[-1, 0]
    np.testing.assert_allclose(made / 100, rate[np.arange(days, days + 92) % 7], rtol=0.01)


def test_an_error_of_nothing_sold_has_no_size() -> None:
    actual = np.array([[[0.0, 0.0]], [[np.nan, np.nan]]])
    values = {"one": np.full((2, 1, 2), 3.0)}
    past = Predictions(START + np.array([100, 156]), ["all"], values, actual, np.array([0.0]))
    rows = accuracies(replace(past, values=values | {"calendar_regression": values["one"]}))
    assert all(np.isnan(row.wape) and np.isnan(row.mase) for row in rows)
