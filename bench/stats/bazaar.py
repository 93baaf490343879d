"""A second, unlike shop: daily series drawn straight from a rate, with the kinds of trouble real shops have.

It shares no code and no season with `telemetry generate`: two harmonics of random phase, a yearly plateau
that starts in the middle of a month, multiplicative wander (Ornstein-Uhlenbeck in logs), Student shocks,
growth, permanent changes of level, closed weekdays, short histories. Nothing of the calendar is told to a
method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from bench.stats.logs import MIN_DAY_SHIFT, MIN_SNR, Label, Labelled
from numpy.typing import NDArray

from business_telemetry.statistics.series import Panel

Floats = NDArray[np.float64]
CITIES, CATEGORIES = 9, 5
START = np.datetime64("2021-02-10")
METRICS = ("sessions", "orders", "revenue", "conversion")
RATE = 0.08  # orders a session
AMOUNT_CV = 0.9  # of one order's amount
#: days from and to, and log sizes from and to (either sign where both are possible)
KINDS: dict[str, tuple[tuple[int, int], tuple[float, float], tuple[int, ...]]] = {
    "spike": ((1, 2), (0.35, 0.9), (1,)),
    "dip": ((2, 7), (0.3, 0.9), (-1,)),
    "outage": ((2, 7), (1.5, 4.0), (-1,)),
    "drift": ((25, 50), (0.3, 0.7), (1, -1)),
    "shift": ((21, 60), (0.2, 0.5), (1, -1)),
}


@dataclass(frozen=True)
class World:
    """What the shop is like.

    Attributes:
        days: length of the log.
        incidents: how many incidents of each of the five KINDS.
        step: (day, log size) of a permanent change of level of the whole shop.
        season: the shop has harmonics and a yearly plateau.
        september: log height of every September.
        growth: log growth a year, until day `growth_ends`.
        closed: weekday (days since the epoch modulo 7; Sunday is 3) without business, or -1.
        closed_missing: closed days are missing instead of zero.
        sessions: mean sessions a day.
    """

    days: int = 1106
    incidents: int = 0
    step: tuple[int, float] | None = None
    season: bool = True
    september: float = 0.0
    growth: float = 0.0
    growth_ends: int = 10**6
    closed: int = -1
    closed_missing: bool = False
    sessions: float = 1500.0
    wander: float = 0.04
    memory: float = 60.0
    shock: float = 0.04


@dataclass(frozen=True)
class Incident:
    """A log size a day over some days, of traffic, of conversion or of prices, in some cells."""

    kind: str
    lever: str
    cells: NDArray[np.bool_]
    days: NDArray[np.int64]
    size: Floats

    def factor(self, lever: str, days: int) -> Floats:
        """Cells × days factors on a lever."""
        result = np.ones((len(self.cells), days))
        if lever == self.lever:
            result[np.ix_(np.flatnonzero(self.cells), self.days)] = np.exp(self.size)
        return result


def wander(random: np.random.Generator, rows: int, days: int, sd: float, memory: float) -> Floats:
    """Rows × days of an Ornstein-Uhlenbeck process with the given standard deviation and memory in days."""
    keep = np.exp(-1 / memory)
    steps = random.normal(0, sd * np.sqrt(1 - keep**2), (rows, days))
    level = np.empty((rows, days))
    level[:, 0] = random.normal(0, sd, rows)
    for day in range(1, days):
        level[:, day] = keep * level[:, day - 1] + steps[:, day]
    return level


def log_season(random: np.random.Generator, dates: NDArray[np.datetime64], world: World) -> Floats:
    """Log season of each day."""
    day = dates.astype(np.int64)
    angle = 2 * np.pi * day / 365.25
    season = np.where(dates.astype("datetime64[M]").astype(int) % 12 == 8, world.september, 0.0)
    if world.season:
        for harmonic, size in ((1, 0.12), (2, 0.06)):
            season += size * random.uniform(0.5, 1.5) * np.sin(harmonic * angle + random.uniform(0, 6.3))
        first, length = random.integers(0, 365), random.integers(18, 40)
        season += random.uniform(0.12, 0.3) * ((day - first) % 365.25 < length)
    return season


def draw_incidents(
    random: np.random.Generator, world: World, city: NDArray[np.int_], category: NDArray[np.int_]
) -> list[Incident]:
    """Incidents of random kind, place, size and time after the first two months.

    At most one a place and day.
    """
    found: list[Incident] = []
    busy = np.zeros((len(city), world.days), dtype=np.bool_)
    wanted = [kind for kind in KINDS for _ in range(world.incidents)]
    random.shuffle(wanted)
    for kind in wanted:
        (shortest, longest), (low, high), signs = KINDS[kind]
        for _ in range(20):
            length = int(random.integers(shortest, longest + 1))
            first = int(random.integers(60, world.days - length))
            place = random.choice(["shop", "city", "category", "cell"], p=[0.45, 0.25, 0.2, 0.1])
            cells = np.ones(len(city), dtype=np.bool_)
            if place in ("city", "cell"):
                cells &= city == random.integers(0, 5)
            if place in ("category", "cell"):
                cells &= category == random.integers(0, CATEGORIES)
            days = np.arange(first, first + length)
            if busy[np.ix_(cells, np.arange(max(first - 10, 0), min(first + length + 10, world.days)))].any():
                continue
            busy[np.ix_(cells, days)] = True
            size = random.choice(signs) * random.uniform(low, high)
            shape = np.linspace(1 / length, 1, length) if kind == "drift" else np.ones(length)
            lever = random.choice(["traffic", "conversion", "price"], p=[0.5, 0.3, 0.2])
            found.append(Incident(kind, str(lever), cells, days, size * shape))
            break
    return found


def simulate(seed: int, world: World) -> Labelled:
    """The shop's total, cities and categories in four metrics, with labels."""
    random = np.random.default_rng([seed, 77])
    dates = START + np.arange(world.days)
    place = np.arange(CITIES * CATEGORIES)
    city, category = place // CATEGORIES, place % CATEGORIES
    share = np.outer(1 / np.arange(1, CITIES + 1) ** 1.1, random.dirichlet(np.full(CATEGORIES, 4.0))).ravel()
    share /= share.sum()
    weekday = random.normal(0, 0.12, 7) + random.normal(0, 0.03, (len(place), 7))
    elapsed = np.minimum(np.arange(world.days), world.growth_ends) / 365.25
    log_rate = np.log(share * world.sessions)[:, None] + weekday[:, dates.astype(int) % 7]
    log_rate += log_season(random, dates, world) + world.growth * elapsed
    log_rate += wander(random, 1, world.days, world.wander, world.memory)
    log_rate += wander(random, CITIES, world.days, world.wander / 2, world.memory)[city]
    shock_sd = world.shock
    log_rate += shock_sd / np.sqrt(2) * random.standard_t(4, world.days)
    if world.step:
        log_rate[:, world.step[0] :] += world.step[1]
    sessions = np.exp(log_rate)
    if world.closed >= 0:
        sessions[:, dates.astype(int) % 7 == world.closed] = 0.0
    conversion = RATE * np.exp(
        random.normal(0, 0.15, len(place))[:, None] + wander(random, 1, world.days, 0.03, 60)
    )
    price = np.exp(random.normal(7, 0.5, CATEGORIES))[category, None] * np.exp(
        0.02 / np.sqrt(2) * random.standard_t(4, world.days)
    )
    base = {"traffic": sessions, "conversion": conversion, "price": price * np.ones_like(sessions)}
    incidents = draw_incidents(random, world, city, category)
    now = {lever: values.copy() for lever, values in base.items()}
    for one in incidents:
        for lever in now:
            now[lever] *= one.factor(lever, world.days)
    seen = random.poisson(now["traffic"]).astype(float)
    orders = random.binomial(seen.astype(int), np.minimum(now["conversion"], 1.0)).astype(float)
    shape = orders / AMOUNT_CV**2
    revenue = np.where(orders > 0, random.gamma(np.maximum(shape, 1e-9)) * AMOUNT_CV**2 * now["price"], 0.0)
    groups = np.vstack(
        [
            np.ones(len(place)),
            *(city == one for one in range(CITIES)),
            *(category == one for one in range(CATEGORIES)),
        ]
    ).astype(float)
    values = {"sessions": groups @ seen, "orders": groups @ orders, "revenue": groups @ revenue}
    usual, real = expectations(groups, base), expectations(groups, now)
    panel = panel_of(values, dates, world)
    noise = sigmas(usual, values, shock_sd)
    shift = np.vstack([(real[name] - usual[name]) / np.maximum(noise[name], 1e-9) for name in METRICS])
    labels = [
        label for one in incidents for label in labels_of(one, groups, base, usual, noise, shift, len(groups))
    ]
    high = np.repeat([True, True, True, True], len(groups))
    high &= np.tile(values["orders"].mean(1), 4) >= 50
    high[: len(groups)] = values["sessions"].mean(1) >= 50
    high[3 * len(groups) :] = values["sessions"].mean(1) >= 50
    return Labelled(panel, labels, shift, high)


