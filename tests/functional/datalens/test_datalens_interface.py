"""Edits that people make in DataLens' own interface."""

from __future__ import annotations

from typing import Any

import pytest
from datalens_shop import Deploys, shop


def add_filter(deploys: Deploys) -> None:
    item = {"guid": "bt_m_revenue", "filter": {"operation": {"code": "GT"}, "value": ["1"]}}
    deploys.stub.find("widget", "trend")["data"]["sources"]["filters"] = [item]


def drop_column(deploys: Deploys) -> None:
    deploys.stub.find("widget", "cities")["data"]["visualization"]["columns"]["items"].pop()


def move_widget(deploys: Deploys) -> None:
    deploys.stub.find("dash", "Интернет-магазин")["data"]["tabs"][1]["layout"][0]["w"] = 5


def add_text(deploys: Deploys) -> None:
    tab = deploys.stub.find("dash", "Интернет-магазин")["data"]["tabs"][0]
    tab["items"].append({"id": "note", "type": "text", "data": {"text": "!"}, "namespace": "default"})


def change_formula(deploys: Deploys) -> None:
    schema = deploys.stub.find("dataset", "sales")["dataset"]["result_schema"]
    next(item for item in schema if item["title"] == "Выручка")["formula"] = "SUM([revenue]) * 2"


@pytest.mark.parametrize(
    ("edit", "entry", "told", "write"),
    [
        (add_filter, "chart trend", "sources.filters", "updateWizardChart"),
        (drop_column, "chart cities", "visualization.columns.items", "updateWizardChart"),
        (
            move_widget,
            "dashboard Интернет-магазин",
            "tabs[marketing].layout[steps].w: 5 -> 9",
            "updateDashboard",
        ),
        (add_text, "dashboard Интернет-магазин", "tabs[sales].items", "updateDashboard"),
        (change_formula, "dataset sales", "'SUM([revenue]) * 2' -> 'SUM([revenue])'", "updateDataset"),
    ],
)
def test_edits_in_the_interface_are_shown_then_overwritten(
    deployed: Deploys, edit: Any, entry: str, told: str, write: str
) -> None:
    edit(deployed)
    assert deployed.run(dry_run=True) == []
    changes = deployed.told("update")
    assert changes.keys() == {entry}
    assert told in "\n".join(changes[entry])
    assert deployed.run() == [write]
    assert deployed.run() == []


def test_a_field_added_in_the_interface_stays(deployed: Deploys) -> None:
    schema = deployed.stub.find("dataset", "sales")["dataset"]["result_schema"]
    own = {
        "guid": "mine",
        "title": "Моё",
        "calc_mode": "formula",
        "formula": "SUM([revenue])",
        "cast": "float",
    }
    schema.append({**own, "type": "MEASURE", "hidden": False})
    assert deployed.run(prune=True) == []
    yaml = shop()
    yaml["datasets"]["sales"]["dimensions"]["city"]["title"] = "Населённый пункт"
    deployed.run(yaml, prune=True)
    schema = deployed.stub.find("dataset", "sales")["dataset"]["result_schema"]
    assert "mine" in {item["guid"] for item in schema}
