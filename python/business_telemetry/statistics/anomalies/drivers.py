"""What moved a total: each member's signed part of actual minus expected."""

from __future__ import annotations

import numpy as np

from business_telemetry.statistics.series.panel import Floats


def additive_contributions(
    actual: Floats, expected: Floats, total_actual: float, total_expected: float
) -> tuple[Floats, float]:
    """Contributions of M members to a total's deviation, and what no member explains.

    Members' expectations are scaled to the total's (pro rata), so their deviations speak of the same whole.
    The rest is zero (up to rounding) where members add up to the total, and the overlap where they do not
    (a visitor of two categories counts in both). contributions.sum() + rest = total_actual - total_expected.
    """
    scale = total_expected / expected.sum() if expected.sum() > 0 else 0.0
    parts = actual - expected * scale
    return parts, float(total_actual - total_expected - parts.sum())


def ratio_contributions(
    numerator: Floats,
    denominator: Floats,
    total_numerator: float,
    total_denominator: float,
    expected_ratio: float,
) -> tuple[Floats, float]:
    """The same for a ratio: (num - r·den) / total den of each member, r being the total's expected ratio.

    A member contributes by how far its numerator is from what r makes of its own denominator; mix and rate
    effects are not told apart. contributions.sum() + rest = total ratio - r.
    """
    if total_denominator <= 0:
        return np.zeros(len(numerator)), 0.0
    parts = (numerator - expected_ratio * denominator) / total_denominator
    return parts, float(total_numerator / total_denominator - expected_ratio - parts.sum())
