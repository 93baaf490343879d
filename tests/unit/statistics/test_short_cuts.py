"""What is worked out in a shorter way is what the long way gives."""

from dataclasses import replace

import numpy as np
import pytest
from orders_of_days import DAY, shop
from scipy.special import ndtri, stdtr

from business_telemetry.statistics.anomalies import scan
from business_telemetry.statistics.series import CalendarDay, Panel
from business_telemetry.statistics.series.expected import expect
from business_telemetry.statistics.series.noise import cube_root, normal_score, quantiles
from business_telemetry.statistics.series.regression import FEW, block_scores, design, solve_ridge
from business_telemetry.statistics.series.special import special_days
from business_telemetry.statistics.series.turns import Deviation, Turn, beyond, inflation, without


def mixed(money: bool = False, days: int = 500, seed: int = 3) -> Panel:
    """Twenty series from two to a thousand a day, some days missing, some far off."""
    random = np.random.default_rng(seed)
    y = random.poisson(np.geomspace(2, 1000, 20)[:, None], (20, days)).astype(float)
    y[random.random(y.shape) < 0.01] *= 3
    y[random.random(y.shape) < 0.01] = np.nan
    y[3, 100:110] = 0.0
    return Panel(
        dates=np.datetime64("2022-01-01") + np.arange(days),
        metric=["orders"] * 20,
        y=y * (17.5 if money else 1.0),
        n=np.ones_like(y),
        parent=np.array([-1] + [0] * 19),
        money=np.full(20, money),
        partial=np.zeros(days, dtype=bool),
    )


def test_cube_roots_are_right_to_the_last_bits() -> None:
    x = np.concatenate([np.random.default_rng(0).gamma(0.5, 2.0, 10_000), 10.0 ** np.arange(-30, 31)])
    np.testing.assert_allclose(cube_root(x), np.cbrt(x), rtol=1e-15)
    assert cube_root(np.array([0.0]))[0] == pytest.approx(0.0, abs=1e-11)
    assert np.isnan(cube_root(np.array([np.nan]))[0])


@pytest.mark.parametrize("freedom", [10.0, 11.0, 15.0, 30.0, 1e6])
def test_normal_of_student_is_as_likely(freedom: float) -> None:
    t = np.linspace(0, 8, 400)
    known = -ndtri(stdtr(freedom, -t))
    near = known <= 6
    np.testing.assert_allclose(scan.normal_of_student(t, np.array(freedom))[near], known[near], atol=1e-6)


def test_quantiles_are_numpys_of_what_is_known() -> None:
    values = np.random.default_rng(0).normal(size=(6, 40))
    values[1, ::3] = np.nan
    values[2, 1:] = np.nan
    values[3] = np.nan
    found = quantiles(values, 0.0, 0.75, 0.98, 1.0)
    for row in (0, 1, 2, 4, 5):
        np.testing.assert_allclose(found[:, row], np.nanquantile(values[row], [0, 0.75, 0.98, 1]))
    assert np.isnan(found[:, 3]).all()
    assert np.isnan(quantiles(np.empty((2, 0)), 0.5)).all()


