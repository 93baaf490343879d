"""A measure is declared once; both languages come out as they were run in both engines."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from business_telemetry.dashboard.catalogue import Dataset
from business_telemetry.dashboard.derive import to_datalens, to_sql
from business_telemetry.dashboard.fields import Format, Measure

BY_HAND = {"sql": "concat(a, b)", "datalens": "CONCAT([a], [b])", "why": "text"}


def dataset(**measures: dict[str, Any]) -> Dataset:
    return Dataset.model_validate(
        {
            "title": "Продажи",
            "table": "fct_sales",
            "parameters": ["scale", "basis"],
            "dimensions": {
                "day": {"title": "День", "type": "date"},
                "kind": {"title": "Вид", "labels": {"spike": "всплеск", "it's": "о'"}},
            },
            "calculated": {
                "amount": {
                    "title": "Сумма",
                    "type": "float",
                    "pick": "basis",
                    "of": {"cart": "cart_value", "confirmed": "revenue"},
                },
                "period": {"title": "Период", "type": "date", "part": "scale", "of": "day"},
                "text": {
                    "title": "Текст",
                    "sql": "concat(toString(day), @kind_label)",
                    "datalens": "CONCAT(STR([day]), [kind_label])",
                    "why": "text",
                },
            },
            "measures": {name: {"title": name, "hint": "Что-то.", **body} for name, body in measures.items()},
        }
    )


@pytest.mark.parametrize(
    ("declared", "sql", "datalens"),
    [
        ({"agg": "sum", "of": "revenue"}, "sum(revenue)", "SUM([revenue])"),
        (
            {"agg": "sum", "of": "amount"},
            "sum(multiIf({basis:String} = 'cart', cart_value, revenue))",
            "SUM([amount])",
        ),
        (
            {"agg": "count_distinct", "of": "order_key", "where": "is_order"},
            "uniqExactIf(order_key, is_order)",
            "COUNTD_IF([order_key], [is_order])",
        ),
        (
            {"agg": "count", "of": ["order_key", "line_no"], "where": "z > 3.5"},
            "countIf(z > 3.5)",
            'COUNTD_IF(CONCAT([order_key], "/", STR([line_no])), [z] > 3.5)',
        ),
        (
            {"agg": "median", "of": "seconds", "where": "step_level = 4"},
            "medianExactOrNullIf(seconds, step_level = 4)",
            "MEDIAN(IF([step_level] = 4, [seconds], NULL))",
        ),
        (
            {"agg": "sum", "of": "n", "where": "kind = 'spike'"},
            "sumIf(n, kind = 'spike')",
            'SUM_IF([n], [kind] = "spike")',
        ),
        (
            {"agg": "merge", "of": "users"},
            "uniqExactMerge(users)",
            'DB_CALL_AGG_INT("uniqExactMerge", [users])',
        ),
        ({"agg": "any", "of": "lift"}, "any(lift)", "MAX([lift])"),
        ({"agg": "flag", "of": "is_odd"}, "max(toUInt8(is_odd))", "MAX(INT([is_odd]))"),
    ],
)
def test_aggregates(declared: dict[str, Any], sql: str, datalens: str) -> None:
    data = dataset(m=declared)
    assert to_sql(data, "m") == sql
    assert to_datalens(data, data.measures["m"]) == datalens


def test_ratios_divide_safely_and_decimals_as_floats() -> None:
    data = dataset(
        m_sum={"agg": "sum", "of": "revenue"},
        m_all={"agg": "count", "of": "order_key"},
        m_some={"agg": "count", "of": "order_key", "where": "is_first"},
        m_mean={"ratio": ["m_sum", "m_all"]},
        m_share={"ratio": ["m_some", "m_all"], "times": 100},
    )
    assert to_sql(data, "m_mean") == "toFloat64(sum(revenue)) / nullIf(count(), 0)"
    assert to_datalens(data, data.measures["m_mean"]) == "FDIV_SAFE([m_sum], [m_all])"
    assert to_sql(data, "m_share") == "100 * countIf(is_first) / nullIf(count(), 0)"
    assert to_datalens(data, data.measures["m_share"]) == "100 * FDIV_SAFE([m_some], [m_all])"
    assert data.samples(("m_mean", "m_share")) == ("m_all",)
    assert data.samples(("m_sum", "m_all", "m_mean")) == ()


def test_labels_stand_for_codes_in_both_languages() -> None:
    data = dataset()
    assert to_sql(data, "text") == (
        r"concat(toString(day), transform(toString(kind), ['spike', 'it\'s'], ['всплеск', 'о\''],"
        " toString(kind)))"
    )
    assert to_datalens(data, data.calculated["text"]) == "CONCAT(STR([day]), [kind_label])"


def test_references_are_enclosed_only_where_they_must_be() -> None:
    data = dataset(
        m_a={"sql": "sum(a) + sum(b)", "datalens": "SUM([a]) + SUM([b])", "why": "a sum of sums"},
        m_b={"sql": "@m_a / 2", "datalens": "[m_a] / 2", "why": "a half"},
    )
    assert to_sql(data, "m_b") == "(sum(a) + sum(b)) / 2"


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({}, "one of `agg`, `ratio` and `sql`"),
        ({"agg": "sum"}, "`agg` and `of` go together"),
        ({"agg": "sum", "of": "a", **BY_HAND}, "one of `agg`, `ratio` and `sql`"),
        ({"sql": "sum(a)", "why": "x"}, "both `sql` and `datalens`"),
        ({**BY_HAND, "why": ""}, "needs `why`"),
        ({"agg": "sum", "of": "a", "where": "a = b or 1"}, "where"),
        ({"agg": "sum", "of": "a", "hint": "Без точки"}, "full stop"),
    ],
)
def test_what_cannot_be_derived_is_refused(declared: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Measure.model_validate({"title": "m", "hint": "Что-то.", **declared})


def test_formats_have_a_short_form() -> None:
    assert Format.model_validate("percent.1") == Format(kind="percent", precision=1)
    assert Format.model_validate("money") == Format(kind="money")
