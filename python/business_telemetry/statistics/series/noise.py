"""How much a value may differ from its mean, and how unusual a difference is."""

from __future__ import annotations

import numpy as np

from business_telemetry.statistics.series.panel import Floats

QUARTILE = 1.1503  # 75th percentile of a standard normal's absolute value
NOTHING = 1e-9  # means up to this are none


def noise(mean: Floats, phi: Floats, seen: Floats, exponent: Floats) -> Floats:
    """R × T variances: dispersion times a power of the mean (Tweedie 1984), anchored at the mean level."""
    centre = ((seen * mean).sum(1) / np.maximum(seen.sum(1), 1) + 1e-9)[:, None]
    ratio = mean / centre
    variance: Floats = phi[:, None] * centre * np.where(exponent > 1, ratio * np.sqrt(ratio), ratio)
    return variance + 1e-6 * mean * mean + 1e-12  # nothing is known better than to 0.1 %


def first_dispersion(y: Floats, mean: Floats, seen: Floats, exponent: Floats, lag: int) -> Floats:
    """R starting dispersions: upper quartiles of the week-on-week change, free of season and trend.

    The mean square where even that quartile is 0: a series of rare events.
    """
    unit = y / np.sqrt(noise(mean, np.ones(len(y)), seen, exponent))
    change = np.where(
        (seen[:, lag:] > 0) & (seen[:, :-lag] > 0), np.abs(unit[:, lag:] - unit[:, :-lag]), np.nan
    )
    start = np.ones(len(y))
    for row in np.flatnonzero(np.isfinite(change).any(1)):
        typical = np.nanquantile(change[row], 0.75) / QUARTILE
        start[row] = (typical**2 or float(np.nanmean(change[row] ** 2))) / 2
    return np.maximum(start, 0.1)


def normal_score(y: Floats, mean: Floats, variance: Floats, power: Floats) -> Floats:
    """Standard normal scores of y, allowing for skewness; 0 where nothing is expected.

    (y/mean)^k is nearly normal with mean 1 - cv²/9 and standard deviation k·cv, with k = 1/3 for gamma
    amounts (Wilson & Hilferty 1931) and k = 2/3 for counts (Anscombe 1953). Half a unit (variance/mean)
    of continuity correction keeps sparse counts honest.
    """
    known = np.maximum(mean, NOTHING)
    cv2 = np.maximum(variance, NOTHING**2) / (known * known)
    ratio = y / known
    ratio += np.clip(1.0 - ratio, -0.5 * cv2, 0.5 * cv2)
    root = np.cbrt(ratio)
    root = np.where(power > 0.5, root * root, root)
    score = (root - 1.0 + cv2 / 9.0) / (power * np.sqrt(cv2))
    return np.where(mean > NOTHING, score, 0.0)


def band(mean: Floats, variance: Floats, power: Floats, width: Floats | float) -> tuple[Floats, Floats]:
    """The values whose `normal_score` is -width and +width; the mean is always between them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        cv = np.sqrt(variance) / mean
        low, high = (
            np.maximum(1 - cv**2 / 9 + side * width * power * cv, 0.0) ** (1 / power) + side * cv**2 / 2
            for side in (-1, 1)
        )
    known = mean > NOTHING
    return np.where(known, mean * np.clip(low, 0.0, 1.0), 0.0), np.where(
        known, mean * np.maximum(high, 1.0), mean
    )
