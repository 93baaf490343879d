"""Faults of delivery: rows that arrive twice, rows that arrive late."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from shop_simulator.events import Rows, concatenate

#: Shares of rows.
DOUBLED: Final = 0.002
LATE: Final = 0.0005
#: A doubled row comes again at once or within minutes; a late row minutes to three days later. Seconds.
RETRY_WITHIN: Final = 600
SHORTEST_DELAY, LONGEST_DELAY = 120, 3 * 86_400


def plant(rows: Rows, rng: np.random.Generator) -> Rows:
    """Delays some rows and appends exact copies of others; sort by `written` to get the log's order."""
    delay = np.exp(rng.uniform(np.log(SHORTEST_DELAY), np.log(LONGEST_DELAY), len(rows)))
    delay = np.where(rng.random(len(rows)) < LATE, delay, 0).astype(np.int64)
    rows = replace(rows, written=rows.written + delay)
    copies = rows.take(np.flatnonzero(rng.random(len(rows)) < DOUBLED))
    again = rng.integers(0, RETRY_WITHIN, len(copies)) * (rng.random(len(copies)) < 0.5)
    return concatenate([rows, replace(copies, written=copies.written + again)])
