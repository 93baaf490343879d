"""Months beside what they were expected to be: the same expectation as the days', summed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from business_telemetry.statistics.anomalies import scan
from business_telemetry.statistics.anomalies.detect import Q_LEVEL
from business_telemetry.statistics.anomalies.events import BAND
from business_telemetry.statistics.series.expected import Expected
from business_telemetry.statistics.series.noise import QUARTILE, band, normal_score
from business_telemetry.statistics.series.panel import Bools, Floats, Ints, Panel

MIN_DAYS = 14  # days of a month that must have been tested before the month is judged
MIN_MONTHS = 4  # judged months from which a series tells how its months scatter


@dataclass(frozen=True)
class Months:
    """S × M results: values per observed whole day (ratios as ratios), NaN in a month without any."""

    month: NDArray[np.datetime64]
    actual: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    observed_days: Ints
    is_odd: Bools
    score: Floats


def months(panel: Panel, expected: Expected, tested: Bools) -> Months:
    """Judge each month of each series by the sum of its observed days.

    Doubt about the mean does not average out over a month, noise does; what the months of a series scatter
    more than that widens its band. Odd months are chosen at the false-discovery rate of the days.

    Args:
        panel: the series, without what is later than the day to judge as of.
        expected: what the panel's days were scored against.
        tested: S × T flags of the panel's scores.
    """
    month = panel.dates.astype("datetime64[M]")
    names = np.unique(month)
    member = (month[:, None] == names).astype(float)

    def sums(values: Floats) -> Floats:
        """S × M sums over the observed days."""
        total: Floats = np.where(panel.observed, values, 0.0) @ member
        return total

    y, mean, n = sums(panel.y), sums(expected.mean), sums(panel.n)
    variance = sums(expected.variance) + sums(expected.doubt * expected.mean) ** 2
    judged = sums(tested.astype(float)) >= MIN_DAYS
    judged &= judged.sum(1, keepdims=True) >= MIN_MONTHS
    score = np.where(judged, normal_score(y, mean, variance, panel.power), 0.0)
    scale = month_scales(score, judged, np.asarray(panel.metric))[:, None]
    lower, upper = band(mean, variance * scale**2, panel.power, BAND)
    q_value = np.ones(y.shape)
    q_value[judged] = scan.false_discovery(scan.two_sided((score / scale)[judged]))
    per_day = np.where(n > 0, n, np.nan)
    return Months(
        month=names,
        actual=y / per_day,
        expected=mean / per_day,
        lower=lower / per_day,
        upper=upper / per_day,
        observed_days=sums(np.ones(panel.y.shape)).astype(np.int64),
        is_odd=(q_value <= Q_LEVEL) & ((y < lower) | (y > upper)),
        score=score / scale,
    )


def month_scales(score: Floats, judged: Bools, metric: NDArray[np.str_]) -> Floats:
    """S factors, at least 1, by which months scatter more than noise and doubt say (upper quartile)."""
    scales = np.ones(len(score))
    for row in np.flatnonzero(judged.any(1)):
        scales[row] = max(1.0, float(np.quantile(np.abs(score[row, judged[row]]), 0.75)) / QUARTILE)
    return scan.pooled(scales, metric)
