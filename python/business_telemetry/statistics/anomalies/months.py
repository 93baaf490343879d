"""Months beside what they were expected to be: the same expectation as the days', summed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from business_telemetry.statistics.anomalies import scan
from business_telemetry.statistics.anomalies.detect import Q_LEVEL
from business_telemetry.statistics.anomalies.events import BAND
from business_telemetry.statistics.series.noise import QUARTILE, band, normal_score
from business_telemetry.statistics.series.panel import Bools, Floats, Ints, powers

MIN_DAYS = 14  # days of a month that must have been tested before the month is judged
MIN_MONTHS = 4  # judged months from which a series tells how its months scatter


@dataclass(frozen=True)
class MonthSums:
    """R months of series, each the sum over its observed days, of which there is one at least.

    Attributes:
        series: R numbers from 0, equal within a series, whose rows stand together in this order.
        metric: R metric names.
        money: R flags, true where `actual` is a sum of amounts.
        actual: R sums of the values; of ratios those of the numerators.
        denominator: R numbers of days; of ratios sums of denominators.
        expected: R sums of what the days were scored against, in the unit of `actual`.
        noise_variance: R sums of the days' variances, which are independent.
        doubt: R sums of the standard deviations of `expected`, which are not.
        tested_days: R numbers of days that were scored.
    """

    series: Ints
    metric: NDArray[np.str_]
    money: Bools
    actual: Floats
    denominator: Floats
    expected: Floats
    noise_variance: Floats
    doubt: Floats
    tested_days: Floats


@dataclass(frozen=True)
class Months:
    """R results: values per observed whole day (ratios as ratios)."""

    actual: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    is_odd: Bools
    score: Floats


def months(sums: MonthSums) -> Months:
    """Judge each month of each series by the sum of its observed days.

    Doubt about the mean does not average out over a month, noise does; what the months of a series scatter
    more than that widens its band. Odd months are chosen at the false-discovery rate of the days.
    """
    y, mean, power = sums.actual, sums.expected, powers(sums.money)
    variance = sums.noise_variance + sums.doubt**2
    judged = sums.tested_days >= MIN_DAYS
    judged &= np.bincount(sums.series, judged)[sums.series] >= MIN_MONTHS
    score = np.where(judged, normal_score(y, mean, variance, power), 0.0)
    scale = month_scales(score, judged, sums)
    lower, upper = band(mean, variance * scale**2, power, BAND)
    q_value = np.ones(y.shape)
    q_value[judged] = scan.false_discovery(scan.two_sided((score / scale)[judged]))
    return Months(
        actual=y / sums.denominator,
        expected=mean / sums.denominator,
        lower=lower / sums.denominator,
        upper=upper / sums.denominator,
        is_odd=(q_value <= Q_LEVEL) & ((y < lower) | (y > upper)),
        score=score / scale,
    )


def month_scales(score: Floats, judged: Bools, sums: MonthSums) -> Floats:
    """R factors, at least 1, by which a series' months scatter more than was said (upper quartile)."""
    _, first = np.unique(sums.series, return_index=True)
    scales = np.ones(len(first))
    for row, (sizes, is_judged) in enumerate(
        zip(np.split(np.abs(score), first[1:]), np.split(judged, first[1:]), strict=True)
    ):
        if is_judged.any():
            scales[row] = max(1.0, float(np.quantile(sizes[is_judged], 0.75)) / QUARTILE)
    spread: Floats = scan.pooled(scales, sums.metric[first])[sums.series]
    return spread
