"""Readout of controlled experiments at a fixed horizon, by intent to treat.

Every assigned user counts in the variant of the assignment, whether or not the user was ever seen. The split
is checked first: when users are not divided as planned (sample ratio mismatch), nothing else is reported,
since what broke the split broke the comparison too.

- Revenue per user: Welch's t-test on revenue as it is, with the noise that revenue before the experiment
  explains taken out (CUPED: y - theta (x - mean x), theta = cov(x, y) / var x; x is cut off at its 99th
  percentile, which any covariate from before may be). Where a few users bring most of the money its
  interval is
  wide, and rightly so.
- Capped revenue per user: the same on revenue cut off at its 99th percentile. Its effect is not the effect on
  revenue: it says whether most users changed, and decides nothing about money.
- Buyers: z-test of two proportions, pooled for the p-value and unpooled for the interval.
- p-values of an experiment, but for capped revenue, are adjusted together by Holm's method.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr, ndtri, stdtr, stdtrit

Floats = NDArray[np.float64]

#: Below this the split is called broken; strict, because every experiment is checked.
SRM_ALARM: Final = 0.001
WINSOR_QUANTILE: Final = 0.99
ALPHA: Final = 0.05
POWER: Final = 0.8
CAPPED: Final = "capped_revenue_per_user"
METRICS: Final = ("revenue_per_user", CAPPED, "buyer_share")


@dataclass(frozen=True)
class Comparison:
    """A variant against the control, in the metric's unit.

    Attributes:
        effect: Difference of means or shares.
        lower, upper: Its 95 % interval.
        p_value: Two-sided.
        mde: Smallest effect that a test of this size and noise finds with 80 % power.
    """

    effect: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    p_value: float = math.nan
    mde: float = math.nan


def srm_p_value(counts: Floats, planned_shares: Floats) -> float:
    """Chi-square p-value of the split against the planned one; 1 without two variants or without users."""
    total = counts.sum()
    if len(counts) < 2 or total == 0:
        return 1.0
    expected = planned_shares / planned_shares.sum() * total
    statistic = ((counts - expected) ** 2 / expected).sum()  # Pearson 1900
    return float(chdtrc(len(counts) - 1, statistic))


def winsorise(values: Floats) -> Floats:
    """Values cut off at their 99th percentile, taken over all variants together.

    Where that is 0, since less than one user in a hundred bought, at that of the values above 0.
    """
    for some in (values, values[values > 0]):
        if len(some) and (cap := float(np.quantile(some, WINSOR_QUANTILE))) > 0:
            return np.minimum(values, cap)
    return values


def cuped(after: Floats, before: Floats) -> Floats:
    """`after` without the part that `before` explains; the mean of all users stays."""
    centred = before - before.mean() if len(before) else before
    variance = float(centred @ centred)
    if variance == 0:
        return after
    return np.asarray(after - (centred @ (after - after.mean())) / variance * centred)


def welch(variant: Floats, control: Floats) -> Comparison:
    """Welch's t-test of two means; NaN with fewer than two users on a side or without any variation."""
    if min(len(variant), len(control)) < 2:
        return Comparison()
    parts = np.array([side.var(ddof=1) / len(side) for side in (variant, control)])
    error = math.sqrt(parts.sum())
    if error == 0:
        return Comparison()
    freedom = parts.sum() ** 2 / (parts**2 / (np.array([len(variant), len(control)]) - 1)).sum()
    effect = float(variant.mean() - control.mean())
    margin = float(stdtrit(freedom, 1 - ALPHA / 2)) * error
    p_value = 2 * float(stdtr(freedom, -abs(effect) / error))
    return Comparison(effect, effect - margin, effect + margin, p_value, _detectable(error))


def proportions_z(variant: tuple[int, int], control: tuple[int, int]) -> Comparison:
    """z-test of two proportions, each given as (successes, users); NaN where nobody or everybody succeeds."""
    (hits, users), (control_hits, control_users) = variant, control
    if not users or not control_users:
        return Comparison()
    share, control_share = hits / users, control_hits / control_users
    pooled = (hits + control_hits) / (users + control_users)
    pooled_error = math.sqrt(pooled * (1 - pooled) * (1 / users + 1 / control_users))
    if pooled_error == 0:
        return Comparison()
    effect = share - control_share
    error = math.sqrt(share * (1 - share) / users + control_share * (1 - control_share) / control_users)
    margin = float(ndtri(1 - ALPHA / 2)) * error
    p_value = 2 * float(ndtr(-abs(effect) / pooled_error))
    return Comparison(effect, effect - margin, effect + margin, p_value, _detectable(pooled_error))


