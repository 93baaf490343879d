"""The catalogue's fields exist in dbt's manifest with fitting types; the exposures say what tabs read."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from project import ROOT, Project

from business_telemetry.dashboard.checks import bare_type, check_manifest
from business_telemetry.dashboard.docs import graphs
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
    for mart, code in (("mart_forecast_accuracy", "weighted"), ("mart_lifecycle", "new")):
        for constraint in changed["nodes"][f"model.business_telemetry.{mart}"]["constraints"]:
            constraint["expression"] = constraint["expression"].replace(f"'{code}'", f"'{code}', 'undead'")
    assert check_manifest(CATALOGUE, changed) == [
        "dataset mart_lifecycle: state: no label for undead; add it to the seed",
        "dataset mart_forecast_accuracy: candidate: no label for undead; add it to the seed",
    ]


def test_graphs_of_the_overview_select_nodes_that_exist(manifest: Any) -> None:
    names = {node["name"] for node in manifest["nodes"].values()}
    names |= {f"source:{node['source_name']}.{node['name']}" for node in manifest["sources"].values()}
    names |= {f"exposure:{node['name']}" for node in manifest["exposures"].values()}
    selected = {node.removeprefix("+") for nodes in graphs(CATALOGUE).values() for node in nodes}
    assert selected <= names
    assert {f"exposure:{node['name']}" for node in manifest["exposures"].values()} <= selected


def test_the_lineage_shows_layers_and_no_tests(manifest: Any) -> None:
    colours: dict[str, set[str | None]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed"):
            layer = node["fqn"][1] if node["resource_type"] == "model" else "seeds"
            colours.setdefault(layer, set()).add(node["docs"]["node_color"])
        elif node["resource_type"] == "test":
            assert not node["docs"]["show"], node["name"]
    assert colours.keys() == {"seeds", "staging", "intermediate", "marts", "statistics"}
    used = [colour for of_layer in colours.values() for colour in of_layer]
    assert None not in used
    assert len(used) == len(set(used)) == len(colours), "one colour a layer"


def test_every_mart_says_its_grain_its_charts_and_an_example_that_runs(demo: Project, manifest: Any) -> None:
    marts = [node for node in manifest["nodes"].values() if node["fqn"][1:2] == ["marts"]]
    marts = [node for node in marts if node["resource_type"] == "model"]
    assert [node["name"] for node in marts if not node["description"].startswith("One row per ")] == []
    assert [node["name"] for node in marts if "#### Charts that read it" not in node["description"]] == []
    examples = {
        node["name"]: re.findall(r"```sql\n(.*?)```", node["description"], re.DOTALL) for node in marts
    }
    assert all(len(found) == 1 and f".{name}" in found[0] for name, found in examples.items())
    demo.ask(*(found[0] for found in examples.values()))
