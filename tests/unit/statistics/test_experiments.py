"""Experiment readout: each formula by independent computation, error rates on simulated splits."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from business_telemetry.statistics.experiments import (
    CAPPED,
    SRM_ALARM,
    cuped,
    holm,
    proportions_z,
    read_out,
    srm_p_value,
    welch,
    winsorise,
)


def test_srm_of_two_arms_is_erfc() -> None:
    """With two arms chi-square has one degree of freedom: p = erfc(sqrt(chi2 / 2))."""
    chi2 = (560 - 500) ** 2 / 500 * 2
    p_value = srm_p_value(np.array([560.0, 440.0]), np.array([0.5, 0.5]))
    assert p_value == pytest.approx(math.erfc(math.sqrt(chi2 / 2)), rel=1e-9)
    assert p_value < SRM_ALARM
    assert srm_p_value(np.array([90.0, 910.0]), np.array([0.1, 0.9])) > 0.2
    assert srm_p_value(np.array([0.0, 0.0]), np.array([0.5, 0.5])) == 1


def test_welch_agrees_with_scipy() -> None:
    rng = np.random.default_rng(1)
    variant, control = rng.gamma(1, 5, 40), rng.gamma(2, 2, 90)
    found = welch(variant, control)
    expected = stats.ttest_ind(variant, control, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), rel=1e-9)
    error = math.sqrt(variant.var(ddof=1) / 40 + control.var(ddof=1) / 90)
    assert found.mde == pytest.approx((1.959964 + 0.841621) * error, rel=1e-6)


def test_proportions_by_hand() -> None:
    """30 of 100 against 20 of 100: pooled share 1/4, z = 0.1 / sqrt(0.25 * 0.75 * 0.02)."""
    found = proportions_z((30, 100), (20, 100))
    z = 0.1 / math.sqrt(0.25 * 0.75 * 0.02)
    assert found.p_value == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-9)
    error = math.sqrt(0.3 * 0.7 / 100 + 0.2 * 0.8 / 100)
    assert found.lower == pytest.approx(0.1 - 1.959964 * error, rel=1e-6)
    assert math.isnan(proportions_z((0, 100), (0, 50)).p_value)


def test_holm_by_hand() -> None:
    """Sorted 0.01, 0.02, 0.04: 0.03, then 0.04, then 0.04; the missing one does not count."""
    adjusted = holm(np.array([0.04, 0.01, np.nan, 0.02]))
    assert adjusted[[0, 1, 3]] == pytest.approx([0.04, 0.03, 0.04])
    assert math.isnan(adjusted[2])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])


def test_winsorise_cuts_the_top_percent_only() -> None:
    values = np.arange(1, 102, dtype=float)
    values[-1] = 1e9
    assert winsorise(values).max() == 100.0
    assert (winsorise(values)[:100] == values[:100]).all()


def test_where_few_buy_their_own_top_percent_is_cut() -> None:
    values = np.concatenate([np.zeros(99_800), np.arange(1.0, 101.0), np.full(100, 50.0)])
    bought = values[values > 0]
    np.testing.assert_array_equal(winsorise(values), np.minimum(values, np.quantile(bought, 0.99)))
    assert winsorise(values).max() < 100.0 == values.max()
    np.testing.assert_array_equal(winsorise(np.zeros(5)), np.zeros(5))


def test_cuped_takes_out_what_the_past_explains() -> None:
    before = np.array([1.0, 2.0, 3.0, 4.0])
    assert cuped(10 + 5 * before, before) == pytest.approx([22.5] * 4)
    assert cuped(before, np.zeros(4)) == pytest.approx(before)
    rng = np.random.default_rng(2)
    before = rng.normal(0, 1, 2_000)
    after = 0.8 * before + 0.6 * rng.normal(0, 1, 2_000)
    adjusted = cuped(after, before)
    assert adjusted.mean() == pytest.approx(after.mean(), abs=1e-12)
    assert adjusted.var() == pytest.approx(
        after.var() * (1 - np.corrcoef(before, after)[0, 1] ** 2), rel=1e-9
    )


def plan(last_date: str = "2022-12-31", shares: tuple[float, ...] = (0.5, 0.5)) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "experiment": "e",
            "variant": list("ABC"[: len(shares)]),
            "is_control": [True, *[False] * (len(shares) - 1)],
            "planned_share": shares,
            "ends_on": pd.Timestamp("2022-03-31"),
            "last_date": pd.Timestamp(last_date),
        }
    )


def people(
    variants: str, revenue: np.ndarray | None = None, before: np.ndarray | None = None
) -> pd.DataFrame:
    size = len(variants)
    revenue = np.zeros(size) if revenue is None else revenue
    return pd.DataFrame(
        {
            "experiment": "e",
            "variant": list(variants),
            "is_excluded": [each == "x" for each in variants],
            "revenue": revenue,
            "order_count": (revenue > 0).astype(int),
            "revenue_before": np.zeros(size) if before is None else before,
        }
    )


def test_a_broken_split_withholds_every_figure_and_counts_the_excluded() -> None:
    found = read_out(people("A" * 560 + "B" * 440 + "x" * 7, np.arange(1007.0)), plan())
    assert set(found["status"]) == {"blocked"}
    assert set(found["excluded_user_count"]) == {7}
    assert found.groupby("variant")["user_count"].first().to_dict() == {"A": 560, "B": 440}
    assert found[["mean_value", "effect", "p_value", "p_holm", "mde"]].isna().all(axis=None)
    assert found["srm_p_value"].max() < SRM_ALARM


@pytest.mark.parametrize(
    ("last_date", "variants", "status"),
    [
        ("2022-04-01", "AABB", "final"),
        ("2022-03-31", "AABB", "preliminary"),
        ("2022-03-30", "AABB", "preliminary"),
        ("2022-03-31", "AAA", "empty"),
        ("2022-03-31", "", "empty"),
        ("NaT", "AABB", "preliminary"),
    ],
)
def test_status(last_date: str, variants: str, status: str) -> None:
    assert set(read_out(people(variants), plan(last_date))["status"]) == {status}


def test_no_experiments_give_an_empty_table() -> None:
    found = read_out(people(""), plan().iloc[:0])
    assert found.empty
    assert "p_holm" in found


def test_an_experiment_has_one_control() -> None:
    with pytest.raises(ValueError, match="'e' has 2 control variants"):
        read_out(people("AB"), plan().assign(is_control=True))


def test_readout_of_three_variants_adjusts_for_all_four_comparisons() -> None:
    rng = np.random.default_rng(5)
    found = read_out(people("ABC" * 200, rng.gamma(1, 100, 600)), plan(shares=(1 / 3, 1 / 3, 1 / 3)))
    capped = found["metric"] == CAPPED
    assert found.loc[capped & (found["variant"] != "A"), "p_value"].notna().all()
    assert found.loc[capped, "p_holm"].isna().all()
    compared = found[(found["variant"] != "A") & ~capped]
    assert compared["p_holm"].to_numpy() == pytest.approx(holm(compared["p_value"].to_numpy()), nan_ok=True)
    assert found.loc[found["variant"] == "A", "effect"].isna().all()


def simulated_users(rng: np.random.Generator, users: int = 1_200) -> tuple[np.ndarray, np.ndarray]:
    """Revenue of two periods: a user's own level, many zeros, heavy tails."""
    level = rng.lognormal(0, 0.7, users)
    periods = [np.where(rng.random(users) < 0.7, level * rng.lognormal(9, 1.0, users), 0.0) for _ in range(2)]
    return periods[0], periods[1]


