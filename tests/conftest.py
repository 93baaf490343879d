"""Two processes run the tests, and each may have one core."""

from __future__ import annotations

import os

# a pool of threads beside that of the other process makes both slower
os.environ.setdefault("OMP_NUM_THREADS", "1")
