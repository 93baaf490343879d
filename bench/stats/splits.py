"""How often the experiment readout is wrong: A/A splits of buyers, revenue effects on heavy tails."""

from __future__ import annotations

import numpy as np

from business_telemetry.statistics.experiments import cuped, proportions_z, welch, winsorise

USERS = 5000
BUYER_RUNS, REVENUE_RUNS = 20_000, 1_500


def buyers(random: np.random.Generator, share: float) -> float:
    """Share of A/A splits of 2 × USERS in which the shares of buyers differ at 5 %."""
    hits = random.binomial(USERS, share, (BUYER_RUNS, 2)).tolist()
    return float(np.mean([proportions_z((one, USERS), (two, USERS)).p_value <= 0.05 for one, two in hits]))


def revenue(random: np.random.Generator, users: int, sigma: float, lift: float) -> tuple[float, float]:
    """Shares of intervals, of plain and of capped revenue, that hold the planted effect on plain revenue.

    One user in five buys, for lognormal amounts in proportion to a level of the user's own.
    """
    truth = lift * 0.2 * np.exp((0.5**2 + sigma**2) / 2)
    held = np.zeros(2)
    for _ in range(REVENUE_RUNS):
        level = random.lognormal(0, 0.5, 2 * users)
        before, after = (
            np.where(random.random(2 * users) < 0.2, level * random.lognormal(0, sigma, 2 * users), 0.0)
            for _ in range(2)
        )
        after[users:] *= 1 + lift
        for place, values in enumerate((after, winsorise(after))):
            adjusted = cuped(values, winsorise(before))
            found = welch(adjusted[users:], adjusted[:users])
            held[place] += found.lower <= truth <= found.upper
    plain, capped = held / REVENUE_RUNS
    return float(plain), float(capped)


def main(seeds: range) -> None:
    """Print false alarms of buyers and coverage of revenue."""
    random = np.random.default_rng([seeds.start, seeds.stop])
    rates = ", ".join(f"{share:.0%} buyers {buyers(random, share):.2%}" for share in (0.02, 0.1, 0.3))
    print(f"\nExperiments, seeds {seeds.start}-{seeds.stop - 1}")
    print(f"A/A of buyers, 2 x {USERS}, {BUYER_RUNS} splits each, alarms at 5 %: {rates}")
    for lift in (0.0, 0.4):
        for sigma in (1.0, 1.5, 2.0):
            for users in (1000, USERS):
                plain, capped = revenue(random, users, sigma, lift)
                print(
                    f"effect {lift:+.0%} on amounts of sigma {sigma}, 2 x {users}: held by "
                    f"{plain:.1%} of 95 % intervals (plain revenue), {capped:.1%} (capped)"
                )
