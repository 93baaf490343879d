"""Drivers: contributions by hand, and their sum."""

import numpy as np
import pytest

from business_telemetry.statistics.anomalies import additive_contributions, ratio_contributions


def test_contributions_by_hand() -> None:
    parts, rest = additive_contributions(
        np.array([60.0, 30.0, 10.0]), np.array([80.0, 30.0, 10.0]), 100.0, 120.0
    )
    np.testing.assert_allclose(parts, [-20.0, 0.0, 0.0])
    assert rest == pytest.approx(0.0)


def test_overlapping_members_leave_the_overlap_as_rest() -> None:
    parts, rest = additive_contributions(np.array([70.0, 60.0]), np.array([70.0, 60.0]), 100.0, 100.0)
    assert parts.sum() + rest == pytest.approx(0.0)
    assert rest == pytest.approx(-30.0)


def test_ratio_contributions_by_hand() -> None:
    # expected 10 %: the first member converts 5 % of 100, the second 10 % of 100
    parts, rest = ratio_contributions(np.array([5.0, 10.0]), np.array([100.0, 100.0]), 15.0, 200.0, 0.1)
    np.testing.assert_allclose(parts, [-0.025, 0.0])
    assert rest == pytest.approx(0.0)


def test_sums_are_the_whole_on_random_members() -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        actual, expected = random.gamma(2, 50, 9), random.gamma(2, 50, 9)
        parts, rest = additive_contributions(actual, expected, actual.sum(), 900.0)
        assert parts.sum() + rest == pytest.approx(actual.sum() - 900.0, rel=1e-12, abs=1e-9)
        den = actual + expected
        parts, rest = ratio_contributions(actual, den, actual.sum(), den.sum(), 0.4)
        assert parts.sum() + rest == pytest.approx(actual.sum() / den.sum() - 0.4, rel=1e-12, abs=1e-12)


def test_empty_whole() -> None:
    parts, rest = ratio_contributions(np.array([0.0]), np.array([0.0]), 0.0, 0.0, 0.1)
    assert parts.tolist() == [0.0] and rest == 0.0
    parts, rest = additive_contributions(np.array([5.0]), np.array([0.0]), 5.0, 0.0)
    assert parts.tolist() == [5.0] and rest == 0.0
