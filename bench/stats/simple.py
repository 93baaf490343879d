"""The simple methods that ours is measured against, with usual defaults. Values: S × T, NaN = missing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from bench.stats.protocol import Signs
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def flags_of(score: Floats, limit: float) -> Signs:
    """Signs of the scores beyond the limit."""
    clear = np.abs(np.nan_to_num(score)) > limit
    return (np.sign(np.nan_to_num(score)) * clear).astype(np.int8)


def global_z(values: Floats, season: int) -> Signs:
    """Distance from the mean of all days over 3 standard deviations (the seed project's rule)."""
    centre, spread = np.nanmean(values, 1, keepdims=True), np.nanstd(values, 1, keepdims=True)
    return flags_of((values - centre) / np.maximum(spread, 1e-9), 3.0)


def rolling_z(values: Floats, season: int) -> Signs:
    """Distance from the mean of the four seasons (28 days) before over 3 of their standard deviations."""
    width = 4 * season
    score = np.zeros(values.shape)
    if values.shape[1] > width:
        past = sliding_window_view(values[:, :-1], width, axis=1)
        score[:, width:] = (values[:, width:] - np.nanmean(past, 2)) / np.maximum(np.nanstd(past, 2), 1e-9)
    return flags_of(score, 3.0)


def mad_score(values: Floats) -> Floats:
    """Distance from the median in median absolute deviations (scaled to a standard deviation)."""
    away = values - np.nanmedian(values, 1, keepdims=True)
    return away / np.maximum(1.4826 * np.nanmedian(np.abs(away), 1, keepdims=True), 1e-9)


def mad(values: Floats, season: int) -> Signs:
    """Modified z-score over 3.5 (Iglewicz & Hoaglin 1993)."""
    return flags_of(mad_score(values), 3.5)


def stl_mad(values: Floats, season: int) -> Signs:
    """Remainder of a seasonal-trend decomposition, modified z-score over 3.5.

    The decomposition is STL's in structure (Cleveland et al. 1990), twice: seasonal = medians by position in
    the season, trend = moving median of 13 seasons; without its local regressions.
    """
    trend, seasonal = np.zeros(values.shape), np.zeros(values.shape)
    half = 13 * season // 2
    for _ in range(2):
        padded = np.pad(
            values - seasonal, ((0, 0), (half, half)), mode="reflect" if values.shape[1] > half else "edge"
        )
        trend = np.nanmedian(sliding_window_view(padded, 2 * half + 1, axis=1)[:, :, ::season], 2)
        for part in range(season):
            seasonal[:, part::season] = np.nanmedian((values - trend)[:, part::season], 1, keepdims=True)
    return flags_of(mad_score(values - trend - seasonal), 3.5)


METHODS: dict[str, Callable[[Floats, int], Signs]] = {
    "global z > 3 (seed project)": global_z,
    "rolling z > 3, 28 days": rolling_z,
    "MAD > 3.5": mad,
    "STL-like + MAD > 3.5": stl_mad,
}
