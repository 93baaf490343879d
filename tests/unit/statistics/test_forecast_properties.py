"""No series whatever breaks the forecast or the anomaly scores: sparse, short, constant, empty, spiky."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from business_telemetry.statistics.anomalies import score
from business_telemetry.statistics.forecast import accuracies, forecast, interval_factors, predict
from business_telemetry.statistics.series import Panel

SHAPES = ("sparse", "constant", "zero", "spiky", "three days", "gaps", "weekly closed", "huge")
LEVELS = ["all", "category", "category", "city"]


def series(shape: str, days: int, random: np.random.Generator) -> np.ndarray:
    """One series of a shape that real shops have."""
    y = random.gamma(2, 100, days)
    if shape == "sparse":
        y *= random.random(days) < 0.05
    elif shape == "constant":
        y[:] = 7.0
    elif shape == "zero":
        y[:] = 0.0
    elif shape == "spiky":
        y[random.random(days) < 0.03] *= 1e4
    elif shape == "three days":
        y[:] = np.isin(np.arange(days), random.integers(0, days, 3)) * 500.0
    elif shape == "gaps":
        y[random.random(days) < 0.3] = np.nan
    elif shape == "weekly closed":
        y[::7] = 0.0
    elif shape == "huge":
        y *= 1e9
    return y


def panel(shapes: list[str], days: int, seed: int) -> Panel:
    """A total and three members, not all of which need to add up."""
    random = np.random.default_rng(seed)
    members = np.array([series(shape, days, random) for shape in shapes])
    y = np.vstack([np.nansum(members, axis=0), members])
    return Panel(
        dates=np.datetime64("2022-01-01") + np.arange(days),
        metric=["revenue"] * 4,
        y=y,
        n=np.ones_like(y),
        parent=np.array([-1, 0, 0, 0]),
        money=np.ones(4, dtype=bool),
        partial=np.zeros(days, dtype=bool),
    )


SHOPS = st.builds(
    panel, st.lists(st.sampled_from(SHAPES), min_size=3, max_size=3), st.integers(1, 520), st.integers(0, 999)
)
SLOWLY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.mark.slow
@SLOWLY
@given(SHOPS)
def test_every_shop_has_a_forecast(shop: Panel) -> None:
    past = predict(shop, LEVELS, horizon=35)
    one = forecast(past)
    accuracies(past)
    assert np.all((one.low >= 0) & (one.low <= one.p50) & (one.p50 <= one.high))
    np.testing.assert_array_equal(one.p50[:, 1:3].sum(1), one.p50[:, 0])
    np.testing.assert_array_equal(one.p50[:, 3], one.p50[:, 0])


@SLOWLY
@given(SHOPS)
def test_every_shop_is_scored(shop: Panel) -> None:
    result = score(shop)
    for name in ("score", "p_value", "q_value", "lower", "upper", "expected"):
        assert np.isfinite(getattr(result, name)).all(), name
    assert np.all((result.lower <= result.expected) & (result.expected <= result.upper))
    assert np.all(result.event[~result.is_tested] == -1)


@given(st.integers(0, 6), st.integers(0, 999))
def test_intervals_of_a_few_errors(known: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    actual = np.full((2, 1, 5), np.nan)
    actual.ravel()[random.permutation(10)[:known]] = random.gamma(1, 100, known)
    low, high = interval_factors(actual, np.full((2, 1, 5), 90.0))
    assert np.all((low >= 0) & (low <= 1) & (high >= 1) & np.isfinite(high))
