"""Daily series equal what the log of the same shop gives, and their labels what was planted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from generated_log import ACTIONS, GeneratedLog, Row

from shop_simulator import DailyLog, Effect, LogConfig, simulate_daily

VOLUME = LogConfig(sessions=1150 * 400, users=2000, days=400, seed=11, incidents="none")


@pytest.fixture(scope="module")
def calm() -> DailyLog:
    """A shop without incidents."""
    return simulate_daily(VOLUME)


def test_series_equal_the_log(crowded_log: GeneratedLog) -> None:
    """Sessions, users, orders, revenue and cart value by day, for all, cities, genders and categories."""
    daily = simulate_daily(crowded_log.config)
    sessions: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in {row.content: row for row in crowded_log.rows}.values():
        sessions[row.user, row.session].append(row)
    expected: dict[str, dict[tuple[str, str, Any], float]] = defaultdict(lambda: defaultdict(float))
    visitors = defaultdict(set)
    for rows in sessions.values():
        rows.sort(key=lambda row: (row.stamp, ACTIONS.index(row.action)))
        day = rows[0].stamp.date()
        places = [("all", "all"), ("city", rows[0].city), ("gender", rows[0].gender)]
        for kind, name in places:
            expected["sessions"][kind, name, day] += 1
            visitors[kind, name, day].add(rows[0].user)
        lines: list[Row] = []
        checkout = None
        for row in rows:
            if row.action == "cart":
                lines.append(row)
                for kind, name in [*places, ("category", row.category)]:
                    expected["cart_value"][kind, name, day] += float(row.value)
            elif row.action == "checkout":
                checkout = row
            elif row.action == "confirmation" and checkout is not None:
                total = sum(float(line.value) for line in lines)
                order = float(row.value or checkout.value)
                for kind, name in places:
                    expected["orders"][kind, name, day] += 1
                    expected["revenue"][kind, name, day] += order
                for line in lines:
                    expected["revenue"]["category", line.category, day] += order * float(line.value) / total
                for name in {line.category for line in lines}:
                    expected["orders"]["category", name, day] += 1
                lines, checkout = [], None
    for place, users in visitors.items():
        expected["users"][place] = len(users)
    row_of = {segment: row for row, segment in enumerate(daily.segments)}
    for metric, sums in expected.items():
        table = np.zeros_like(daily.values[metric])
        for (kind, name, day), value in sums.items():
            # a session pushed behind another of its user may start a day later than planned
            column = min((day - crowded_log.config.start).days, len(daily.days) - 1)
            table[row_of[kind, name], column] += value
        filled = table.sum(axis=1) > 0
        kinds = {daily.segments[row][0] for row in np.flatnonzero(filled)}
        assert {"all", "city"} <= kinds
        assert daily.values[metric][filled].sum(axis=1) == pytest.approx(table[filled].sum(axis=1), rel=1e-9)
        assert (~np.isclose(daily.values[metric][filled], table[filled], rtol=1e-9)).mean() < 0.002


def test_expected_values_carry_the_season(calm: DailyLog) -> None:
    """Without incidents the values scatter around the expected ones, season steps included."""
    assert calm.incidents == [] and len(calm.labels) == 0
    for metric, values in calm.values.items():
        assert not calm.effect[metric].any()
        whole = ~calm.is_partial
        error = (values - calm.expected[metric])[0, whole] / calm.sigma[metric][0, whole]
        assert abs(error.mean()) < 0.1
        assert error.std() == pytest.approx(1, abs=0.1)
    august, september = np.datetime64("2022-08-31"), np.datetime64("2022-09-01")
    step = [calm.expected["cart_value"][0][calm.days == day].item() for day in (august, september)]
    # Wednesday and Thursday differ by one per cent
    assert step[1] / step[0] == pytest.approx(16.0 / 12.3 * 0.98 / 0.97)


def test_switching_the_season_off(calm: DailyLog) -> None:
    flat = simulate_daily(replace(VOLUME, season=False))
    september = (flat.days >= np.datetime64("2022-09-01")) & (flat.days <= np.datetime64("2022-09-30"))
    ratio = calm.values["cart_value"][0][september].sum() / flat.values["cart_value"][0][september].sum()
    assert ratio == pytest.approx(16.0 / 12.3, rel=0.04)
    assert (calm.values["sessions"][0] == flat.values["sessions"][0]).all()


@pytest.mark.parametrize(
    ("lever", "metric", "unmoved"),
    [
        ("traffic", "sessions", "conversion"),
        ("cart", "cart_value", "sessions"),
        ("payment", "orders", "cart_value"),
        ("price", "average_order_value", "orders"),
    ],
)
@pytest.mark.parametrize("factor", [0.4, 1.5])
def test_planted_effects_have_their_size(lever: str, metric: str, unmoved: str, factor: float) -> None:
    """A shift of one lever in one city moves that city's series by its factor, and no other city's."""
    start, end = date(2022, 4, 1), date(2022, 5, 30)
    shift = Effect("it", "level_shift", lever, start, end, factor, cities=("Москва",))  # type: ignore[arg-type]
    log = simulate_daily(replace(VOLUME, sessions=1150 * 200, days=200, incidents=(shift,)))
    inside = (log.days >= np.datetime64(start)) & (log.days <= np.datetime64(end))
    row_of = {segment: row for row, segment in enumerate(log.segments)}

    def change(name: str, segment: tuple[str, str]) -> float:
        row = row_of[segment]
        return float(np.nansum(log.values[name][row][inside]) / np.nansum(log.expected[name][row][inside]))

    assert change(metric, ("city", "Самара")) == pytest.approx(1, rel=0.25)
    assert change(unmoved, ("city", "Москва")) == pytest.approx(1, rel=0.12)
    label = log.labels[(log.labels["metric"] == metric) & (log.labels["segment"] == "Москва")].iloc[0]
    # delivery, a small part of an order, keeps its price
    assert label["size"] == pytest.approx(factor - 1, rel=0.07 if lever == "price" else 1e-9)
    assert change(metric, ("city", "Москва")) == pytest.approx(1 + label["size"], rel=0.06)
    assert (label["start"], label["end"], label["sign"]) == (start, end, 1 if factor > 1 else -1)
    assert not ((log.labels["metric"] == unmoved) & (log.labels["segment"] == "Москва")).any()
    assert not (log.labels["segment"] == "Самара").any()
    total = log.labels[(log.labels["metric"] == metric) & (log.labels["segment"] == "all")].iloc[0]
    # Moscow has 28 % of the shop
    assert total["size"] == pytest.approx(0.28 * (factor - 1), rel=0.15)


def test_one_category_shares_its_effect_with_the_total() -> None:
    """Prices of one category: its own series moves by the factor, the total by its share of value."""
    start, end = date(2022, 4, 1), date(2022, 5, 30)
    shift = Effect("it", "level_shift", "price", start, end, 2.0, categories=("Одежда и обувь",))
    log = simulate_daily(replace(VOLUME, sessions=1150 * 200, days=200, incidents=(shift,)))
    sizes = {
        row["segment"]: row["size"]
        for _, row in log.labels[log.labels["metric"] == "cart_value"].iterrows()
        if row["segment_type"] in ("all", "category")
    }
    assert sizes == {"Одежда и обувь": pytest.approx(1.0), "all": pytest.approx(0.2, abs=0.03)}
    inside = (log.days >= np.datetime64(start)) & (log.days <= np.datetime64(end))
    observed = log.values["cart_value"][0][inside].sum() / log.expected["cart_value"][0][inside].sum()
    assert observed - 1 == pytest.approx(sizes["all"], abs=0.05)
