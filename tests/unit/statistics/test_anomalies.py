"""Properties of the anomaly scores that must never break, on shops made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from orders_of_days import DAY, START, change, shop

from business_telemetry.statistics.anomalies import score
from business_telemetry.statistics.anomalies.scan import DAY_PENALTY, PENALTY, best_chain, false_discovery
from business_telemetry.statistics.series import CalendarDay, Panel
from business_telemetry.statistics.series.noise import band, normal_score


def flagged(panel: Panel, row: int = 0) -> list[int]:
    return np.flatnonzero(score(panel).event[row] >= 0).tolist()


def test_quiet_shop_is_quiet() -> None:
    result = score(shop())
    assert len(result.events) == 0
    assert np.all(result.q_value > 0.01)


@pytest.mark.parametrize(
    ("days", "factor", "kind", "direction"),
    [
        (slice(500, 501), 1.8, "spike", "up"),
        (slice(500, 503), 0.6, "dip", "down"),
        (slice(500, 505), 0.1, "outage", "down"),
        (slice(500, 535), 1.3, "level shift", "up"),
    ],
)
def test_planted_incident_is_found_with_its_kind(
    days: slice, factor: float, kind: str, direction: str
) -> None:
    result = score(change(shop(), slice(None), days, factor))
    ids = result.event[0, days]
    assert (ids >= 0).mean() >= 0.9
    assert (result.event[0] >= 0).sum() <= (days.stop - days.start) + 2
    event = result.events[ids[0]]
    assert (event.kind, event.direction, event.severity) == (kind, direction, "critical")
    assert np.sign(event.impact) == (1 if direction == "up" else -1)
    assert event.impact_share == pytest.approx(factor - 1, abs=0.08)


def test_drift_is_told_from_a_level_shift() -> None:
    panel = shop()
    ramp = np.round(panel.y[:, 500:540] * np.linspace(1.0, 1.6, 40))
    y = panel.y.copy()
    y[:, 500:540] = ramp
    result = score(replace(panel, y=y))
    assert {event.kind for event in result.events if event.series == 0} == {"drift"}


def test_incident_in_one_city_is_found_there_and_not_elsewhere() -> None:
    result = score(change(shop(), [3], slice(600, 604), 0.3))
    assert {event.series for event in result.events} <= {0, 3}
    assert (result.event[3, 600:604] >= 0).all()


def test_incident_of_the_whole_is_looked_up_in_small_segments() -> None:
    panel = shop()
    y, parent = np.vstack([panel.y, np.round(panel.y[:1] / 40)]), np.array([-1, 0, 0, 0, 0])
    panel = replace(
        panel, metric=["orders"] * 5, y=y, n=np.ones_like(y), parent=parent, money=np.zeros(5, dtype=bool)
    )
    result = score(change(panel, slice(None), slice(700, 704), 0.5))
    assert (result.event[4, 700:704] >= 0).all()


def test_yearly_step_is_season_once_it_has_been_seen() -> None:
    panel = shop(step=1.3)
    september = (panel.dates >= np.datetime64("2023-09-01")) & (panel.dates < np.datetime64("2023-10-01"))
    assert not np.any(score(panel).event >= 0)
    for day in panel.dates[september][[0, 1, 7, 29]]:
        assert not np.any(score(panel.as_of(day)).event[:, 366:] >= 0), day


def test_step_in_the_first_year_is_an_anomaly_until_the_year_is_over() -> None:
    panel = shop(step=1.3)
    assert flagged(panel.as_of(np.datetime64("2022-09-20")))
    assert not flagged(panel.as_of(np.datetime64("2023-09-20")))


def test_nothing_later_than_as_of_is_read() -> None:
    panel = change(shop(), slice(None), slice(700, 703), 0.4)
    day = panel.dates[500]
    other = replace(panel, y=np.where(panel.dates > day, 12345.0, panel.y))
    one, two = score(panel.as_of(day)), score(other.as_of(day))
    assert one.events == two.events
    for name in ("expected", "lower", "upper", "score", "p_value", "q_value", "event"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert one.score.shape[1] == 501


def test_incident_is_found_on_its_first_day() -> None:
    panel = change(shop(), slice(None), slice(700, 706), 0.4)
    assert flagged(panel.as_of(panel.dates[700])) == [700]


def test_bounds_hold_the_expected_value_and_most_of_the_days() -> None:
    panel = shop()
    result = score(panel)
    assert np.all((result.lower <= result.expected) & (result.expected <= result.upper))
    inside = (panel.y >= result.lower) & (panel.y <= result.upper)
    assert 0.97 <= inside[:, 30:].mean() <= 1.0


def test_warm_up_is_marked_and_never_flagged() -> None:
    result = score(change(shop(), slice(None), slice(10, 12), 0.1))
    assert not result.is_tested[:, :14].any() and result.is_tested[:, 14:].all()
    assert not np.any(result.event[:, :14] >= 0)
    assert not score(shop().as_of(START + 26 * DAY)).is_tested.any()


def test_missing_and_partial_days_are_not_judged() -> None:
    panel = shop()
    y = panel.y.copy()
    y[:, 400:403] = np.nan
    y[:, -1] = 3
    partial = panel.partial.copy()
    partial[-1] = True
    result = score(replace(panel, y=y, partial=partial))
    assert not result.is_tested[:, 400:403].any() and not result.is_tested[:, -1].any()
    assert len(result.events) == 0
    assert np.isfinite(result.expected).all()


def test_known_promotion_is_explained_and_the_same_days_unknown_are_not() -> None:
    panel = change(shop(), slice(None), slice(600, 605), 1.4)
    assert flagged(panel) == [600, 601, 602, 603, 604]
    calendar = [CalendarDay(day, "spring sale") for day in panel.dates[600:605]]
    result = score(replace(panel, calendar=calendar))
    assert len(result.events) == 0
    assert result.expected[0, 602] == pytest.approx(1.4 * result.expected[0, 609], rel=0.15)


def test_promotion_of_one_city_does_not_raise_what_others_are_expected() -> None:
    panel = change(shop(), [1], slice(600, 605), 1.6)
    y = panel.y.copy()
    y[0] = y[1:].sum(0)
    calendar = [CalendarDay(day, "city sale", scope=(0, 1)) for day in panel.dates[600:605]]
    result = score(replace(panel, y=y, calendar=calendar))
    assert len(result.events) == 0
    assert result.expected[2, 602] == pytest.approx(result.expected[2, 609], rel=0.05)


def test_ratio_is_judged_by_its_denominator() -> None:
    random = np.random.default_rng(3)
    panel = shop()
    sessions = random.poisson(1000, (1, 1000)).astype(float)
    orders = random.binomial(sessions.astype(int), 0.1).astype(float)
    sessions[0, 450], orders[0, 450] = 10, 3  # three times the rate, but on ten sessions
    orders[0, 700:703] = np.round(sessions[0, 700:703] * 0.05)
    ratio = replace(
        panel, metric=["conversion"], y=orders, n=sessions, parent=np.array([-1]), money=np.array([False])
    )
    assert flagged(ratio) == [700, 701, 702]
    assert score(ratio).expected[0, 701] == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("days", [0, 1, 2, 8, 60])
def test_short_histories_are_scored_without_flags(days: int) -> None:
    result = score(shop().as_of(START + (days - 1) * DAY))
    assert result.score.shape == (4, days)
    assert len(result.events) == 0


@pytest.mark.parametrize("first", [0, 1])
def test_series_of_every_other_day_are_scored_without_flags(first: int) -> None:
    panel = shop()
    y = panel.y.copy()
    y[:, first::2] = np.nan
    result = score(replace(panel, y=y))
    assert result.is_tested[:, 100:].sum(1).tolist() == [450] * 4
    assert len(result.events) == 0


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_constant_series_are_never_flagged(value: float) -> None:
    panel = shop()
    constant = replace(panel, y=np.full_like(panel.y, value))
    result = score(constant)
    assert len(result.events) == 0
    assert np.isfinite(result.expected).all()
    assert result.expected[0, 500] == pytest.approx(value, abs=0.01)


def test_series_without_any_value_is_scored_as_unknown() -> None:
    panel = shop()
    y = panel.y.copy()
    y[2] = np.nan
    result = score(replace(panel, y=y))
    assert len(result.events) == 0
    assert not result.is_tested[2].any()


@pytest.mark.parametrize("ratio", [False, True])
def test_few_events_are_not_tested_however_large_their_amounts(ratio: bool) -> None:
    random = np.random.default_rng(11)
    orders = random.poisson([[300.0], [5.0], [0.3]], (3, 1000))
    amounts = np.array([[random.lognormal(8, 1, count).sum() for count in row] for row in orders])
    panel = Panel(
        dates=START + np.arange(1000),
        metric=["revenue"] * 3,
        y=amounts,
        n=orders.astype(float) if ratio else np.ones_like(amounts),
        parent=np.array([-1, 0, 0]),
        money=np.ones(3, dtype=bool),
        partial=np.zeros(1000, dtype=bool),
    )
    result = score(panel)
    assert amounts[2].mean() > 1000
    assert result.is_tested.any(1).tolist() == [True, True, False]
    assert not np.any(result.event >= 0)


def test_panel_refuses_what_it_cannot_mean() -> None:
    panel = shop(days=30)
    with pytest.raises(ValueError, match="consecutive"):
        replace(panel, dates=panel.dates.repeat(2)[:30])
    with pytest.raises(ValueError, match="precede"):
        replace(panel, parent=np.array([1, -1, 0, 0]))
    with pytest.raises(ValueError, match="series × days"):
        replace(panel, n=panel.n[:, :5])


def test_normal_score_agrees_with_the_gamma_and_poisson_tails() -> None:
    from scipy.stats import gamma, norm, poisson

    mean, variance = np.array([100.0]), np.array([400.0])  # gamma with shape 25, scale 4
    for y in (50.0, 100.0, 180.0):
        exact = norm.ppf(gamma.cdf(y + (2 if y < 100 else -2 if y > 100 else 0), 25, scale=4))
        assert normal_score(np.array([y]), mean, variance, np.array([1 / 3]))[0] == pytest.approx(
            exact, abs=0.05
        )
    for y in (2, 22):
        tail = poisson.cdf(y, 10) if y < 10 else 1 - poisson.sf(y - 1, 10)
        exact = norm.ppf(tail)
        ten = np.array([10.0])
        assert normal_score(np.array([float(y)]), ten, ten, np.array([2 / 3]))[0] == pytest.approx(
            exact, abs=0.15
        )


def test_band_inverts_the_score() -> None:
    mean, variance, power = np.array([[80.0]]), np.array([[200.0]]), np.array([[2 / 3]])
    lower, upper = band(mean, variance, power, 2.0)
    assert normal_score(lower, mean, variance, power)[0, 0] == pytest.approx(-2.0)
    assert normal_score(upper, mean, variance, power)[0, 0] == pytest.approx(2.0)


def test_false_discovery_by_hand() -> None:
    np.testing.assert_allclose(false_discovery(np.array([0.01, 0.5, 0.02, 0.03])), [0.04, 0.5, 0.04, 0.04])


def test_best_chain_by_hand() -> None:
    ends, lengths = np.array([2, 4, 5, 6, 6]), np.array([1, 1, 1, 1, 3])
    gains = np.array([5.0, 3.0, 3.0, 3.0, 5.2]) ** 2 - PENALTY - DAY_PENALTY * lengths
    assert best_chain(ends, lengths, gains) == [(1, 2), (3, 6)]


def test_null_p_values_are_not_too_small() -> None:
    """On noise alone the share of p-values under a level must not pass the level."""
    below = [
        (score(shop(seed=seed)).p_value[:, 14:] < level).mean() / level
        for seed in (1, 2)
        for level in (0.01, 0.05)
    ]
    assert max(below) <= 1.2
