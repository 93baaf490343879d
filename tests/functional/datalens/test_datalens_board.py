"""What stands in the workbook after a deploy: kinds of charts, filters, links, layout."""

from __future__ import annotations

from typing import Any

import pytest
from datalens_shop import SHOP, Deploys, shop_stub
from datalens_stub import Stub


def tabs(stub: Stub) -> dict[str, Any]:
    return {tab["id"]: tab for tab in stub.find("dash", "Интернет-магазин")["data"]["tabs"]}


def column(stub: Stub, dataset: str, name: str) -> str:
    """The id of a column's field."""
    schema = stub.find("dataset", dataset)["dataset"]["result_schema"]
    return str(next(item["guid"] for item in schema if item.get("source") == name))


def slot(stub: Stub, chart: str, name: str) -> list[str]:
    items = stub.find("widget", chart)["data"]["visualization"][name]["items"]
    return [item["guid"] for item in items if "guid" in item]


def test_kinds_of_charts(deployed: Deploys) -> None:
    kinds = {
        name: deployed.stub.find("widget", name)["data"]["visualization"]["type"] for name in SHOP["charts"]
    }
    assert kinds == {
        **{"kpi": "metric", "trend": "line", "banded": "line", "areas": "area", "columns": "column"},
        **{
            "pareto": "combined-chart",
            "bars": "bar",
            "donut": "donut",
            "steps": "bar",
            "cities": "flatTable",
        },
        **{"cr": "pivotTable", "hours": "pivotTable", "map": "geolayer", "paths": "flatTable"},
    }


def test_fields_of_charts(deployed: Deploys) -> None:
    stub = deployed.stub
    assert slot(stub, "trend", "x") == ["bt_period"]
    assert (slot(stub, "trend", "y"), slot(stub, "trend", "y2")) == (["bt_m_revenue"], ["bt_m_aov"])
    assert slot(stub, "banded", "y") == ["bt_m_revenue", "bt_m_aov", "bt_m_share"]
    assert slot(stub, "banded", "y2") == ["bt_m_orders"]
    assert slot(stub, "columns", "x") == ["bt_weekday_label"]  # titles, not codes
    assert slot(stub, "columns", "colors") == ["bt_gender_label"]
    assert slot(stub, "steps", "x") == ["bt_m_sessions", "bt_m_ordered"]  # horizontal
    assert slot(stub, "cities", "columns") == [column(stub, "sales", "city"), "bt_m_revenue", "bt_m_share"]
    assert slot(stub, "cr", "rows") == ["h_rows"]  # month opens into weeks
    assert [item["fields"] for item in stub.find("widget", "cr")["data"]["sources"]["hierarchies"]] == [
        [
            {"guid": column(stub, "funnel", name), "datasetId": stub.find("dataset", "funnel")["id"]}
            for name in ("month", "week_start")
        ]
    ]


def test_fixed_filters_act_on_codes(deployed: Deploys) -> None:
    [filtered] = deployed.stub.find("widget", "cities")["data"]["sources"]["filters"]
    assert filtered["guid"] == column(deployed.stub, "sales", "gender")
    assert filtered["filter"]["value"] == ["Ж"]


def test_filters_stand_on_every_tab(deployed: Deploys) -> None:
    for tab in tabs(deployed.stub).values():
        [group] = tab["globalItems"]
        members = {member["id"]: member for member in group["data"]["group"]}
        assert members.keys() == SHOP["selectors"].keys()
        assert members["f_city"]["impactType"] == "allTabs"
        assert members["f_gender"]["impactTabsIds"] == ["sales"]
        assert members["f_scale"]["defaults"] == {"scale": ["day"]}
        assert members["f_date"]["source"]["isRange"] is True


@pytest.mark.parametrize("random_guids", [True, False])
def test_filters_act_on_every_dataset(random_guids: bool) -> None:
    """Fields of two datasets are linked on tabs that draw the one on which the filter does not stand."""
    deploys = Deploys(shop_stub(random_guids=random_guids))
    deploys.run()
    date, other = column(deploys.stub, "sales", "event_date"), column(deploys.stub, "funnel", "session_date")
    cities = [column(deploys.stub, dataset, "city") for dataset in ("sales", "funnel")]
    links = {name: tab["aliases"]["default"] for name, tab in tabs(deploys.stub).items()}
    # equal ids need no link
    both = [[date, other], cities] if random_guids else [[date, other]]
    assert links == {"sales": [], "marketing": both, "anomalies": []}


def test_layout_follows_the_rows(deployed: Deploys) -> None:
    places = {
        box["i"]: (box["x"], box["y"], box["w"], box["h"]) for box in tabs(deployed.stub)["sales"]["layout"]
    }
    assert places == {
        "filters": (0, 0, 36, 2),
        **{"kpi": (0, 2, 12, 6), "trend": (12, 2, 12, 6), "banded": (24, 2, 12, 6)},
        **{"areas": (0, 8, 12, 10), "columns": (12, 8, 12, 10), "pareto": (24, 8, 12, 10)},
        **{"cities": (0, 18, 20, 10), "map": (20, 18, 16, 10)},
    }
