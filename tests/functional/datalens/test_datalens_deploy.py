"""First deploy, second deploy, edits, prune."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datalens_shop import SHOP, Deploys, by_hand, shop, shop_stub, tables_of
from datalens_stub import Failure, Stub

from business_telemetry.dashboard.load import load_catalogue
from business_telemetry.datalens.board import without_incidents
from business_telemetry.datalens.errors import FailingCharts
from business_telemetry.datalens.fields import field_id
from business_telemetry.datalens.state import MARKER

CHARTS = len(SHOP["charts"])
REPOSITORY = Path(__file__).resolve().parents[3]


def test_first_deploy_in_order(deploys: Deploys) -> None:
    deploys.run()
    checks = ["getDataset", "getDataset"] + ["getEntries", "getWizardChart"] * CHARTS
    checks += ["getDatasetData"] * CHARTS
    assert deploys.stub.calls[: -len(checks)] == [
        *("getWorkbook", "getWorkbookEntries"),
        *("createConnection", "getConnection"),
        *("validateDataset", "validateDataset"),  # both tables can be read
        *("validateDataset", "createDataset") * 2,
        *("getDataset", "validateDataset") * 2,  # rehearsed
        *("updateDataset", "updateDataset"),
        *["createWizardChart"] * CHARTS,
        "createDashboard",
    ]
    assert sorted(deploys.stub.calls[-len(checks) :]) == sorted(checks)  # references exist


@pytest.mark.parametrize("random_guids", [True, False])
def test_second_deploy_writes_nothing(random_guids: bool) -> None:
    deploys = Deploys(shop_stub(random_guids=random_guids))
    assert len(deploys.run()) == 1 + 2 * 2 + CHARTS + 1
    assert deploys.run() == []
    assert {change.what for change in deploys.changes} == {"same"}
    assert len(deploys.changes) == 1 + 2 + CHARTS + 1


def test_repository_catalogue_deploys_and_deploys_again() -> None:
    catalogue = load_catalogue(REPOSITORY / "dashboard")
    yaml = catalogue.model_dump(mode="json", exclude_unset=True)
    deploys = Deploys(Stub(tables_of(catalogue)))
    created = deploys.run(yaml)
    left_out = {
        "anomaly_drivers",
        "event_orders",
        "event_sessions",
    }  # of an incident that nobody can press there
    assert created.count("createWizardChart") == len(catalogue.charts) - len(left_out) > 40
    assert {entry["name"] for entry in deploys.stub.entries.values()}.isdisjoint(left_out)
    assert [tab["id"] for tab in deploys.stub.find("dash", catalogue.dashboard.name)["data"]["tabs"]] == [
        *("sales", "marketing", "anomalies")
    ]
    assert deploys.run(yaml) == []


def test_charts_beside_one_that_is_left_out_take_its_room() -> None:
    rows = without_incidents(load_catalogue(REPOSITORY / "dashboard")).dashboard.tabs[2].rows
    assert {row.items: row.widths for row in rows}[("odd_days",)] == (36,)
    assert all(row.items for row in rows)


def test_everything_is_marked(deployed: Deploys) -> None:
    for entry in deployed.stub.entries.values():
        marks = (entry.get("params", {}), entry.get("dataset", {}), entry.get("annotation") or {})
        assert MARKER in [mark.get("description") for mark in marks], entry["name"]


def edit_formula(yaml: dict[str, Any]) -> None:
    by_hand(yaml, "sales", "m_orders", "COUNTD_IF([order_key], [revenue] > 0)")


def edit_title_of_column(yaml: dict[str, Any]) -> None:
    yaml["datasets"]["sales"]["dimensions"]["city"]["title"] = "Населённый пункт"


def edit_hint(yaml: dict[str, Any]) -> None:
    yaml["datasets"]["sales"]["measures"]["m_orders"]["hint"] = "Подтверждённые заказы."


def edit_label(yaml: dict[str, Any]) -> None:
    yaml["datasets"]["sales"]["dimensions"]["gender"]["labels"]["Ж"] = "Дамы"


def add_measure(yaml: dict[str, Any]) -> None:
    by_hand(yaml, "sales", "m_sum", "SUM([revenue]) + [m_orders]")


def edit_default_of_parameter(yaml: dict[str, Any]) -> None:
    yaml["parameters"]["scale"]["default"] = "month"


def edit_chart(yaml: dict[str, Any]) -> None:
    yaml["charts"]["cities"]["y"] = ["m_revenue"]


def edit_heat(yaml: dict[str, Any]) -> None:
    yaml["charts"]["cr"]["heat"] = {"m_ordered": "blue"}


def edit_map(yaml: dict[str, Any]) -> None:
    yaml["charts"]["map"]["y"] = ["m_orders", "m_revenue"]


def edit_chart_title(yaml: dict[str, Any]) -> None:
    yaml["charts"]["cities"]["title"] = "Где покупают"


def edit_layout(yaml: dict[str, Any]) -> None:
    yaml["dashboard"]["tabs"][0]["rows"][2]["w"] = [24, 12]


def edit_selector(yaml: dict[str, Any]) -> None:
    del yaml["selectors"]["f_gender"]["tabs"]


def add_chart(yaml: dict[str, Any]) -> None:
    chart = {"title": "Ещё", "type": "indicator", "dataset": "sales", "y": ["m_orders"]}
    yaml["charts"]["extra"] = chart
    yaml["dashboard"]["tabs"][2]["rows"][0]["items"].append("extra")


@pytest.mark.parametrize(
    ("edit", "writes"),
    [
        (edit_formula, ["updateDataset"]),
        (edit_title_of_column, ["updateDataset"]),
        (edit_hint, ["updateDataset"]),
        (edit_label, ["updateDataset"]),
        (add_measure, ["updateDataset"]),
        # charts carry the parameters of their dataset: all of `sales`, and the selector's default
        (edit_default_of_parameter, ["updateDataset", *["updateWizardChart"] * 11, "updateDashboard"]),
        (edit_chart, ["updateWizardChart"]),
        (edit_heat, ["updateWizardChart"]),
        (edit_map, ["updateWizardChart"]),
        (edit_chart_title, ["updateDashboard"]),
        (edit_layout, ["updateDashboard"]),
        (edit_selector, ["updateDashboard"]),
        (add_chart, ["createWizardChart", "updateDashboard"]),
    ],
)
def test_an_edit_writes_exactly_what_changed(deployed: Deploys, edit: Any, writes: list[str]) -> None:
    yaml = shop()
    edit(yaml)
    before = json.dumps(deployed.stub.entries, sort_keys=True)
    assert deployed.run(yaml, dry_run=True) == []
    assert json.dumps(deployed.stub.entries, sort_keys=True) == before
    planned = len(deployed.told("create")) + len(deployed.told("update"))
    assert deployed.run(yaml) == writes
    assert planned == len(writes)
    assert deployed.run(yaml) == []


def test_dry_run_before_the_first_deploy(deploys: Deploys) -> None:
    assert deploys.run(dry_run=True) == []
    assert len(deploys.told("create")) == 1 + 2 + CHARTS + 1


def test_dry_run_tells_old_and_new(deployed: Deploys) -> None:
    yaml = shop()
    edit_formula(yaml)
    deployed.run(yaml, dry_run=True)
    assert deployed.told("update") == {
        "dataset sales": ("Заказы: formula 'COUNTD([order_key])' -> 'COUNTD_IF([order_key], [revenue] > 0)'",)
    }


def test_money_has_the_sign_of_its_currency(deployed: Deploys) -> None:
    deployed.run(dry_run=True, currency="USD")
    told = [detail for details in deployed.told("update").values() for detail in details]
    assert told and all("₽" in detail and "$" in detail for detail in told), told
    assert all(name.startswith("chart ") for name in deployed.told("update"))


def test_definitions_are_descriptions_of_fields(deployed: Deploys) -> None:
    schema = deployed.stub.find("dataset", "sales")["dataset"]["result_schema"]
    described = {item["title"]: item.get("description") for item in schema}
    assert described["Средний чек"] == "Выручка на заказ."


def test_charts_that_cannot_be_queried_are_named(deploys: Deploys) -> None:
    refused = Failure("getDatasetData", 400, {"message": "LOD.INVALID_TOPLEVEL_DIMENSIONS"}, after=2)
    deploys.stub.failures.append(refused)
    with pytest.raises(FailingCharts, match=r"(?s)published.*banded: .*LOD\.INVALID_TOPLEVEL_DIMENSIONS"):
        deploys.run()
    assert deploys.run() == []


def test_left_over_entries_and_fields_go_with_prune_only(deployed: Deploys) -> None:
    yaml = shop()
    del yaml["charts"]["donut"], yaml["datasets"]["sales"]["measures"]["m_share"]
    yaml["charts"]["pareto"]["y2"] = ["m_orders"]
    yaml["charts"]["banded"]["band"] = ["m_aov", "m_orders"]
    yaml["charts"]["cities"]["y"] = ["m_revenue"]
    yaml["dashboard"]["tabs"][2]["rows"][0]["items"] = ["bars"]
    writes = deployed.run(yaml)
    assert writes == [*["updateWizardChart"] * 3, "updateDashboard"]
    assert deployed.told("left").keys() == {"chart donut", "field sales: Доля"}

    assert deployed.run(yaml, prune=True, dry_run=True) == []
    assert deployed.run(yaml, prune=True) == ["updateDataset", "deleteWizardChart"]
    assert "donut" not in deployed.stub.names("widget")
    schema = deployed.stub.find("dataset", "sales")["dataset"]["result_schema"]
    assert field_id("m_share") not in {item["guid"] for item in schema}
    assert deployed.run(yaml, prune=True) == []


def test_prune_leaves_what_no_deploy_made(deployed: Deploys) -> None:
    ours = deployed.stub.find("widget", "kpi")
    deployed.stub.entries["foreign"] = {
        **ours,
        "id": "foreign",
        "name": "mine",
        "annotation": {"description": ""},
    }
    deployed.stub.entries["ql"] = {**ours, "id": "ql", "name": "query", "type": "graph_ql_node"}
    assert deployed.run(prune=True) == []
    assert {"mine", "query"} <= deployed.stub.names("widget")
