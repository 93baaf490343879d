"""Frames in, frames out: order and scope of a panel, closed splits, and logs too short to say anything."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from business_telemetry.statistics.frames import (
    accuracy_frame,
    driver_frame,
    forecast_frame,
    month_frame,
    prediction_frame,
    score_frame,
)
from business_telemetry.statistics.frames.driver_rows import OVERLAP
from business_telemetry.statistics.frames.panels import in_order, panel_of

HOLIDAYS = pd.DataFrame(
    {
        "date": pd.to_datetime(["2021-03-08", "2022-03-08", "2022-03-02"]),
        "name": ["8 Марта", "8 Марта", "Иной"],
    }
)
CAMPAIGNS = pd.DataFrame(
    {
        "campaign": ["north"],
        "starts_on": pd.to_datetime(["2022-03-02"]),
        "ends_on": pd.to_datetime(["2022-03-03"]),
        "cities": ["Омск|Уфа"],
        "categories": [""],
    }
)
SEGMENTS = [("city", "Пермь"), ("city", "Омск"), ("all", "Все"), ("category", "Еда")]


def series(days: int, level: float = 40.0) -> pd.DataFrame:
    """Orders of four segments over so many days, of which the first and the last are partial."""
    dates = pd.date_range("2022-03-01", periods=days)
    noise = np.random.default_rng(3).poisson(level, (days, len(SEGMENTS)))
    return pd.DataFrame(
        [
            {
                "day": day,
                "metric": "orders",
                "segment_type": kind,
                "segment": segment,
                "numerator": float(noise[row, column]),
                "denominator": 1.0,
                "is_ratio": False,
                "is_money": False,
                "is_partial": row in (0, days - 1),
            }
            for row, day in enumerate(dates)
            for column, (kind, segment) in enumerate(SEGMENTS)
        ]
    )


def test_panel_has_the_whole_first_and_campaigns_in_their_scope() -> None:
    rows = series(6)
    ordered = in_order(rows.sample(frac=1, random_state=1))
    panel = panel_of(ordered, HOLIDAYS, CAMPAIGNS)
    heads = ordered[["segment_type", "segment"]].iloc[::5].to_numpy().tolist()
    assert heads == [["all", "Все"], ["category", "Еда"], ["city", "Омск"], ["city", "Пермь"]]
    assert panel.parent.tolist() == [-1, 0, 0, 0]
    assert panel.partial.tolist() == [True, False, False, False, False]
    wanted = rows[rows["segment"] == "Омск"].sort_values("day")["numerator"].to_numpy()[:5]
    np.testing.assert_array_equal(panel.y[2], wanted)
    names = [(str(entry.day), entry.name, entry.scope) for entry in panel.calendar]
    assert names[:2] == [("2021-03-08", "8 Марта/03-08", None), ("2022-03-08", "8 Марта/03-08", None)]
    assert names[3:] == [("2022-03-02", "north", (0, 1, 2)), ("2022-03-03", "north", (0, 1, 2))]


def test_last_whole_day_is_the_day_of_the_view() -> None:
    scores = score_frame(series(70), HOLIDAYS, CAMPAIGNS)
    assert scores["as_of"].unique().tolist() == [pd.Timestamp("2022-05-08")]
    assert scores["day"].max() == pd.Timestamp("2022-05-08")
    assert not scores.loc[scores["day"] == pd.Timestamp("2022-03-01"), "is_tested"].any()


def month_sums(rows: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """What int_anomaly_month_sums makes of them (its own unit test is SQL)."""
    key = ["metric", "segment_type", "segment"]
    days = rows[~rows["is_partial"]].merge(scores.drop(columns="value"), on=["day", *key])
    days = days.assign(
        month=days["day"].dt.to_period("M").dt.to_timestamp(),
        noise_variance=days["noise"] ** 2,
        doubt=days["doubt"] * days["expected"],
    )
    return (
        days.groupby(["month", *key, "is_money"])
        .agg(
            actual=("numerator", "sum"),
            denominator=("denominator", "sum"),
            expected=("expected", "sum"),
            noise_variance=("noise_variance", "sum"),
            doubt=("doubt", "sum"),
            observed_days=("day", "count"),
            tested_days=("is_tested", "sum"),
        )
        .reset_index()
    )


def test_planted_outage_has_its_event_and_an_odd_month() -> None:
    rows = series(200, level=400.0)
    rows.loc[rows["day"].between("2022-06-10", "2022-06-12"), "numerator"] = 0.0
    scores = score_frame(rows, HOLIDAYS, CAMPAIGNS)
    event = scores[(scores["segment_type"] == "all") & scores["is_anomaly"]]
    assert event["day"].dt.day.tolist() == [10, 11, 12]
    assert event["event_key"].unique().tolist() == ["orders/all/Все/2022-06-10"]
    assert event[["kind", "direction"]].drop_duplicates().to_numpy().tolist() == [["outage", "down"]]
    assert event["impact"].iloc[0] == pytest.approx(-event["expected"].sum())
    months = month_frame(month_sums(rows, scores))
    odd = months[(months["segment_type"] == "all") & months["is_odd"]]
    assert odd["month"].tolist() == [pd.Timestamp("2022-06-01")]
    june = rows[(rows["segment_type"] == "all") & (rows["day"].dt.month == 6)]
    assert odd["actual"].iloc[0] == pytest.approx(june["numerator"].mean())


def drivers_of(actual: dict[tuple[str, str], float], expected: dict[tuple[str, str], float]) -> pd.DataFrame:
    """Drivers of one flagged day with these values."""
    day = pd.Timestamp("2022-03-02")
    keys = pd.DataFrame(list(actual), columns=["segment_type", "segment"]).assign(
        event_key="one", metric="orders"
    )
    sums = keys.assign(
        event_start=day,
        event_end=day,
        is_ratio=False,
        numerator=list(actual.values()),
        denominator=1.0,
        usual=list(expected.values()),
    )
    return driver_frame(sums)


def test_overlap_closes_the_split() -> None:
    actual = {("all", "Все"): 50.0, ("category", "Еда"): 40.0, ("category", "Обувь"): 30.0}
    expected = {("all", "Все"): 100.0, ("category", "Еда"): 60.0, ("category", "Обувь"): 60.0}
    drivers = drivers_of(actual, expected).set_index("member")
    assert drivers["delta"].to_dict() == pytest.approx({"Еда": -10.0, "Обувь": -20.0, OVERLAP: -20.0})
    assert drivers["contribution"].to_dict() == pytest.approx({"Еда": 0.2, "Обувь": 0.4, OVERLAP: 0.4})
    assert drivers["expected"].to_dict() == pytest.approx(
        {"Еда": 50.0, "Обувь": 50.0, OVERLAP: 0.0}, abs=1e-9
    )


def test_members_that_add_up_leave_no_overlap() -> None:
    actual = {("all", "Все"): 70.0, ("city", "Омск"): 40.0, ("city", "Пермь"): 30.0}
    expected = {("all", "Все"): 100.0, ("city", "Омск"): 50.0, ("city", "Пермь"): 50.0}
    drivers = drivers_of(actual, expected)
    assert drivers["member"].tolist() == ["Омск", "Пермь"]
    assert drivers["total_delta"].unique().tolist() == [-30.0]


def test_no_anomalies_have_no_drivers() -> None:
    none = pd.DataFrame(columns=["event_key", "segment_type", "segment", "is_ratio"])
    assert driver_frame(none).empty


@pytest.mark.parametrize("days", [0, 1, 2, 3, 30])
def test_short_logs_are_silent(days: int) -> None:
    rows = series(max(days, 1)).iloc[: days * len(SEGMENTS)]
    scores = score_frame(rows, HOLIDAYS, CAMPAIGNS)
    assert len(scores) == max(days - 1, 0) * len(SEGMENTS) * (days > 2)
    assert not scores["is_anomaly"].any()
    months = month_frame(month_sums(rows, scores)) if len(scores) else month_frame(scores)
    assert not months["is_odd"].any()
    predictions = prediction_frame(rows.assign(metric="revenue"), HOLIDAYS)
    assert predictions.empty
    assert forecast_frame(predictions).empty
    assert accuracy_frame(predictions).empty


def test_predictions_of_any_row_order_become_the_forecast() -> None:
    rows = series(600, level=400.0).assign(metric="revenue", is_money=True)
    predictions = prediction_frame(rows, HOLIDAYS)
    forecast = forecast_frame(predictions.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(forecast, forecast_frame(predictions))
    key = ["origin_date", "level", "segment", "date"]
    assert not forecast.duplicated(key).any()
    now = forecast[~forecast["is_backtest"]]
    assert (now["date"].min(), now["date"].max()) == (pd.Timestamp("2023-10-21"), pd.Timestamp("2024-01-20"))
    assert now["actual"].isna().all() and forecast.loc[forecast["is_backtest"], "actual"].notna().all()
    known = rows.set_index(["day", "segment_type", "segment"])["numerator"]
    past = forecast[forecast["is_backtest"]].set_index(["date", "level", "segment"])["actual"]
    np.testing.assert_array_equal(past, known.loc[past.index])
    assert accuracy_frame(predictions)["is_winner"].sum() == 3


def test_a_forecast_that_was_stored_still_follows_a_new_level() -> None:
    rows = series(600, level=400.0).assign(metric="revenue", is_money=True)
    late = rows["day"] > rows["day"].max() - pd.Timedelta(days=14)
    rows.loc[late, "numerator"] = (rows.loc[late, "numerator"] * 0.5).round(2)
    forecast = forecast_frame(prediction_frame(rows, HOLIDAYS))
    total = (forecast["level"] == "all") & ~forecast["is_backtest"]
    week = rows[(rows["segment_type"] == "all") & late].groupby("day")["numerator"].sum().tail(7)
    ahead = forecast[total & (forecast["horizon"] <= 7)]
    assert ahead["p50"].sum() == pytest.approx(week.sum(), rel=0.15)
