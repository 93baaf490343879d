"""How much a value may differ from its mean, and how unusual a difference is."""

from __future__ import annotations

import numpy as np

from business_telemetry.statistics.series.panel import Floats

QUARTILE = 1.1503  # 75th percentile of a standard normal's absolute value
NOTHING = 1e-9  # means up to this are none


def unit_noise(mean: Floats, seen: Floats, exponent: Floats) -> Floats:
    """R × T powers of the mean (Tweedie 1984), anchored at the mean level of the days `seen`."""
    centre = ((seen * mean).sum(1) / np.maximum(seen.sum(1), 1) + 1e-9)[:, None]
    ratio = mean / centre
    np.multiply(ratio, np.sqrt(ratio), out=ratio, where=exponent > 1)
    unit: Floats = centre * ratio
    return unit


def noise(mean: Floats, phi: Floats, unit: Floats) -> Floats:
    """R × T variances: dispersion times `unit_noise`; nothing is known better than to 0.1 %."""
    variance: Floats = phi[:, None] * unit
    variance += 1e-6 * mean * mean + 1e-12
    return variance


def first_dispersion(y: Floats, mean: Floats, seen: Floats, exponent: Floats, lag: int) -> Floats:
    """R starting dispersions: upper quartiles of the week-on-week change, free of season and trend.

    The mean square where even that quartile is 0: a series of rare events.
    """
    unit = y / np.sqrt(noise(mean, np.ones(len(y)), unit_noise(mean, seen, exponent)))
    change = np.where(
        (seen[:, lag:] > 0) & (seen[:, :-lag] > 0), np.abs(unit[:, lag:] - unit[:, :-lag]), np.nan
    )
    count = np.isfinite(change).sum(1)
    typical = quantiles(change, 0.75)[0] / QUARTILE
    mean_square = np.nansum(change**2, axis=1) / np.maximum(count, 1)
    start = np.where(typical > 0, typical**2, mean_square) / 2
    return np.maximum(np.where(count > 0, start, 1.0), 0.1)


def quantiles(values: Floats, *probabilities: float | Floats) -> Floats:
    """K × R quantiles of R × T values, NaN = unknown, linear between neighbours (Hyndman & Fan 1996, type 7).

    A probability may differ by row. NaN where nothing is known.
    """
    ordered = np.sort(np.pad(values, ((0, 0), (0, 1)), constant_values=np.nan), axis=1)  # NaN last
    most = np.maximum(np.isfinite(values).sum(1) - 1, 0)
    rows, found = np.arange(len(values)), []
    for one in probabilities:
        place = one * most
        low = place.astype(np.int64)
        below, above = ordered[rows, low], ordered[rows, np.minimum(low + 1, most)]
        found.append(below + (above - below) * (place - low))
    return np.array(found)


def normal_score(y: Floats, mean: Floats, variance: Floats, power: Floats) -> Floats:
    """Standard normal scores of y, allowing for skewness; 0 where nothing is expected.

    (y/mean)^k is nearly normal with mean 1 - cv²/9 and standard deviation k·cv, with k = 1/3 for gamma
    amounts (Wilson & Hilferty 1931) and k = 2/3 for counts (Anscombe 1953). Half a unit (variance/mean)
    of continuity correction keeps sparse counts honest.
    """
    # a fifth of all scoring is spent here: results go into the arrays that are no longer needed
    known = np.maximum(mean, NOTHING)
    cv2 = np.maximum(variance, NOTHING**2)
    cv2 /= known
    cv2 /= known
    ratio = y / known
    correction, half = 1.0 - ratio, 0.5 * cv2
    np.minimum(correction, half, out=correction)
    np.maximum(correction, np.negative(half, out=half), out=correction)
    ratio += correction
    score = cube_root(ratio)
    np.multiply(score, score, out=score, where=power > 0.5)
    score -= 1.0
    score += cv2 / 9.0
    np.sqrt(cv2, out=cv2)
    score /= power * cv2
    np.copyto(score, 0.0, where=~(mean > NOTHING))
    return score


def cube_root(x: Floats) -> Floats:
    """Cube roots of values of 0 or more, to the last bit or two, in a third of numpy's time.

    A root in single precision, for which processors have vector instructions, and one step of Halley's
    method, which triples the number of right digits: y (y³ + 2x) / (2y³ + x). NaN stays NaN.
    """
    bounded = np.clip(x, 1e-36, 1e36)
    single = bounded.astype(np.float32)
    np.log(single, out=single)
    single /= np.float32(3)
    root = np.exp(single, out=single).astype(np.float64)
    cube = root * root
    cube *= root
    below = cube + bounded
    below += cube
    cube += bounded
    cube += bounded
    root *= cube
    root /= below
    return root


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