def simulate(gift: float, experiments: int, seed: int) -> pd.DataFrame:
    rows = []
    for number in range(experiments):
        rng = np.random.default_rng([seed, number])
        before, after = simulated_users(rng)
        split = np.where(rng.random(len(after)) < 0.5, "A", "B")
        after = np.where(split == "B", after + gift, after)
        found = read_out(people("".join(split), after, before), plan())
        rows.append(found[(found["variant"] == "B") & (found["metric"] == "revenue_per_user")])
    return pd.concat(rows)


@pytest.mark.slow
def test_same_shop_for_both_halves_alarms_in_one_of_twenty() -> None:
    """300 A/A splits: 15 alarms are expected, 4 to 26 lie within three deviations; Holm's are fewer."""
    found = simulate(gift=0.0, experiments=300, seed=3)
    assert 4 <= (found["p_value"] <= 0.05).sum() <= 26
    assert (found["p_holm"] <= 0.05).sum() <= 20
    assert (found["srm_p_value"] < SRM_ALARM).sum() <= 3
    covered = (found["lower"] <= 0) & (found["upper"] >= 0)
    assert covered.mean() >= 0.92


@pytest.mark.slow
def test_a_planted_effect_is_found_as_often_as_promised() -> None:
    """Every user of B pays one MDE more: found in 80 % of 200 experiments, inside the interval in 95 %.

    Bounds are three standard deviations of the simulation.
    """
    gift = float(simulate(gift=0.0, experiments=20, seed=5)["mde"].mean())
    found = simulate(gift=gift, experiments=200, seed=4)
    assert (found["effect"] > 0).mean() >= 0.99
    assert 0.71 <= (found["p_value"] <= 0.05).mean() <= 0.89
    assert ((found["lower"] <= gift) & (found["upper"] >= gift)).mean() >= 0.91
