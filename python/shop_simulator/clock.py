"""When sessions start: hours of the day, session numbers, no overlap inside one user's sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from shop_simulator.calendar import FIRST_DAY_SHARE, HOURS, LAST_DAY_SHARE, SHORTEST_WITH_CUT_END
from shop_simulator.panel import CITIES, MOSCOW_OFFSET

if TYPE_CHECKING:
    from shop_simulator.shop import Sessions, Shop

DAY: Final = 86_400
#: A user's next session starts at least this long after the end of the one before, in seconds.
PAUSE_BETWEEN_SESSIONS: Final = 60
_OFFSETS: Final = np.array([offset for _, offset in CITIES.values()] + [MOSCOW_OFFSET])


class Diary:
    """What each user has done so far, carried from span to span: number of sessions, end of the last."""

    def __init__(self, users: int) -> None:
        self.sessions = np.zeros(users, dtype=np.int64)
        self.busy_until = np.full(users, np.iinfo(np.int64).min // 2)

    def enter(
        self,
        shop: Shop,
        sessions: Sessions,
        owner: NDArray[np.int64],
        gaps: NDArray[np.int64],
        ordered: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Gives the sessions of a span of days their times.

        Args:
            shop: The shop.
            sessions: The sessions.
            owner: Session of each event; events of a session are adjacent and in order.
            gaps: Seconds since the session's event before, 0 for its first.
            ordered: Whether each session has an order.
            rng: The span's random generator.

        Returns:
            Number (counted per user from 1) and start of each session, seconds since its start of each event.
        """
        size = len(sessions.day)
        events = np.bincount(owner, minlength=size)
        first = np.cumsum(events) - events
        elapsed = np.cumsum(gaps)
        elapsed -= elapsed[first[owner]]
        length = elapsed[first + events - 1]
        start = sessions.day * DAY + _draw_seconds(shop, sessions, rng)
        if size and sessions.day.max() < shop.first_day + shop.config.days - 1:
            _cross_month_end(start, sessions.day, first, events, elapsed, ordered)
        start = np.maximum(start, self.busy_until[sessions.user] + PAUSE_BETWEEN_SESSIONS)
        order = np.lexsort((start, sessions.user))
        start[order], rank = _spread(sessions.user[order], start[order], length[order])
        number = np.empty(size, dtype=np.int64)
        number[order] = self.sessions[sessions.user[order]] + rank + 1
        self.sessions += np.bincount(sessions.user, minlength=len(self.sessions))
        np.maximum.at(self.busy_until, sessions.user, start + length)
        return number, start, elapsed


def _spread(
    user: NDArray[np.int32], start: NDArray[np.int64], length: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Moves sessions, sorted by user and start, behind those of the same user that they overlap.

    A session starts at its own time or when the one before is over, whichever is later. For a whole run that
    is start(i) = C(i) + max over j <= i of (start(j) - C(j)), where C(i) is the time that the run's sessions
    before i take together.

    Returns:
        Start of each session, and its rank (from 0) among its user's.
    """
    if not len(user):
        return start, np.empty(0, dtype=np.int64)
    is_first = np.r_[True, user[1:] != user[:-1]]
    run = np.cumsum(is_first) - 1
    begin = np.flatnonzero(is_first)[run]
    taken = np.cumsum(length + PAUSE_BETWEEN_SESSIONS) - (length + PAUSE_BETWEEN_SESSIONS)
    taken -= taken[begin]
    free = start - taken
    # one running maximum for all users: each run is lifted above everything in the runs before it
    lift = run * (free.max() - free.min() + 1)
    return taken + np.maximum.accumulate(free + lift) - lift, np.arange(len(user)) - begin


def _draw_seconds(shop: Shop, sessions: Sessions, rng: np.random.Generator) -> NDArray[np.int64]:
    """Start of each session in seconds of its day, on the log's clock; edge days are cut."""
    size = len(sessions.day)
    hour = np.searchsorted(np.cumsum(HOURS / HOURS.sum()), rng.random(size))
    second = np.minimum(hour, 23) * 3600 + rng.integers(0, 3600, size)
    if shop.config.clock == "shop":
        second = (second - (_OFFSETS[sessions.city] - MOSCOW_OFFSET) * 3600) % DAY
    first, last = shop.first_day, shop.first_day + shop.config.days - 1
    if shop.config.days >= 2:
        share = FIRST_DAY_SHARE
        second = np.where(sessions.day == first, DAY * (1 - share) + second * share, second)
    if shop.config.days >= SHORTEST_WITH_CUT_END:
        second = np.where(sessions.day == last, second * LAST_DAY_SHARE, second)
    return second.astype(np.int64)


def _cross_month_end(
    start: NDArray[np.int64],
    day: NDArray[np.int64],
    first: NDArray[np.int64],
    events: NDArray[np.int64],
    elapsed: NDArray[np.int64],
    ordered: NDArray[np.bool_],
) -> None:
    """Moves one session of the month's last day (in place) so that midnight falls between its events.

    The longest one with an order is taken, so that a purchase lies across the edge of a month or a year.
    """
    if np.datetime64(int(day.max()) + 1, "D").item().day != 1:
        return
    last_day = np.flatnonzero(day == day.max())
    chosen = last_day[np.lexsort((events[last_day], ordered[last_day]))[-1]]
    start[chosen] = (day.max() + 1) * DAY - elapsed[first[chosen] + events[chosen] - 1]