def expectations(groups: Floats, levers: dict[str, Floats]) -> dict[str, Floats]:
    """Expected value of every segment and day by metric."""
    sessions = levers["traffic"]
    orders = sessions * np.minimum(levers["conversion"], 1.0)
    sums = {
        "sessions": groups @ sessions,
        "orders": groups @ orders,
        "revenue": groups @ (orders * levers["price"]),
    }
    ratio = np.divide(
        sums["orders"], sums["sessions"], out=np.zeros_like(sums["orders"]), where=sums["sessions"] > 0
    )
    return {**sums, "conversion": ratio}


def sigmas(usual: dict[str, Floats], values: dict[str, Floats], shock_sd: float) -> dict[str, Floats]:
    """Standard deviation of a day by metric: counting noise and the day's shock."""
    sessions, orders, revenue = usual["sessions"], usual["orders"], usual["revenue"]
    mean_amount = revenue / np.maximum(orders, 1e-9)
    return {
        "sessions": np.sqrt(sessions + (shock_sd * sessions) ** 2),
        "orders": np.sqrt(orders + (shock_sd * orders) ** 2),
        "revenue": np.sqrt(orders * (1 + AMOUNT_CV**2) * mean_amount**2 + (1.15 * shock_sd * revenue) ** 2),
        "conversion": np.sqrt(usual["conversion"] / np.maximum(sessions, 1e-9)),
    }