@pytest.mark.parametrize("days", [3, 28, 29, 300])
def test_block_scores_are_sums_of_the_nearest_four_weeks(days: int) -> None:
    score = np.random.default_rng(0).normal(size=(2, days)) * 3
    width = min(28, days)
    for day, found in enumerate(block_scores(score).T):
        start = min(max(day - width // 2, 0), days - width)
        whole = np.clip(score[:, start : start + width], -3, 3).sum(1) / np.sqrt(width)
        np.testing.assert_allclose(found, whole, atol=1e-12)


@pytest.mark.parametrize("series", [1, FEW, 7])
def test_series_of_different_designs_are_solved_as_each_alone(series: int) -> None:
    panel = shop(600)
    random = np.random.default_rng(series)
    plain = design(panel, panel.dates.astype("datetime64[M]").astype(np.int64) % 12)
    turned = plain.with_turns([Turn(200, 240, 0.3, lasts=False)])
    designs = [plain, turned] * series
    weight, target = random.gamma(2.0, 3.0, (2 * series, 600)), random.normal(size=(2 * series, 600))
    found, effect = solve_ridge(designs, weight, target, 1)
    for row, x in enumerate(designs):
        normal = (x.columns.T * weight[row]) @ x.columns + np.diag(x.prior[1] ** -2.0)
        known = np.linalg.solve(normal, x.columns.T @ (weight[row] * target[row]))
        np.testing.assert_allclose(found[row, : len(known)], known, atol=1e-9)
        np.testing.assert_allclose(effect[row], x.columns @ known, atol=1e-9)
        assert not found[row, len(known) :].any()


def test_effects_of_special_days_are_those_of_all_days() -> None:
    days = [np.datetime64("2022-01-05") + day * DAY for day in range(4)]
    panel = replace(
        shop(60), calendar=[CalendarDay(day, f"{number // 2}") for number, day in enumerate(days)]
    )
    special, random = special_days(panel), np.random.default_rng(0)
    change, weight = random.normal(size=(4, 60)), random.gamma(2.0, 1.0, (4, 60))
    found = special.effects(change[:, special.on], weight[:, special.on], 0.5)
    known = (weight * change) @ special.days.T / (weight @ special.days.T + 4)
    np.testing.assert_allclose(found, known)
    np.testing.assert_allclose(special.spread(found, np.arange(4)), known @ special.days)


@pytest.mark.parametrize("turn", [Turn(300, 600, 0.0, lasts=True), Turn(100, 140, 0.0, lasts=False)])
def test_what_a_turn_leaves_is_what_a_fit_beside_it_leaves(turn: Turn) -> None:
    panel, random = shop(600), np.random.default_rng(1)
    x = design(panel, panel.dates.astype("datetime64[M]").astype(np.int64) % 12)
    weight = random.gamma(2.0, 50.0, 600)
    weight[50:60] = 0.0
    series = Deviation(x.columns, x.prior[0], weight, random.normal(0, 0.1, 600) + 0.2 * turn.column(600))
    left = beyond(series, *without(series), turn)
    np.testing.assert_allclose(left, without(series.beside(turn))[1], atol=1e-9)
    assert inflation(weight, left) == pytest.approx(inflation(weight, without(series.beside(turn))[1]))


@pytest.mark.parametrize("money", [False, True])
@pytest.mark.parametrize("days", [40, 500])
def test_no_interval_that_pays_is_passed_over(money: bool, days: int) -> None:
    """The intervals kept without their scores being worked out are none that could have been chosen."""
    panel = mixed(money, days)
    eligible = np.isfinite(panel.y)
    found = scan.deviations(panel, expect(panel, panel.observed), eligible, eligible, False).interval
    lengths, series, last = np.indices(found.shape)
    every = found[lengths, series, last]
    total = [np.diff(part, axis=1) for part in found.sums]
    for index, row, day in [(0, 4, 7), (1, 0, 30), (6, 3, 25), (9, 19, 39), (3, 5, 1)]:
        first = day + 1 - int(scan.LENGTHS[index])
        if first < 0 or not eligible[row, first] or not eligible[row, day]:
            assert np.isnan(every[index, row, day])
            continue
        value, mean, variance, doubt = (float(part[row, first : day + 1].sum()) for part in total)
        noise = np.array([[variance + doubt**2]])
        alone = normal_score(np.array([[value]]), np.array([[mean]]), noise, panel.power[:1])[0, 0]
        known = found.own[row, day] if index == 0 else alone / found.scale[row, index]
        assert every[index, row, day] == pytest.approx(known)
    limit = np.where(scan.LENGTHS == 1, scan.DAY_CLIP, np.inf)[:, None, None]
    price = (scan.PENALTY + scan.DAY_PENALTY * scan.LENGTHS)[:, None, None]
    gain = np.nan_to_num(np.minimum(np.abs(every), limit) ** 2 - price, nan=-1.0)
    kept = np.zeros(gain.shape, dtype=np.bool_)
    for rows in scan.blocks(20):
        kept[scan.candidates(found, rows)] = True
    assert (gain > 0).any()
    assert not (gain[~kept] > 0).any()
    assert kept.mean() < 0.3
    whole = []
    for row in range(20):
        end, length = np.nonzero(gain[:, row].T > 0)
        whole.append(scan.best_chain(end + 1, scan.LENGTHS[length], gain[length, row, end]))
    assert scan.best_intervals(found) == whole
