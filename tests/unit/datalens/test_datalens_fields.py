"""Which fields a dataset gets."""

from __future__ import annotations

from typing import get_args

import pytest
from datalens_shop import shop

from business_telemetry.dashboard.catalogue import Catalogue, ChartType
from business_telemetry.dashboard.fields import Format
from business_telemetry.datalens.errors import BadSettings, redact
from business_telemetry.datalens.fields import Wanted, field_id, wanted_fields
from business_telemetry.datalens.render import DRAWINGS, number_format
from business_telemetry.datalens.smoke import unlike, without_shape


def sales() -> dict[str, Wanted]:
    catalogue = Catalogue.model_validate(shop())
    wanted = wanted_fields(catalogue.datasets["sales"], catalogue.parameters)
    return {field.title: field for field in wanted}


def test_formulas_name_titles_and_columns() -> None:
    fields = sales()
    assert fields["Средний чек"].formula == "FDIV_SAFE([Выручка], [Заказы])"
    assert fields["Выручка"].formula == "SUM([revenue])"
    assert fields["Период"].formula == (
        'IF [scale] = "month" THEN DATETRUNC([День], "month")'
        ' ELSEIF [scale] = "week" THEN DATETRUNC([День], "week") ELSE [День] END'
    )


def test_fields_come_after_those_that_they_name() -> None:
    titles = list(sales())
    assert titles.index("Средний чек") > max(titles.index("Выручка"), titles.index("Заказы"))
    assert titles.index("Период") > max(titles.index("scale"), titles.index("День"))


def test_columns_keep_their_ids_and_parameters_have_defaults() -> None:
    fields = sales()
    assert fields["Город"] == Wanted("Город", "string", column="city")
    assert fields["Точка"] == Wanted("Точка", "geopoint", column="geopoint", hidden=True)
    assert fields["scale"] == Wanted("scale", "string", guid="bt_scale", default="day")


def test_codes_become_titles() -> None:
    fields = sales()
    assert fields["gender"].column == "gender"
    assert fields["Пол"].formula == (
        'CASE [gender] WHEN "Ж" THEN "Женщины" WHEN "М" THEN "Мужчины" ELSE STR([gender]) END'
    )
    # numbers in front, so that Tuesday does not come before Monday
    assert fields["День недели"].formula == (
        'CASE [weekday] WHEN 1 THEN "1 пн" WHEN 2 THEN "2 вт" ELSE STR([weekday]) END'
    )


def test_labels_that_only_order_make_no_field() -> None:
    yaml = shop()
    yaml["datasets"]["sales"]["dimensions"]["gender"]["labels"] = {"Ж": "Ж", "М": "М"}
    catalogue = Catalogue.model_validate(yaml)
    fields = {
        field.title: field for field in wanted_fields(catalogue.datasets["sales"], catalogue.parameters)
    }
    assert fields["Пол"] == Wanted("Пол", "string", column="gender")


def test_ids_fit() -> None:
    assert field_id("m_aov") == "bt_m_aov"
    with pytest.raises(BadSettings, match="room for 33 characters"):
        field_id("m" * 34)


@pytest.mark.parametrize(
    ("shown", "currency", "postfix"),
    [
        (Format(kind="money"), "RUB", " ₽"),
        (Format(kind="money"), "USD", " $"),
        (Format(kind="money"), "AMD", " AMD"),
        (Format(kind="duration"), "USD", " с"),
        (Format(kind="number"), "USD", ""),
    ],
)
def test_number_format(shown: Format, currency: str, postfix: str) -> None:
    numbers = {"format": "number", "precision": 0, "show_rank_delimiter": True}
    assert number_format(shown, currency) == numbers | {"postfix": postfix}
    assert number_format(Format(kind="percent", precision=1), currency) == {
        "format": "percent",
        "precision": 1,
    }


def test_redact() -> None:
    token = "t1.9euelZqVkJqanpOTlJKbi8uPjJ3n9eWV"
    assert redact(f"Bearer {token}: pa55 and pa55word", ("pa55", "pa55word", "")) == "Bearer ***: *** and ***"


def test_smoke_compares_rows_in_any_order() -> None:
    shown = [["Москва", "12.50"], ["Казань", "3"]]
    assert unlike(shown, [("Казань", 3), ("Москва", 12.5000000001)], 1) == ""
    assert unlike(shown, [("Казань", 4), ("Москва", 12.5)], 1) == "('Казань',): DataLens 3, ClickHouse 4"
    assert unlike(shown, [("Казань", 3), ("Пермь", 1)], 1) == "DataLens has no row ('Пермь',)"
    assert unlike(shown, [("Казань", 3)], 1) == "DataLens has 2 rows, ClickHouse 1"
    assert unlike([[None]], [[0]], 0) == "(): DataLens None, ClickHouse 0"


def test_smoke_flattens_charts() -> None:
    chart = without_shape(Catalogue.model_validate(shop()).charts["cr"])
    assert (chart.type, chart.dimension_names) == ("table", ("month", "week_start"))


def test_every_type_of_chart_has_a_drawing() -> None:
    assert DRAWINGS.keys() == set(get_args(ChartType))
