"""`make bench-stats`: anomalies and the revenue forecast beside simple methods, on seeds not used for tuning.

Reports only: nothing fails when a figure is bad. A seed range other than the reported one is for development:
python -m bench.stats 1 3.
"""

from __future__ import annotations

import sys

from bench.stats import elsewhere, outlook, public, revenue, shop, speed, splits

REPORTED = (731, 740)


def main() -> None:
    """Run all parts on the seeds from the command line or the reported ones."""
    first, last = (int(text) for text in sys.argv[1:3]) if len(sys.argv) > 2 else REPORTED
    seeds = range(first, last + 1)
    speed.main()
    public.main()
    revenue.main(seeds)
    shop.main(seeds)
    elsewhere.main(range(first, min(last, first + 5) + 1))
    outlook.main(range(first, min(last, first + 5) + 1))
    splits.main(seeds)


if __name__ == "__main__":
    main()
