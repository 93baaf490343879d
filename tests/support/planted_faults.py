"""The faults that test_planted_faults.py plants, one for each check of the warehouse.

A data test is known by its name, a generic one by `kind:model` or `kind:model.column`.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Fault(NamedTuple):
    """A change of one table and all the tests that see it.

    Attributes:
        table: database, without `telemetry_`, and table.
        change: what is done to a copy of it, `{t}`.
        seen_by: data tests that must fail; every other one that reads the table must pass.
    """

    table: str
    change: str
    seen_by: frozenset[str]


def fault(table: str, change: str, *seen_by: str) -> Fault:
    return Fault(table, change, frozenset(seen_by))


def update(table: str, change: str, *seen_by: str) -> Fault:
    return fault(table, f"alter table {{t}} update {change} settings mutations_sync = 1", *seen_by)


def delete(table: str, rows: str, *seen_by: str) -> Fault:
    return fault(table, f"alter table {{t}} delete where {rows} settings mutations_sync = 1", *seen_by)


FAULTS = [
    # one of each generic kind
    update("seeds.actions", "action_rank = 2 where action = 'mainpage'", "unique:actions.action_rank"),
    fault("seeds.labels", "insert into {t} select * from {t} limit 1", "unique_combination:labels"),
    update("seeds.holidays", "name = '' where date = '2023-05-09'", "filled:holidays"),
    update("seeds.kpi_targets", "target = -1 where kpi = 'orders'", "in_range:kpi_targets.target"),
    update(
        "seeds.kpi_targets",
        "segment_type = 'category' where kpi = 'sessions'",
        "accepted_values:kpi_targets.segment_type",
    ),
    update(
        "intermediate.int_confirmations",
        "outcome = 'lost' where outcome = 'repeated'",
        "accepted_values:int_confirmations.outcome",
    ),
    update("marts.fct_orders", "city = 'Нигде' where order_no = 1", "relationships:fct_orders.city"),
    # each singular test
    delete(
        "raw.rejected_events", "source_line % 2", "assert_raw_equals_staged_plus_duplicates_plus_rejected"
    ),
    update(
        "intermediate.int_sessions",
        "event_count = event_count + 1 where session_key = (select min(session_key) from {t})",
        "assert_every_staged_event_has_one_session",
    ),
    delete("marts.dim_date", "date_day = '2022-02-01'", "assert_calendar_has_every_observed_day"),
    update(
        "marts.mart_forecast_accuracy",
        "is_winner = false where level = 'city'",
        "assert_each_level_has_one_winner",
    ),
    update(
        "marts.mart_anomalies",
        "value = value + 1 where metric = 'revenue' and segment_type = 'all' and day = '2022-02-01'",
        "assert_anomaly_values_equal_sales",
    ),
    update(
        "marts.mart_revenue_forecast",
        "p50 = p50 + 0.01 where level = 'all' and horizon = 1",
        "assert_forecast_reconciles",
    ),
    fault(
        "marts.mart_anomaly_drivers",
        "insert into {t} (event_key, metric, dimension, member, delta, contribution, total_delta)"
        " values ('e', 'revenue', 'city', 'Москва', 1, 0.5, 2)",
        "assert_drivers_sum_to_the_whole",
    ),
    update(
        "marts.mart_campaign_effect",
        "measured_days = 1, treated_total = -1 where kpi = 'revenue'",
        "assert_campaign_series_reconcile",
    ),
    update(
        "intermediate.int_campaign_days",
        "revenue = revenue + 1 where true",
        "assert_campaign_series_reconcile",
    ),
    delete("marts.mart_lifecycle", "state = 'returning'", "assert_lifecycle_states_sum_to_active_users"),
    delete("marts.agg_active_daily", "event_date = '2022-02-01'", "assert_merged_states_equal_rows"),
    update(
        "marts.fct_order_lines",
        "category = 'Прочее' where line_no = 1",
        "assert_revenue_reconciles_by_category",
    ),
    delete(
        "marts.fct_order_lines",
        "order_key = (select min(order_key) from {t})",
        "assert_lines_sum_to_their_order",
        "assert_revenue_reconciles_by_category",
        "assert_revenue_reconciles_by_day",
    ),
    update(
        "marts.fct_user_offsets",
        "cum_revenue = cum_revenue + 1 where period = 'W' and entry = 'first_order' and offset = 0",
        "assert_retention_is_consistent",
    ),
    update(
        "marts.fct_user_offsets",
        "cum_revenue = cum_revenue + 1 where period = 'D' and entry = 'first_order' and offset >= 30",
        "assert_cohort_revenue_equals_orders",
    ),
    update(
        "marts.mart_basket_pairs",
        "n_ab = n_ab + 1 where category_a < category_b",
        "assert_basket_pairs_reconcile_with_orders",
    ),
    update(
        "marts.mart_experiment_readout",
        "user_count = user_count + 1 where metric = 'buyer_share'",
        "assert_experiment_users_reconcile",
    ),
    update(
        "marts.mart_data_health",
        "total_count = total_count + 1 where check_name = 'orders_without_lines'",
        "assert_data_health_reconciles",
    ),
    update(
        "marts.fct_funnel",
        "is_partial_week = not is_partial_week where session_key = (select min(session_key) from {t})",
        "assert_clipped_weeks_sum_to_the_month",
    ),
    update(
        "marts.fct_funnel",
        "step_level = 1 where step_level = 4",
        "assert_funnel_equals_sessions_and_orders",
    ),
    update(
        "marts.mart_kpi_plan_fact",
        "actual = actual + 1 where kpi = 'revenue' and segment_type = 'city'",
        "assert_plan_facts_reconcile",
    ),
    delete("marts.mart_kpi_plan_fact", "month = '2022-02-01'", "assert_plan_facts_reconcile"),
    update(
        "marts.fct_sales",
        "cart_value = cart_value + 1 where sales_key = (select min(sales_key) from {t})",
        "assert_sales_hold_every_event",
        "assert_value_bridge_reconciles",
    ),
    update(
        "marts.dim_user_history",
        "valid_to = valid_to + 1 where not is_current",
        "assert_user_history_has_no_gaps",
    ),
    update(
        "marts.dim_user_history",
        "age = 1 where not is_current",
        "assert_events_match_user_history",
    ),
    update(
        "marts.mart_path_edges",
        "n = n + 1 where step = 1 and to_action = 'exit'",
        "assert_paths_hold_every_session",
    ),
    update(
        "intermediate.int_confirmations",
        "outcome = 'unchecked' where true",
        "assert_most_confirmations_make_orders",
    ),
    update("marts.mart_rfm_snapshot", "m = m + 1 where f > 0", "assert_rfm_reconciles_with_orders"),
    update("marts.fct_sales", "product = 'Чайник' where is_order", "assert_products_reconcile"),
    update("seeds.rfm_segments", "r_to = 4 where r_to = 5", "assert_every_rfm_code_has_one_segment"),
    update("marts.fct_orders", "refund_value = 1 where order_no = 1", "assert_refunds_reconcile"),
    update(
        "marts.mart_notebook_parity",
        "deduplicated_value = deduplicated_value + 1 where action = 'cart'",
        "assert_notebook_parity_reconciles",
    ),
    update("marts.fct_sessions", "carted = carted + 1 where carted > 0", "assert_value_bridge_reconciles"),
]

FLAG = {
    "is_anomaly": "true",
    "kind": "'spike'",
    "direction": "'up'",
    "severity": "'info'",
    "event_key": "'e'",
    "event_start": "day",
    "event_end": "day",
    "first_flagged_on": "day",
    "is_tested": "true",
    "q_value": "0.01",
}


def row(**values: object) -> str:
    """What is replaced in a sound row."""
    return ", ".join(f"{value} as {name}" for name, value in values.items())


# Rows that break a constraint and none that stands before it, by the constraint's name or `table.name`.
# Of codes, signs and shares `derived_rows` makes them from the expression.
ROWS = {
    "age_is_0_to_120": [row(age=121)],
    "local_hour_is_0_to_23": [row(local_hour=24)],
    "order_no_is_at_least_1": [row(order_no=0)],
    "a_method_has_origins": [row(origins=0)],
    "date_is_the_horizon_after_the_origin": [row(date="date + 1")],
    "horizon_is_1_to_92": [
        row(horizon=0, date="origin_date"),
        row(horizon=93, date="origin_date + 93"),
    ],
    "p50_is_inside_its_band": [row(p50="hi80 + 1"), row(p50="lo80 - 1")],
    "observed_days_are_0_to_31": [row(observed_days=32)],
    "month_days_are_28_to_31": [row(month_days=27), row(month_days=32)],
    "observed_days_are_1_to_31": [row(observed_days=0, anomaly_days=0), row(observed_days=32)],
    "anomaly_days_are_observed_days": [row(anomaly_days="observed_days + 1")],
    "an_event_ends_after_its_start": [
        row(event_start="toDate('2022-01-02')", event_end="toDate('2022-01-01')")
    ],
    "event_start_is_a_real_day": [row(event_start="toDate('1970-01-01')")],
    "impact_share_is_at_least_minus_1": [row(impact_share=-1.1)],
    "first_flag_is_from_day_to_as_of": [row(first_flagged_on="day - 1"), row(first_flagged_on="as_of + 1")],
    "a_flag_names_its_event": [
        row(**{name: value for name, value in FLAG.items() if name not in (missing, "event_end")})
        for missing in ("is_anomaly", "kind", "direction", "severity", "event_key", "event_start")
    ],
    "a_flag_is_tested_and_rare": [
        row(**FLAG | change)
        for change in (
            {"q_value": "0.03"},
            {"is_tested": "false", "score": "0", "p_value": "1"},
            {"first_flagged_on": "null"},
            {"event_start": "day + 1", "event_end": "day + 1"},
        )
    ],
    "an_untested_day_has_no_score": [
        row(**{"is_tested": "false", "score": "0", "p_value": "1", "q_value": "1"} | change)
        for change in ({"score": "1"}, {"p_value": "0.5"}, {"q_value": "0.5"})
    ],
    "mart_anomalies.expected_is_inside_its_bounds": [
        row(expected="null"),
        row(upper="expected / 2"),
        row(lower="expected * 2"),
    ],
    "mart_anomaly_months.expected_is_inside_its_bounds": [
        row(lower=-1),
        row(lower="expected + 1", upper="expected + 2"),
        row(lower="0", upper="-1"),
    ],
    "step_is_1_to_10": [row(step=0), row(step=11)],
    "n_is_at_least_1": [row(n=0)],
    "levels_are_0_to_4": [row(step_level=5), row(ordered_level=5)],
    "rel_day_is_at_least_minus_56": [row(rel_day=-57)],
    "deepest_action_rank_is_1_to_10": [row(deepest_action_rank=0), row(deepest_action_rank=11)],
    "a_session_has_events": [row(n_events=0)],
    "carted_is_ordered_or_abandoned": [row(carted="carted + 1")],
    "only_an_abandoned_cart_is_recovered": [
        row(recovered="abandoned + 1"),
        row(is_cart_recovered=1, is_cart_abandoned=0),
    ],
    "lifts_are_at_least_minus_1": [row(lift=-1.1), row(lift_lower=-1.1), row(lift_upper=-1.1)],
    "mixed_orders_are_from_pair_to_all": [
        row(n_a_mixed="n_ab - 1"),
        row(n_a_mixed="n_a + 1"),
        row(n_b_mixed="n_ab - 1"),
        row(n_b_mixed="n_b + 1"),
        row(n_mixed="n + 1"),
    ],
    "a_pair_has_two_categories": [row(category_b="category_a")],
    "a_group_has_rows": [row(raw_row_count=0), row(distinct_row_count=0)],
    "each_rule_leaves_fewer_rows": [
        row(distinct_row_count="raw_row_count + 1"),
        row(event_count="distinct_row_count + 1"),
        row(key_event_count="event_count + 1"),
    ],
    "offset_is_0_to_90": [row(offset=91)],
    "flags_are_0_or_1": [
        row(is_active=2),
        row(is_active_later=2),
        row(is_buying=2),
        row(is_buying_later=2),
    ],
    "later_includes_now": [row(is_active=1, is_active_later=0), row(is_buying=1, is_buying_later=0)],
    "a_buyer_is_active": [row(is_active=0, is_buying=1, is_buying_later=1)],
    "everybody_is_active_at_offset_0": [
        row(offset=0, is_active=0, is_buying=0),
        row(offset=0, entry="'first_order'", is_active=1, is_active_later=1, is_buying=0),
    ],
    "r_is_0_to_364": [row(r=-1), row(r=365)],
    "f_is_0_to_365": [row(f=366)],
    "scores_are_0_to_5": [row(r_score=6), row(f_score=6), row(m_score=6)],
    "the_current_version_is_open": [row(is_current="not is_current")],
    "month_no_is_1_to_12": [row(month_no=0), row(month_no=13)],
    "iso_week_is_1_to_53": [row(iso_week=0), row(iso_week=54)],
    "weekday_is_1_to_7": [row(weekday=0), row(weekday=8)],
    "coordinates_are_on_earth": [row(latitude=91), row(longitude=181)],
    "utc_offset_hours_is_2_to_12": [row(utc_offset_hours=1), row(utc_offset_hours=13)],
    "population_is_at_least_1": [row(population=0)],
}

# which rows are sound, where not any will do
SOUND = {"mart_anomalies": "is_tested and not is_anomaly and expected > 0"}
# a sound row of tables that are empty in the demo
BY_HAND = {
    "mart_products": {"month": "toDate('2022-01-01')", "revenue": "0", "refund_value": "0"},
    "mart_anomaly_drivers": {
        "metric": "'revenue'",
        "dimension": "'city'",
        "event_start": "today()",
        "event_end": "today()",
    },
}


def insert(table: str, sound: str, copy: str, replaced: str) -> str:
    """The INSERT of a faulty row into `copy`, made of a row of `sound`."""
    if by_hand := BY_HAND.get(table):
        columns, source = f"({', '.join(by_hand)})", f"select {row(**by_hand)}"
    else:
        columns, source = "", f"select * from {sound} where {SOUND.get(table, 'true')} limit 1"
    return f"insert into {copy} {columns} select * replace ({replaced}) from ({source})"


def derived_rows(expression: str) -> list[str]:
    """Rows that break `x in (...)`, `x >= 0` and `x between 0 and 1`, for each x of the expression."""
    known = re.findall(r"(\w+) in \(", expression)
    signed = re.findall(r"(?:ifNull\((\w+), 0\)|(?<!\w)(\w+)) >= 0", expression)
    shares = re.findall(r"(?:ifNull\((\w+), 0\)|(?<!\w)(\w+)) between 0 and 1(?!\d)", expression)
    return [
        *(row(**{name: "'?'"}) for name in known),
        *(row(**{left or right: -1}) for left, right in signed),
        *(row(**{left or right: value}) for left, right in shares for value in (-0.1, 1.1)),
    ]


def rows_against(table: str, constraint: str, expression: str) -> list[str]:
    """All rows that must break the constraint."""
    by_hand = ROWS.get(f"{table}.{constraint}", ROWS.get(constraint))
    return derived_rows(expression) if by_hand is None else by_hand
