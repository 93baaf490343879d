"""Rows of int_forecast_predictions, int_revenue_forecast and int_forecast_accuracy."""

from __future__ import annotations

import numpy as np
import pandas as pd

from business_telemetry.statistics.forecast import NAIVE, Predictions, accuracies, forecast, predict
from business_telemetry.statistics.frames.panels import in_order, panel_of
from business_telemetry.statistics.series import Panel
from business_telemetry.statistics.series.panel import Floats, Ints

FORECAST_MIN_DAYS = 56
PLACE = ["origin_date", "level", "segment", "date", "horizon"]
PREDICTION_COLUMNS = ["candidate", *PLACE, "predicted", "actual", "usual_change"]
FORECAST_COLUMNS = [*PLACE, "is_backtest", "candidate", "p50", "lo80", "hi80", "actual"]
ACCURACY_COLUMNS = ["level", "candidate", "origins", "wape", "mase", "coverage", "wape_vs_naive", "is_winner"]


def prediction_frame(series: pd.DataFrame, holidays: pd.DataFrame) -> pd.DataFrame:
    """What every candidate predicts for the 92 days after each backtest origin and the last whole day."""
    revenue = known_revenue(series)
    if revenue.empty:
        return pd.DataFrame(columns=PREDICTION_COLUMNS)
    panel = panel_of(revenue, holidays)
    past = predict(panel, levels_of(revenue, panel))
    shape = past.actual.shape
    places = places_of(past, revenue["segment"].astype(str).iloc[:: len(panel.dates)].to_numpy()).assign(
        actual=past.actual.ravel(),
        usual_change=np.broadcast_to(past.usual_change[:, None], shape).ravel(),
    )
    frames = [places.assign(candidate=name, predicted=values.ravel()) for name, values in past.values.items()]
    return pd.concat(frames, ignore_index=True)[PREDICTION_COLUMNS]


def places_of(past: Predictions, segments: np.ndarray) -> pd.DataFrame:
    """Origin, segment and day of each of K × S × H predictions."""
    origin, series, ahead = (part.ravel() for part in np.indices(past.actual.shape))
    days = past.origins.astype("datetime64[s]")
    return pd.DataFrame(
        {
            "origin_date": days[origin],
            "level": np.array(past.levels)[series],
            "segment": segments[series],
            "date": days[origin] + (ahead + 1).astype("timedelta64[D]"),
            "horizon": ahead + 1,
        }
    )


def read_predictions(predictions: pd.DataFrame) -> tuple[pd.DataFrame, Predictions]:
    """Ordered rows of one candidate, and the arrays of all (of the levels, `all` comes first by name)."""
    ordered = predictions.sort_values(["candidate", "origin_date", "level", "segment", "horizon"])
    shape = tuple(ordered[names].drop_duplicates().shape[0] for names in (PLACE[:1], PLACE[1:3], PLACE[4:]))
    names = ordered["candidate"].unique().tolist()
    values = ordered["predicted"].to_numpy(float).reshape(-1, *shape)
    places = ordered.iloc[: len(ordered) // len(names)].reset_index(drop=True)
    one_origin = places.iloc[: shape[1] * shape[2] : shape[2]]
    past = Predictions(
        origins=places["origin_date"].iloc[:: shape[1] * shape[2]].to_numpy("datetime64[D]"),
        levels=one_origin["level"].astype(str).tolist(),
        values=dict(zip(names, values, strict=True)),
        actual=places["actual"].to_numpy(float).reshape(shape),
        usual_change=one_origin["usual_change"].to_numpy(float),
    )
    return places, past


def forecast_frame(predictions: pd.DataFrame) -> pd.DataFrame:
    """Daily revenue 92 days ahead of every backtest origin and of the last whole day."""
    if predictions.empty:
        return pd.DataFrame(columns=FORECAST_COLUMNS)
    places, past = read_predictions(predictions)
    chosen = forecast(past)
    frame = places.assign(
        is_backtest=places["origin_date"] != places["origin_date"].max(),
        candidate=chosen.candidate,
        p50=roubles(chosen.p50),
        lo80=roubles(chosen.low),
        hi80=roubles(chosen.high),
        actual=places["actual"].round(2),
    )
    return frame[FORECAST_COLUMNS]


def accuracy_frame(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per level and candidate; none before the history allows a backtest."""
    if predictions.empty:
        return pd.DataFrame(columns=ACCURACY_COLUMNS)
    rows = accuracies(read_predictions(predictions)[1])
    frame = pd.DataFrame([vars(row) for row in rows], columns=ACCURACY_COLUMNS)
    naive = frame[frame["candidate"] == NAIVE].set_index("level")["wape"]
    return frame.assign(wape_vs_naive=frame["wape"] / frame["level"].map(naive.where(naive > 0)))


def known_revenue(series: pd.DataFrame) -> pd.DataFrame:
    """The rows in order, up to the last whole day; none where history is too short."""
    revenue = in_order(series)
    return revenue if revenue["day"].nunique() >= FORECAST_MIN_DAYS else revenue.iloc[:0]


def levels_of(revenue: pd.DataFrame, panel: Panel) -> list[str]:
    """The level of each of the panel's series."""
    levels: list[str] = revenue["segment_type"].iloc[:: len(panel.dates)].astype(str).tolist()
    return levels


def roubles(kopecks: Ints) -> Floats:
    """Amounts in a column's order; two decimals of a float are exact enough for money of any shop."""
    amounts: Floats = kopecks.ravel() / 100
    return amounts
