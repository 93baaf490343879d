"""Labelled shop logs from the project's generator, as panels with their truth."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from business_telemetry.statistics.series import CalendarDay, Panel
from shop_simulator import DailyLog, Effect, LogConfig, simulate_daily

RATIOS = {"conversion": ("orders", "sessions"), "average_order_value": ("revenue", "orders")}
MONEY = {"revenue", "cart_value", "notebook_value", "average_order_value"}
VOLUME = {"sessions": "sessions", "users": "sessions", "conversion": "sessions"}  # of the others: orders
HOLIDAYS = Path(__file__).parents[2] / "seeds" / "holidays.csv"
DAYS = 1105
MIN_DAY_SHIFT, MIN_SNR, TOUCHED = 1.25, 4.0, 0.1


@dataclass(frozen=True)
class Label:
    """An incident in one series: its days, those clear enough to judge, and its sign."""

    series: int
    kind: str
    sign: int
    days: NDArray[np.int64]
    judged: NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """A panel, its labels, the planted shift of every day in sigmas (S × T), and who has 50 units a day."""

    panel: Panel
    labels: list[Label]
    shift: NDArray[np.float64]
    is_high: NDArray[np.bool_]


def holiday_calendar() -> list[CalendarDay]:
    """The holidays seed: a name's days of one month and day share their effect."""
    with HOLIDAYS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [CalendarDay(np.datetime64(row["date"]), row["name"] + row["date"][4:]) for row in rows]


def promotion_calendar(promotion: Effect, segments: list[tuple[str, str]]) -> list[CalendarDay]:
    """The days of a promotion, for all series but the cities and categories that it leaves out."""
    chosen = {"city": promotion.cities, "category": promotion.categories}
    scope = tuple(
        row for row, (kind, name) in enumerate(segments) if not chosen.get(kind) or name in chosen[kind]
    )
    days = np.arange(np.datetime64(promotion.start), np.datetime64(promotion.end) + 1)
    return [CalendarDay(day, f"promotion {promotion.start} {scope}", scope) for day in days]


def draw(seed: int, config: dict[str, object]) -> DailyLog:
    """Daily series of a shop of the published size."""
    return simulate_daily(LogConfig(sessions=1150 * DAYS, days=DAYS, seed=seed, **config))  # type: ignore[arg-type]


def labelled(log: DailyLog) -> Labelled:
    """All metrics and segments of a log as one panel with its truth."""
    metric: list[str] = []
    segments: list[tuple[str, str]] = []
    parent: list[int] = []
    y, n, shift, volume = [], [], [], []
    for name in log.values:
        top = len(metric)
        over, under = RATIOS.get(name, (name, None))
        for row, segment in enumerate(log.segments):
            metric.append(name)
            segments.append(segment)
            parent.append(-1 if row == 0 else top)
            y.append(log.values[over][row])
            n.append(log.values[under][row] if under else np.ones(len(log.days)))
            size = log.effect[name][row] * log.expected[name][row]
            sigma = log.sigma[name][row]
            shift.append(np.divide(size, sigma, out=np.zeros(len(size)), where=sigma > 0))
            volume.append(float(np.nanmean(log.values[VOLUME.get(name, "orders")][row])))
    calendar = holiday_calendar()
    for promotion in log.promotions:
        calendar += promotion_calendar(promotion, segments)
    panel = Panel(
        dates=log.days.astype("datetime64[D]"),
        metric=metric,
        y=np.array(y),
        n=np.array(n),
        parent=np.array(parent),
        money=np.array([name in MONEY for name in metric]),
        partial=log.is_partial,
        calendar=calendar,
    )
    index = {(name, *segment): row for row, (name, segment) in enumerate(zip(metric, segments, strict=True))}
    return Labelled(panel, read_labels(log, index, np.array(shift)), np.array(shift), np.array(volume) >= 50)


def subset(log: Labelled, metrics: tuple[str, ...]) -> Labelled:
    """The same log with fewer metrics (a metric's series stand together, its total first)."""
    keep = np.flatnonzero(np.isin(log.panel.metric, metrics))
    place = {int(row): position for position, row in enumerate(keep)}
    panel = log.panel
    calendar = [
        replace(
            day, scope=None if day.scope is None else tuple(place[row] for row in day.scope if row in place)
        )
        for day in panel.calendar
    ]
    smaller = replace(
        panel,
        metric=np.asarray(panel.metric)[keep].tolist(),
        y=panel.y[keep],
        n=panel.n[keep],
        parent=np.array([place.get(int(parent), -1) for parent in panel.parent[keep]]),
        money=panel.money[keep],
        calendar=calendar,
    )
    labels = [replace(label, series=place[label.series]) for label in log.labels if label.series in place]
    return Labelled(smaller, labels, log.shift[keep], log.is_high[keep])


def read_labels(
    log: DailyLog, index: dict[tuple[str, str, str], int], shift: NDArray[np.float64]
) -> list[Label]:
    """The labels that are clear enough to judge: day shift of 1.25 sigma and signal to noise of 4."""
    found = []
    clear = (log.labels["day_z"] >= MIN_DAY_SHIFT) & (log.labels["snr"] >= MIN_SNR)
    for row in log.labels[clear].to_dict("records"):
        series = index[(row["metric"], row["segment_type"], row["segment"])]
        first, last = (
            int((np.datetime64(day, "D") - log.days[0]).astype(int)) for day in (row["start"], row["end"])
        )
        days = np.arange(max(first, 0), min(last + 1, len(log.days)))
        sign = int(np.sign(row["sign"]))
        judged = days[sign * shift[series, days] >= MIN_DAY_SHIFT]
        if len(judged):
            found.append(Label(series, row["kind"], sign, days, judged))
    return found
