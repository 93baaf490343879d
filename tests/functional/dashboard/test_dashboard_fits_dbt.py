"""The catalogue's fields exist in dbt's manifest with fitting types; the exposures say what tabs read."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from project import ROOT, Project

from business_telemetry.dashboard.checks import bare_type, check_manifest
from business_telemetry.dashboard.load import load_catalogue

CATALOGUE = load_catalogue(ROOT / "dashboard")


@pytest.fixture(scope="module")
def manifest(demo: Project) -> Any:
    return json.loads(Path(demo.home, "target", "manifest.json").read_text(encoding="utf-8"))


def test_catalogue_and_exposures_fit(manifest: Any) -> None:
    assert check_manifest(CATALOGUE, manifest) == []


def test_a_dropped_or_retyped_column_is_noticed(manifest: Any) -> None:
    changed = copy.deepcopy(manifest)
    columns = changed["nodes"]["model.business_telemetry.fct_sales"]["columns"]
    del columns["city"], columns["order_key"]
    columns["event_date"]["data_type"] = "String"
    found = check_manifest(CATALOGUE, changed)
    assert "dataset fct_sales: fct_sales has no column city" in found
    assert "dataset fct_sales: event_date is String, which is no date" in found
    assert any("m_orders: the DataLens formula names [order_key]" in problem for problem in found)


def test_an_exposure_that_lags_behind_is_noticed(manifest: Any) -> None:
    changed = copy.deepcopy(manifest)
    nodes = changed["exposures"]["exposure.business_telemetry.sales_tab"]["depends_on"]["nodes"]
    nodes.remove("model.business_telemetry.fct_funnel")
    nodes.append("model.business_telemetry.dim_user")
    assert check_manifest(CATALOGUE, changed) == [
        "exposure sales_tab: add ref('fct_funnel')",
        "exposure sales_tab: no chart reads dim_user",
    ]


def test_wrappers_of_types_are_taken_off() -> None:
    assert bare_type("LowCardinality(Nullable(String))") == "String"
    assert bare_type("Decimal(38, 6)") == "Decimal(38, 6)"


def test_a_code_without_a_title_is_noticed(manifest: Any) -> None:
    changed = copy.deepcopy(manifest)
    test = next(
        node
        for node in changed["nodes"].values()
        if (node.get("attached_node") or "").endswith("mart_forecast_accuracy")
        and node["column_name"] == "candidate"
        and node["test_metadata"]["name"] == "accepted_values"
    )
    test["test_metadata"]["kwargs"]["values"].append("oracle")
    column = changed["nodes"]["model.business_telemetry.mart_lifecycle"]["columns"]["state"]
    column["constraints"] = [{"type": "check", "expression": "state in ('new', 'undead')"}]
    assert check_manifest(CATALOGUE, changed) == [
        "dataset mart_lifecycle: state: no label for undead; add it to the seed",
        "dataset mart_forecast_accuracy: candidate: no label for oracle; add it to the seed",
    ]