def holm(p_values: Floats) -> Floats:
    """Holm's adjusted p-values; NaN stays NaN and does not count."""
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _detectable(error: float) -> float:
    return float(ndtri(1 - ALPHA / 2) + ndtri(POWER)) * error


COLUMNS: Final = (
    *("experiment", "variant", "metric", "status", "user_count", "excluded_user_count", "mean_value"),
    *("effect", "lower", "upper", "p_value", "p_holm", "mde", "srm_p_value"),
)


def read_out(users: pd.DataFrame, variants: pd.DataFrame) -> pd.DataFrame:
    """Readout of all experiments, one row per experiment, variant and metric.

    Args:
        users: One row per experiment and assigned user: experiment, variant, is_excluded (assigned to several
            variants, or to one that is not planned), revenue, order_count, revenue_before.
        variants: One row per experiment and variant: experiment, variant, is_control, planned_share, ends_on,
            last_date (last day of the log; missing when there is none).

    Returns:
        COLUMNS. `status` is 'blocked' (broken split: no figures), 'preliminary' (the log does not go on after
        the planned end, whose day may not be whole), 'final', or 'empty' (a variant has no users). The
        control's own rows have a mean and no comparison.

    Raises:
        ValueError: an experiment has no control, or more than one.
    """
    rows: list[dict[str, object]] = []
    for experiment, plan in variants.groupby("experiment", observed=True, sort=True):
        rows += _read_one(str(experiment), plan, users[users["experiment"] == experiment])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _read_one(experiment: str, plan: pd.DataFrame, users: pd.DataFrame) -> list[dict[str, object]]:
    controls = plan.loc[plan["is_control"], "variant"].tolist()
    if len(controls) != 1:
        raise ValueError(
            f"seeds/examples/experiments.csv: experiment {experiment!r} has {len(controls)} control variants;"
            " give is_control = true to exactly one"
        )
    excluded = int(users["is_excluded"].sum())
    users = users[~users["is_excluded"].astype(bool)]
    names = plan["variant"].astype(str).tolist()
    variant = users["variant"].astype(str).to_numpy()
    counts = np.array([np.count_nonzero(variant == name) for name in names], dtype=float)
    srm = srm_p_value(counts, plan["planned_share"].to_numpy(dtype=float))
    over = plan["last_date"].iloc[0] > plan["ends_on"].iloc[0]
    status = (
        "empty" if counts.min() == 0 else "blocked" if srm < SRM_ALARM else "final" if over else "preliminary"
    )

    before = winsorise(users["revenue_before"].to_numpy(dtype=float))
    plain = users["revenue"].to_numpy(dtype=float)
    money = {"revenue_per_user": cuped(plain, before), CAPPED: cuped(winsorise(plain), before)}
    bought = users["order_count"].to_numpy(dtype=float) > 0
    control = variant == str(controls[0])
    rows = []
    for name, count in zip(names, counts, strict=True):
        own = variant == name
        shown = status not in ("blocked", "empty")
        means = {name: values[own] for name, values in money.items()} | {"buyer_share": bought[own]}
        compared = {metric: Comparison() for metric in METRICS}
        if shown and name != str(controls[0]):
            compared = {name: welch(values[own], values[control]) for name, values in money.items()}
            compared["buyer_share"] = proportions_z(_hits(bought[own]), _hits(bought[control]))
        for metric in METRICS:
            rows.append(
                {
                    "experiment": experiment,
                    "variant": name,
                    "metric": metric,
                    "status": status,
                    "user_count": int(count),
                    "excluded_user_count": excluded,
                    "mean_value": float(means[metric].mean()) if shown else math.nan,
                    **asdict(compared[metric]),
                    "srm_p_value": srm,
                }
            )
    adjusted = holm(
        np.array([math.nan if row["metric"] == CAPPED else row["p_value"] for row in rows], dtype=float)
    )
    return [row | {"p_holm": p} for row, p in zip(rows, adjusted, strict=True)]


def _hits(flags: NDArray[np.bool_]) -> tuple[int, int]:
    return int(flags.sum()), len(flags)