def labels_of(
    one: Incident,
    groups: Floats,
    base: dict[str, Floats],
    usual: dict[str, Floats],
    noise: dict[str, Floats],
    shift: Floats,
    segments: int,
) -> list[Label]:
    """The series in which one incident, alone, is clear enough to judge."""
    alone = expectations(
        groups, {name: values * one.factor(name, values.shape[1]) for name, values in base.items()}
    )
    found = []
    for number, metric in enumerate(METRICS):
        change, sd = (
            (alone[metric] - usual[metric])[:, one.days],
            np.maximum(noise[metric][:, one.days], 1e-9),
        )
        day_z, snr = np.median(np.abs(change) / sd, 1), np.abs(change.sum(1)) / np.sqrt((sd**2).sum(1))
        for row in np.flatnonzero((day_z >= MIN_DAY_SHIFT) & (snr >= MIN_SNR)):
            sign, series = int(np.sign(change[row].sum())), number * segments + int(row)
            judged = one.days[sign * shift[series, one.days] >= MIN_DAY_SHIFT]
            if len(judged):
                found.append(Label(series, one.kind, sign, one.days, judged))
    return found


def panel_of(values: dict[str, Floats], dates: NDArray[np.datetime64], world: World) -> Panel:
    """The metrics as one panel; closed days are zeros, or missing."""
    segments = len(values["sessions"])
    y = np.vstack([values["sessions"], values["orders"], values["revenue"], values["orders"]])
    n = np.vstack([np.ones((3 * segments, len(dates))), values["sessions"]])
    if world.closed >= 0 and world.closed_missing:
        y[:, dates.astype(int) % 7 == world.closed] = np.nan
    root = np.repeat(np.arange(4) * segments, segments)
    rows = np.arange(4 * segments)
    return Panel(
        dates=dates,
        metric=[name for name in METRICS for _ in range(segments)],
        y=y,
        n=n,
        parent=np.where(rows == root, -1, root),
        money=np.repeat([False, False, True, False], segments),
        partial=np.zeros(len(dates), dtype=np.bool_),
    )
