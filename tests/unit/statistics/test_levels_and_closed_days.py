"""Levels that change for good, regularly closed days and short histories, on shops made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from orders_of_days import change, shop

from business_telemetry.statistics.anomalies import score
from business_telemetry.statistics.anomalies.closed import closed_days
from business_telemetry.statistics.anomalies.detect import history_of, widen
from business_telemetry.statistics.anomalies.scan import LENGTHS, Interval, recurs_yearly, trim
from business_telemetry.statistics.series import CalendarDay, Panel
from business_telemetry.statistics.series.expected import expect

STEP = 700
SUNDAYS = slice(6, None, 7)


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_a_level_that_changed_for_good_is_one_event_and_then_what_is_expected(factor: float) -> None:
    """Not an anomaly of the days before, and none any more four weeks later."""
    result = score(change(shop(), slice(None), slice(STEP, None), factor))
    [event] = [one for one in result.events if one.series == 0]
    assert event.kind == "level change"
    assert abs(event.start - STEP) <= 3
    assert event.end - event.start <= 28
    assert event.direction == ("up" if factor > 1 else "down")
    assert event.impact_share == pytest.approx(factor - 1, abs=0.06)
    assert np.all(result.event[:, STEP + 31 :] == -1)
    assert np.all(result.event[:, : STEP - 3] == -1)
    later = result.expected[0, STEP + 31 :].mean() / result.expected[0, STEP - 60 : STEP].mean()
    assert later == pytest.approx(factor, abs=0.05)


@pytest.mark.parametrize("after", [14, 28])
def test_days_before_a_new_level_are_not_flagged_the_other_way(after: int) -> None:
    known = shop(days=STEP + after)
    result = score(change(known, slice(None), slice(STEP, None), 0.7))
    assert np.all(result.event[:, : STEP - 3] == -1)
    assert (result.event[0, STEP:] >= 0).mean() > 0.9


def test_regularly_closed_days_are_neither_judged_nor_missed_on_the_others() -> None:
    closed = change(shop(), slice(None), SUNDAYS, 0.0)
    result = score(closed)
    assert not result.events
    assert not result.is_tested[:, SUNDAYS].any()
    assert np.all(result.expected[:, SUNDAYS] == 0)
    loss = score(change(closed, slice(None), slice(502, 503), 0.3))
    assert loss.event[0, 502] >= 0
    assert {one.kind for one in loss.events} == {"outage"}


def test_zeros_of_an_outage_are_no_closed_days() -> None:
    panel = change(shop(), slice(None), slice(500, 505), 0.0)
    assert not closed_days(panel).any()
    result = score(panel)
    assert np.all(result.event[0, 500:505] >= 0)
    assert not closed_days(change(panel, slice(None), slice(601, 602), 0.0)).any()


def test_a_shop_that_closes_on_mondays_from_some_day_on_is_closed_then() -> None:
    panel = change(shop(), slice(None), slice(602, None, 7), 0.0)
    shut = closed_days(panel)[0]
    assert set(np.flatnonzero(shut) % 7) == {0}
    assert not shut[:602].any() and shut[602::7].mean() > 0.9


def test_known_holidays_that_are_usually_empty_are_closed() -> None:
    panel = shop()
    holidays = [5, 370, 735]
    y = panel.y.copy()
    y[:, holidays] = 0.0
    days = [CalendarDay(panel.dates[day], "new year") for day in holidays]
    assert not closed_days(replace(panel, y=y)).any()
    assert np.flatnonzero(closed_days(replace(panel, y=y, calendar=days))[0]).tolist() == holidays


@pytest.mark.parametrize(
    ("days", "word"), [(55, "short"), (56, "first_year"), (379, "first_year"), (380, "full")]
)
def test_history_says_what_the_days_can_tell(days: int, word: str) -> None:
    assert set(history_of(shop(days))) == {word}


def test_noise_of_a_short_history_is_enlarged_by_its_degrees_of_freedom() -> None:
    for days, factor in ((28, 36 / 20), (40, 48 / 32), (56, 1.0)):
        panel = shop(days)
        plain = expect(panel, panel.observed)
        np.testing.assert_allclose(widen(plain, panel).variance, plain.variance * factor)


def test_four_weeks_are_enough_to_see_an_outage_and_no_day_fewer() -> None:
    def found(days: int) -> bool:
        panel = change(shop(days), slice(None), slice(days - 3, None), 0.1)
        return bool(np.all(score(panel).event[0, -3:] >= 0))

    assert found(31)
    assert found(28)
    assert not found(27)


def test_the_second_look_begins_where_the_first_ended() -> None:
    panel = change(shop(), [1], slice(500, 530), 1.3)
    use = panel.observed.copy()
    use[1, 500:530] = False
    warm = expect(panel, use, expect(panel, panel.observed))
    np.testing.assert_allclose(warm.mean, expect(panel, use).mean, rtol=0.01)


def test_what_recurs_yearly_by_hand() -> None:
    length = int(np.searchsorted(LENGTHS, 14))
    scores = np.full((len(LENGTHS), 4, 1200), np.nan)
    scores[length, :, 100:] = 0.0
    at, score_of = 400, np.array([6.0, 6.0, -6.0, 6.0])
    scores[length, 0, [at + 364, at + 731]] = 2.5  # both other years, a day early and late
    scores[length, 1, at + 365] = 5.0  # one of two other years only
    scores[length, 2, [at + 365, at + 730]] = 2.5  # the other way
    scores[length, 3, [at + 365, at + 730]] = 1.9  # too weak
    interval = np.arange(4), np.full(4, at - 13), np.full(4, at + 1), score_of
    assert recurs_yearly(scores, *interval).tolist() == [True, False, False, False]
    assert recurs_yearly(scores[:, :, :780], *interval).tolist() == [False, True, False, False]
    assert not recurs_yearly(scores[:, :, :500], *interval).any()


def mixed(seed: int) -> Panel:
    """A ratio whose denominator changes its level."""
    panel = change(shop(seed=seed), slice(None), slice(STEP, None), 0.6)
    random = np.random.default_rng(seed)
    return replace(panel, n=panel.y, y=random.binomial(panel.y.astype(int), 0.2).astype(float))


def test_a_ratio_does_not_follow_the_level_of_its_denominator() -> None:
    assert not score(mixed(3)).events


def test_days_at_the_ends_of_an_interval_that_are_like_others_are_left_out() -> None:
    day = np.array([0.0, 0.5, -5.0, -1.0, -6.0, -5.0, -1.5, 0.0])
    assert trim(Interval(0, 1, 8, -8.0, 0.0), day) == Interval(0, 1, 8, -8.0, 0.0)
    assert trim(Interval(0, 1, 7, -8.0, 0.0), day) == Interval(0, 2, 6, -8.0, 0.0)


def test_an_incident_of_twenty_days_is_over_on_the_next_one() -> None:
    """No length of the search is twenty."""
    panel = change(shop(), slice(None), slice(800, 820), 0.7)
    for last in (820, 821, 830):
        event = score(panel.as_of(panel.dates[last])).event[0]
        assert np.flatnonzero(event >= 0).tolist() == list(range(800, 820))
