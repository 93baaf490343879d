"""What the synthetic shop is asked to be: the one input of every function of this package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from shop_simulator.effects import Effect

#: The published log: 2021-12-26 to 2025-01-03, about 2,000 users, about 1,150 sessions a day.
DEFAULT_START: Final = date(2021, 12, 26)
DEFAULT_DAYS: Final = 1105
SESSIONS_PER_USER_DAY: Final = 0.575
#: ClickHouse's DateTime holds these days.
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2106, 1, 1)

#: What a confirmation's `value` holds is not documented by the source, so each possibility can be generated.
ConfirmationValue = Literal["checkout", "zero", "own"]
#: Whose wall clock the stamps show is not documented either.
Clock = Literal["shop", "local"]
IncidentLevel = Literal["none", "standard", "dense"]


@dataclass(frozen=True)
class LogConfig:
    """A shop and the period of its log.

    Attributes:
        sessions: Exact number of sessions in the log.
        users: Size of the closed user panel; None keeps the published 0.575 sessions per user and day.
        days: Calendar days; the first is partial, and so is the last of a log of ten days or more.
        start: First day.
        seed: The same config and seed give the same bytes.
        bad_rate: Malformed rows as a share of all rows, 0 <= bad_rate < 1.
        season: Steps in value every September, December and January.
        season_edge_days: Moves each edge of a season step by up to this many days, at random.
        season_spread: Standard deviation of the step's size from year to year, relative (0.1 = 10 %).
        holidays: Short shopping peaks and pauses on fixed dates of every year.
        promotions: Four planned campaigns a year in some cities and categories.
        incidents: How many anomalies to plant at random (about 4 or 9 a year), or the anomalies themselves.
        lost_day: A day without visits, as of a shop whose counter was off; an outage in the ground truth.
        confirmation_value: A confirmation repeats the checkout's value, holds 0, or a value of its own.
        clock: Stamps show the shop's time (Moscow) or each user's local time.
    """

    sessions: int
    users: int | None = None
    days: int = DEFAULT_DAYS
    start: date = DEFAULT_START
    seed: int = 1
    bad_rate: float = 0.002
    season: bool = True
    season_edge_days: int = 0
    season_spread: float = 0.0
    holidays: bool = False
    promotions: bool = False
    incidents: IncidentLevel | tuple[Effect, ...] = "standard"
    lost_day: date | None = None
    confirmation_value: ConfirmationValue = "checkout"
    clock: Clock = "shop"

    def __post_init__(self) -> None:
        """Raises ValueError, naming the setting, when a setting is out of range."""
        for name in ("sessions", "days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.users is not None and self.users < 1:
            raise ValueError(f"users must be at least 1, not {self.users}")
        if not 0 <= self.bad_rate < 1:
            raise ValueError(f"bad_rate must be at least 0 and below 1, not {self.bad_rate}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, not {self.seed}")
        if self.start < FIRST_DAY or self.days > (LAST_DAY - self.start).days:
            raise ValueError(
                f"the log must lie between {FIRST_DAY} and {LAST_DAY}, the range of the warehouse's times"
            )

    @property
    def panel_size(self) -> int:
        """Number of users in the panel."""
        if self.users is not None:
            return self.users
        return max(1, round(self.sessions / self.days / SESSIONS_PER_USER_DAY))

    @property
    def end(self) -> date:
        """Last day of the log."""
        return self.start + timedelta(days=self.days - 1)
