"""`selectors.yml` selects what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from project import Project


@pytest.fixture(scope="module")
def project(demo: Project) -> Project:
    return demo


@pytest.fixture(scope="module")
def nodes(project: Project) -> dict[str, Any]:
    manifest = json.loads(Path(project.home, "target", "manifest.json").read_text(encoding="utf-8"))
    return {name: node for name, node in manifest["nodes"].items() if node["resource_type"] != "operation"}


def selected(project: Project, selector: str) -> set[str]:
    told = project.run("dbt", "ls", "--quiet", "--selector", selector, "--output", "json")
    return {json.loads(line)["unique_id"] for line in told.splitlines() if line.startswith("{")}


def parents(nodes: dict[str, Any], names: set[str]) -> set[str]:
    """The nodes and all that is before them."""
    found = set(names)
    waiting = list(names)
    while waiting:
        for parent in nodes[waiting.pop()]["depends_on"].get("nodes", ()):
            if parent in nodes and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def is_kind(name: str, *kinds: str) -> bool:
    return name.split(".")[0] in kinds


def test_nightly_is_everything_but_unit_tests(project: Project, nodes: dict[str, Any]) -> None:
    found = selected(project, "nightly")
    assert {name for name in found if is_kind(name, "model", "seed", "test")} == nodes.keys()
    assert not [name for name in found if is_kind(name, "unit_test")]


def test_slice_is_what_leads_to_revenue_and_nothing_that_tests_more(
    project: Project, nodes: dict[str, Any]
) -> None:
    found = selected(project, "slice")
    facts = {f"model.business_telemetry.{name}" for name in ("fct_sales", "fct_orders", "fct_order_lines")}
    built = {name for name in found if is_kind(name, "model", "seed")}
    assert built == parents(nodes, facts)
    tests = {name for name in found if is_kind(name, "test")}
    assert {nodes[name]["name"] for name in tests} >= {"assert_revenue_reconciles_by_day"}
    for test in tests:
        read = {name for name in nodes[test]["depends_on"]["nodes"] if name in nodes}
        assert read <= built, test


def test_statistics_is_the_layer_and_the_marts_that_show_it(project: Project, nodes: dict[str, Any]) -> None:
    found = {name for name in selected(project, "statistics") if is_kind(name, "model")}
    layer = {
        name for name, node in nodes.items() if node["fqn"][1] == "statistics" and is_kind(name, "model")
    }
    assert found == {name for name in nodes if is_kind(name, "model") and parents(nodes, {name}) & layer}
