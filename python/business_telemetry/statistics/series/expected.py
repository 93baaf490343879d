"""What each series is expected to be on each day, and how noisy it is.

A segment is its parent times a deviation that is shrunk towards none, so that small segments borrow the
shop's season. A level that has changed for good is the expectation four weeks later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from business_telemetry.statistics.series.noise import normal_score
from business_telemetry.statistics.series.panel import Bools, Floats, Ints, Panel
from business_telemetry.statistics.series.regression import (
    MONTHS,
    Design,
    Fit,
    Start,
    block_scores,
    design,
    fit_rows,
)
from business_telemetry.statistics.series.special import Special, special_days
from business_telemetry.statistics.series.turns import MIN_AFTER, Deviation, Turn, find_turns, shared

SPECIAL_DOUBT = 0.12  # a holiday or promotion differs from one time to the next by this share
SPECIAL_KNOWN = 30.0  # days of one effect after which half of that variance is in the noise of the series
SEASON_DOUBT = 0.10  # a season's step differs from year to year by this share of the step
EDGE_DAYS = 3  # a season may start this many days off the first of the month
EDGE_STEP = 0.04
SETTLE_DAYS = 28  # after a change of level it is what is expected
SEASON_DAYS = 21  # a shift as long as this may be a season where no year is known
SMALLEST = 0.05  # log size of a change of level
LARGEST = 2.0  # times off the curve beyond which a day tells no more about a level
CLEAREST = 1e6  # weight of a day that tells the level to a thousandth: no more can be told apart by numbers
ODD_BLOCK = 4.5  # four weeks this odd make a segment's turns be looked for


@dataclass(frozen=True)
class Expected:
    """S × T arrays: mean of y, variance of its noise, and relative doubt about the mean itself.

    `turns` are the changes of level by series, part of the mean after SETTLE_DAYS; `start` is where another
    fit of the same days begins.
    """

    mean: Floats
    variance: Floats
    doubt: Floats
    turns: dict[int, list[Turn]] = field(default_factory=dict)
    start: Start | None = None

    @property
    def total_variance(self) -> Floats:
        """S × T variances of a single day: its noise and the doubt about its mean."""
        total: Floats = self.variance + (self.doubt * self.mean) ** 2
        return total


def to_keep(panel: Panel, turns: Sequence[Turn]) -> list[Turn]:
    """The turns of a series whose level has changed for good, or may have: none otherwise.

    Until a year is known a long shift that comes back may be a season.
    """
    seasons = [one for one in turns if one.yearly]
    marked = [
        replace(one, is_incident=not one.lasts and (panel.knows_year or one.end - one.start < SEASON_DAYS))
        for one in turns
        if not one.yearly
    ]
    back = [one for one in marked if not one.lasts]
    stay = [one for one in marked if not one.is_incident and (not one.lasts or is_seen(one, back))]
    return [*seasons, *stay, *(one for one in marked if one.is_incident and stay)]


def is_seen(step: Turn, shifts: Sequence[Turn]) -> bool:
    """Whether a step begins with MIN_AFTER days that no shift covers: the two would undo each other."""
    return not any(one.start < step.start + MIN_AFTER and one.end > step.start for one in shifts)


def expect(panel: Panel, use: Bools, known: Expected | None = None, settle: int = SETTLE_DAYS) -> Expected:
    """Expected values of all series, learned from the days marked in `use` (S × T).

    Args:
        panel: the series.
        use: days to learn from.
        known: an earlier result whose turns are kept and from which the fits begin; None looks for turns.
        settle: days after a change of level during which the old level is still what is expected.
    """
    mean, variance, doubt = np.zeros(panel.y.shape), np.ones(panel.y.shape), np.zeros(panel.y.shape)
    log_n = np.log(np.maximum(panel.n, 1e-9))
    special = special_days(panel)
    start = Start(np.zeros(panel.y.shape), np.zeros(special.scope.shape), np.ones(len(panel.y)))
    turns: dict[int, list[Turn]] = {} if known is None else dict(known.turns)
    calendar = panel.dates.astype("datetime64[M]").astype(np.int64) % 12

    roots, plain = np.flatnonzero(panel.parent < 0), design(panel, calendar)
    if known is None:
        totals = Problem(panel, roots, log_n[roots], [plain] * len(roots), special, use, 0)
        seen = totals.deviations(list(range(len(roots))))
        own = [to_keep(panel, find_turns(one)) for one in seen]
        every = [turn for found in own for turn in found if not turn.is_incident]
        turns = {
            row: shared(one, found, every) for row, one, found in zip(roots.tolist(), seen, own, strict=True)
        }

    def fit_family(rows: Ints, base: Floats, designs: list[Design], depth: int) -> Fit:
        problem = Problem(panel, rows, base, designs, special, use, depth)
        fit = problem.fit(turns, None if known is None else known.start, look=known is None and depth > 0)
        mean[rows], variance[rows] = fit.mean, fit.variance
        start.curve[rows], start.special[rows], start.phi[rows] = fit.curve, fit.special, fit.phi
        return fit

    fit = fit_family(roots, log_n[roots], [plain] * len(roots), 0)
    months = [
        align_season_edges(panel, row, fit, place, calendar) for place, row in enumerate(roots.tolist())
    ]
    alike = {calendar.tobytes(): plain}
    designs = [alike.setdefault(one.tobytes(), design(panel, one)) for one in months]
    moved = [place for place, one in enumerate(designs) if one is not plain]
    if moved:
        fit.put(moved, fit_family(roots[moved], log_n[roots[moved]], [designs[one] for one in moved], 0))
    for place, root in enumerate(roots.tolist()):
        x = designs[place]
        month = fit.coefficients[place, MONTHS] if panel.knows_year else np.zeros(12)
        step = SEASON_DOUBT * np.abs(month - np.median(month))[months[place]]
        doubt[root] = step
        waiting = [(root, fit.curve[place], fit.special[place])]
        while waiting:
            parent, curve, effects = waiting.pop()
            family = np.flatnonzero(panel.parent == parent)
            if len(family):
                base = curve - log_n[parent] + special.spread(effects[None], family) + log_n[family]
                members = fit_family(family, base, [x] * len(family), 1)
                doubt[family] = step
                waiting += list(zip(family.tolist(), members.curve, members.special, strict=True))
    for row, found in turns.items():
        for one in found:
            if one.yearly:
                continue
            late = one.column(len(panel.dates), settle) if one.lasts else 0.0
            mean[row] *= np.exp(-one.size * (one.column(len(panel.dates)) - late))
    doubt = np.maximum(doubt, special.doubt(SPECIAL_DOUBT, SPECIAL_KNOWN))
    return Expected(mean, variance, doubt, turns, start)


@dataclass(frozen=True)
class Problem:
    """What R series are fitted with: log curves to start from (R × T), regressors of each, known days."""

    panel: Panel
    rows: Ints
    base: Floats
    designs: Sequence[Design]
    special: Special
    use: Bools
    depth: int

    def run(
        self, places: list[int], designs: Sequence[Design], start: Start | None = None, blocks: bool = True
    ) -> Fit:
        """The fits of the series at some of the places."""
        rows, use = self.rows[places], self.use[self.rows[places]]
        return fit_rows(
            *(self.panel, rows, self.base[places], designs, self.special, use, self.depth), blocks, start
        )

    def fit(self, turns: dict[int, list[Turn]], start: Start | None, look: bool) -> Fit:
        """The fits of all, with their `turns`, which get their sizes; with `look` they are looked for."""
        columns = max((one.columns.shape[1] for one in self.designs), default=0)
        series, days = self.base.shape
        fit = Fit.of(series, days, self.special.scope.shape[1], columns)
        plain = [place for place, row in enumerate(self.rows.tolist()) if not turns.get(row)]
        if plain:
            known = None if start is None else start.of(self.rows[plain])
            fit.put(plain, self.run(plain, [self.designs[place] for place in plain], known))
        if look:
            turns.update(self.look(fit))
        self.refit(fit, turns)
        return fit

    def look(self, fit: Fit) -> dict[int, list[Turn]]:
        """The turns of the series with four odd weeks somewhere."""
        if not self.panel.y.shape[1]:
            return {}
        y = np.where(self.use[self.rows], self.panel.y[self.rows], fit.mean)
        block = np.abs(block_scores(normal_score(y, fit.mean, fit.variance, self.panel.power[self.rows])))
        scale = np.maximum(np.median(block, axis=1) / 0.6745, 1.0)
        odd = np.flatnonzero(block.max(1) > ODD_BLOCK * scale).tolist()
        return {
            int(self.rows[place]): to_keep(self.panel, find_turns(one))
            for place, one in zip(odd, self.deviations(odd), strict=True)
        }

    def refit(self, fit: Fit, turns: dict[int, list[Turn]]) -> None:
        """Fit the series with turns anew, into `fit`; the turns get their sizes, small ones are dropped."""
        places = [place for place, row in enumerate(self.rows.tolist()) if turns.get(row)]
        while places:
            every = [turns[row] for row in self.rows[places].tolist()]
            own = self.run(
                places, [self.designs[at].with_turns(found) for at, found in zip(places, every, strict=True)]
            )
            fit.put(places, own)
            again = []
            for one, (place, found) in enumerate(zip(places, every, strict=True)):
                sizes = own.coefficients[one, self.designs[place].columns.shape[1] :].tolist()
                sized = [replace(turn, size=size) for turn, size in zip(found, sizes, strict=False)]
                clear = [turn for turn in sized if abs(turn.size) >= SMALLEST]
                if len(clear) < len(sized):
                    turns[int(self.rows[place])] = to_keep(self.panel, clear)
                    again.append(place)
                    continue
                turns[int(self.rows[place])] = sized
                for turn in sized:
                    if turn.is_incident:
                        fit.curve[place] -= turn.size * turn.column(fit.curve.shape[1])
            places = again

    def deviations(self, places: list[int]) -> list[Deviation]:
        """How the series at some places deviate from curves that no odd weeks were taken out of."""
        if not places:
            return []
        calm = self.run(places, [self.designs[place] for place in places], blocks=False)
        found = []
        for one, (place, row) in enumerate(zip(places, self.rows[places].tolist(), strict=True)):
            x, use = self.designs[place], self.use[row]
            # a forecast's days are still to come
            known = slice(0, int(np.flatnonzero(use)[-1]) + 1 if use.any() else 0)
            mean = calm.mean[one]
            weight = np.where(use, np.minimum(mean**2 / calm.variance[one], CLEAREST), 0.0)
            residual = np.log(np.clip(np.where(use, self.panel.y[row], mean) / mean, 1 / LARGEST, LARGEST))
            found.append(Deviation(x.columns[known], x.prior[self.depth], weight[known], residual[known]))
        return found


def align_season_edges(panel: Panel, root: int | np.int64, fit: Fit, place: int, months: Ints) -> Ints:
    """The month that each day behaves like: season edges moved by up to EDGE_DAYS where that fits better.

    `place` is the total's in the fit.

    Only clear steps are moved. A day's misfit is its squared score cut at 9, so that an incident at the
    edge does not decide alone.
    """
    aligned = months.copy()
    month = fit.coefficients[place, MONTHS] if panel.knows_year else np.zeros(12)
    for edge in (np.flatnonzero(np.diff(months)) + 1).tolist():
        step = month[months[edge]] - month[months[edge - 1]]
        if abs(step) < EDGE_STEP:
            continue
        days = np.arange(max(0, edge - EDGE_DAYS), min(len(months), edge + EDGE_DAYS))
        before = np.where(days < edge, fit.mean[place, days], fit.mean[place, days] * np.exp(-step))
        shifts = np.arange(-EDGE_DAYS, EDGE_DAYS + 1)
        level = np.where(days < edge + shifts[:, None], before, before * np.exp(step))
        misfit = np.nan_to_num((panel.y[root, days] - level) ** 2 / fit.variance[place, days])
        shift = shifts[np.argmin(np.minimum(misfit, 9.0).sum(1) + 0.5 * np.abs(shifts))]
        aligned[edge : edge + shift] = months[edge - 1]
        aligned[edge + shift : edge] = months[edge]
    return aligned
