"""Ground truth: what was planted, counted from the simulation itself and not from the written file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shop_simulator.basket import MICRO, Baskets, sum_by
from shop_simulator.clock import DAY
from shop_simulator.effects import Effect
from shop_simulator.events import CART, CHECKOUT, NO_CATEGORY, Rows
from shop_simulator.labels import MOVES
from shop_simulator.panel import CITY_NAMES, UNKNOWN_AGE, UNKNOWN_CITY
from shop_simulator.schema import ACTIONS, CATEGORIES, GENDERS
from shop_simulator.shop import Sessions, Shop


class Truth:
    """Counts traps and sums money while a log is made. Money is summed in whole micro-roubles."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        users = shop.panel.size
        self.rows = self.staged_rows = self.valid_rows = 0
        self.traps: dict[str, int] = {}
        self.actions = np.zeros(len(ACTIONS), dtype=np.int64)
        self.orders = self.unchecked_orders = self.revenue = self.unchecked_revenue = 0
        self.sessions = 0
        self.months: dict[str, dict[str, int]] = {}
        self.raw_value = {
            "category": np.zeros(NO_CATEGORY + 1, dtype=np.int64),
            "gender": np.zeros(len(GENDERS), dtype=np.int64),
            "city": np.zeros(len(CITY_NAMES), dtype=np.int64),
        }
        self.seen_at = np.zeros((2, users), dtype=bool)
        self.user_sessions = np.zeros(users, dtype=np.int64)
        self.latest = np.iinfo(np.int64).min

    def add_sessions(self, sessions: Sessions, baskets: Baskets) -> None:
        """Counts sessions, baskets and orders."""
        size = len(sessions.day)
        self.sessions += size
        self.user_sessions += np.bincount(sessions.user, minlength=self.shop.panel.size)
        confirmed, checked = baskets.confirmations > 0, baskets.checkouts > 0
        lines = np.bincount(baskets.line_basket, minlength=baskets.size)
        ordered = confirmed & checked
        with_cart = np.unique(baskets.session[lines > 0])
        per_session = np.bincount(baskets.session[ordered], minlength=size)
        self._count("checkouts_repeated", baskets.checkouts == 2)
        self._count("confirmations_reloaded", baskets.confirmations == 2)
        self._count("sessions_with_two_orders", per_session == 2)
        self._count("confirmations_without_checkout", confirmed & ~checked)
        self._count("confirmations_without_value", confirmed & (baskets.confirmation == 0))
        self._count("checkouts_differing_from_lines", checked & (baskets.checkout != baskets.lines_total))
        self._count("orders_without_lines", ordered & (lines == 0))
        self.traps["sessions_without_cart"] = (
            self.traps.get("sessions_without_cart", 0) + size - len(with_cart)
        )
        value = baskets.order_value
        self.orders += int(ordered.sum())
        self.revenue += int(value[ordered].sum())
        self.unchecked_orders += int((confirmed & ~checked).sum())
        self.unchecked_revenue += int(value[confirmed & ~checked].sum())

    def add_events(self, events: Rows) -> None:
        """Counts events before any is doubled or delayed; they come by session, in order."""
        self.staged_rows += len(events)
        self.actions += np.bincount(events.action, minlength=len(ACTIONS))
        panel = self.shop.panel
        moved = events.attributes >= panel.size
        self.seen_at[0][events.user[~moved]] = True
        self.seen_at[1][events.user[moved]] = True
        same_session = (events.user[1:] == events.user[:-1]) & (events.session[1:] == events.session[:-1])
        self._count("same_second_pairs", same_session & (events.time[1:] == events.time[:-1]))
        last = np.r_[~same_session, True] if len(events) else np.empty(0, dtype=bool)
        first = np.r_[True, ~same_session] if len(events) else np.empty(0, dtype=bool)
        start, end = events.time[first], events.time[last]
        for unit in ("D", "M", "Y"):
            name = {"D": "midnight", "M": "month", "Y": "year"}[unit]
            crossed = _calendar(start, unit) != _calendar(end, unit)
            self._count(f"sessions_across_{name}", crossed)
        order_row = events.action >= CHECKOUT
        self._count("order_rows_without_category", order_row & (events.category == NO_CATEGORY))
        self._count("order_rows_with_category", order_row & (events.category != NO_CATEGORY))
        age = panel.age[events.user]
        self._count("rows_of_children", (age >= 0) & (age < 18))
        self._count("rows_without_age", age == UNKNOWN_AGE)
        self._count("rows_without_city", panel.city[events.user] == UNKNOWN_CITY)
        self._add_months(events)

    def add_written(self, rows: Rows) -> None:
        """Counts valid rows in the order of the file, with doubled ones."""
        self.valid_rows += len(rows)
        if not len(rows):
            return
        reached = np.maximum.accumulate(np.r_[self.latest, rows.time])
        self._count("late_rows", rows.time < reached[:-1])
        self.latest = int(reached[-1])
        panel = self.shop.panel
        city = np.where(rows.attributes >= panel.size, panel.next_city[rows.user], panel.city[rows.user])
        keys = {"category": rows.category, "gender": panel.gender[rows.user], "city": city}
        for name, key in keys.items():
            self.raw_value[name] += sum_by(key, rows.value, len(self.raw_value[name]))

    def report(self, lines: int, rejected: dict[str, int]) -> dict[str, Any]:
        """The ground truth as plain data for JSON. Money is text with six decimals."""
        same_second = self.traps.get("same_second_pairs", 0)
        shared = np.sort(self.user_sessions)[-2] if self.shop.panel.size > 1 else 0
        traps = dict(self.traps)
        traps["exact_duplicates"] = self.valid_rows - self.staged_rows
        traps["session_ids_of_several_users"] = int(shared)
        traps["users_with_two_cities"] = int(self.seen_at.all(axis=0).sum())
        raw = {
            "category": (*CATEGORIES, ""),
            "gender": GENDERS,
            "city": CITY_NAMES,
        }
        return {
            "config": _config(self.shop),
            "rows": {
                "total": lines,
                "valid": self.valid_rows,
                "rejected": lines - self.valid_rows,
                "distinct": self.staged_rows,
                "distinct_by_user_and_second": self.staged_rows - same_second,
                "distinct_by_action": dict(zip(ACTIONS, self.actions.tolist(), strict=True)),
            },
            "rejected_by_kind": dict(sorted(rejected.items())),
            "traps": dict(sorted(traps.items())),
            "totals": {
                "users": int(self.seen_at.any(axis=0).sum()),
                "sessions": self.sessions,
                "orders": self.orders,
                "revenue": money(self.revenue),
                "orders_without_checkout": self.unchecked_orders,
                "revenue_without_checkout": money(self.unchecked_revenue),
                "by_month": {
                    month: {"events": part["events"], "cart_value": money(part["cart_value"])}
                    for month, part in sorted(self.months.items())
                },
            },
            "raw_value": {
                name: {
                    label: money(int(total))
                    for label, total in zip(labels, self.raw_value[name], strict=True)
                }
                for name, labels in raw.items()
            },
            "incidents": describe(self.shop.incidents),
            "promotions": describe(self.shop.promotions),
            "seasons": describe([effect for effect in self.shop.effects if effect.kind == "season"]),
        }

    def _count(self, name: str, where: NDArray[np.bool_]) -> None:
        self.traps[name] = self.traps.get(name, 0) + int(where.sum())

    def _add_months(self, events: Rows) -> None:
        month = _calendar(events.time, "M")
        for each in np.unique(month):
            part = self.months.setdefault(str(each), {"events": 0, "cart_value": 0})
            inside = month == each
            part["events"] += int(inside.sum())
            part["cart_value"] += int(events.value[inside & (events.action == CART)].sum())


def money(micros: int) -> str:
    """Micro-roubles as a decimal text with six places."""
    return f"{Decimal(micros) / MICRO:.6f}"


def describe(effects: Sequence[Effect]) -> list[dict[str, Any]]:
    """Labels of effects: which metrics, when, for whom, in which direction and how strong."""
    labels = []
    for effect in effects:
        label = asdict(effect) | {"start": str(effect.start), "end": str(effect.end)}
        label |= {"metrics": MOVES[effect.lever], "sign": 1 if effect.factor > 1 else -1}
        label["size"] = round(effect.factor - 1, 6)
        labels.append(
            {name: list(value) if isinstance(value, tuple) else value for name, value in label.items()}
        )
    return labels


def _config(shop: Shop) -> dict[str, Any]:
    config = asdict(shop.config) | {"start": str(shop.config.start), "users": shop.panel.size}
    if isinstance(shop.config.incidents, tuple):
        config["incidents"] = "given"
    if shop.config.lost_day:
        config["lost_day"] = str(shop.config.lost_day)
    return config


def _calendar(seconds: NDArray[np.int64], unit: str) -> NDArray[np.datetime64]:
    return (seconds // DAY).astype("datetime64[D]").astype(f"datetime64[{unit}]")
