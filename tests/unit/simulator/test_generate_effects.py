"""Effects: factors by day, scopes, seasons, and incidents that do not meet."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from shop_simulator import Effect
from shop_simulator.anomalies import draw_incidents
from shop_simulator.calendar import draw_promotions, season_effects
from shop_simulator.effects import epoch_day

START, END = date(2022, 1, 1), date(2024, 12, 31)


def effect(kind: str = "spike", **fields: object) -> Effect:
    defaults = {"name": "it", "kind": kind, "lever": "traffic", "start": START, "end": START, "factor": 2.0}
    return Effect(**(defaults | fields))  # type: ignore[arg-type]


def test_constant_factor_inside_the_period_only() -> None:
    shift = effect("level_shift", start=date(2022, 3, 2), end=date(2022, 3, 3), factor=0.5)
    days = np.array([epoch_day(date(2022, 3, day)) for day in (1, 2, 3, 4)])
    assert shift.factor_on(days).tolist() == [1.0, 0.5, 0.5, 1.0]


def test_drift_grows_to_its_factor() -> None:
    drift = effect("drift", start=date(2022, 3, 1), end=date(2022, 3, 4), factor=1.4)
    days = np.array([epoch_day(date(2022, 3, day)) for day in (1, 2, 3, 4, 5)])
    assert drift.factor_on(days) == pytest.approx([1.1, 1.2, 1.3, 1.4, 1.0])


@pytest.mark.parametrize(
    "fields",
    [
        {"end": date(2021, 12, 31)},
        {"factor": -1.0},
        {"factor": float("nan")},
        {"cities": ("Атлантида",)},
        {"categories": ("Прочее",)},
        {"lever": "payment", "categories": ("Одежда и обувь",)},
    ],
)
def test_senseless_effects_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="effect 'it'"):
        effect(**fields)


def test_seasons_begin_and_end_with_months() -> None:
    steps = list(season_effects(START, END, 0, 0.0, np.random.default_rng(1)))
    assert {(step.start, step.end) for step in steps} == {
        *((date(year, 9, 1), date(year, 9, 30)) for year in (2022, 2023, 2024)),
        *((date(year, 12, 1), date(year + 1, 1, 31)) for year in (2021, 2022, 2023, 2024)),
    }
    by_lever = {step.lever: step.factor for step in steps}
    # value per user 12.3k -> 16k, value per user with any value 30.5k -> 38.5k
    assert by_lever["price"] * by_lever["cart"] == pytest.approx(16.0 / 12.3)
    assert by_lever["price"] == pytest.approx(38.5 / 30.5)


def test_season_edges_and_sizes_can_vary() -> None:
    steps = list(season_effects(START, END, 3, 0.1, np.random.default_rng(1)))
    assert any(step.start.day not in (1,) for step in steps)
    assert all(abs((step.start.replace(day=1) - step.start).days) <= 31 for step in steps)
    assert len({step.factor for step in steps}) == len(steps)


@pytest.mark.parametrize("seed", range(20))
def test_incidents_of_all_kinds_that_never_meet(seed: int) -> None:
    incidents = list(draw_incidents(START, END, 9.0, np.random.default_rng(seed)))
    assert len(incidents) >= 24
    assert {incident.kind for incident in incidents} == {"spike", "dip", "outage", "drift", "level_shift"}
    assert len({incident.lever for incident in incidents}) == 4
    for incident in incidents:
        assert START + timedelta(days=7) <= incident.start <= incident.end < END
        assert abs(incident.factor - 1) > 0.1
    for one, other in combinations(incidents, 2):
        apart = one.end < other.start or other.end < one.start
        foreign = any(
            mine and theirs and not set(mine) & set(theirs)
            for mine, theirs in ((one.cities, other.cities), (one.categories, other.categories))
        )
        assert apart or foreign


def test_promotions_leave_control_cities() -> None:
    promotions = list(draw_promotions(START, END, np.random.default_rng(3)))
    assert len(promotions) == 12
    for promotion in promotions:
        assert 3 <= len(promotion.cities) <= 8
        assert 1.1 <= promotion.factor <= 1.4
        assert 7 <= (promotion.end - promotion.start).days + 1 <= 14
    assert all(one.end < other.start for one, other in pairwise(promotions))
