"""The catalogue against dbt's manifest: fields exist with fitting types, and exposures say what tabs read."""

from __future__ import annotations

import re
from typing import Any

from business_telemetry.dashboard.catalogue import Catalogue, Dataset
from business_telemetry.dashboard.derive import FORMULA_FIELD, LABEL, to_datalens
from business_telemetry.dashboard.fields import Calculated, Measure

# a field's type -> the ClickHouse types that it may be declared on
FITTING = {
    "string": r"String|FixedString|Enum",
    "geopoint": r"String",
    "integer": r"U?Int\d+",
    "float": r"Float\d+|Decimal",
    "date": r"Date$|Date32",
    "datetime": r"DateTime",
    "boolean": r"Bool",
}
OVERVIEW = "Обзор"  # the page's first tab
ONE_OF = re.compile(r"(\w+) in \(([^)]*)\)", re.IGNORECASE)  # in a CHECK constraint
WRAPPER = re.compile(r"^(?:LowCardinality|Nullable)\((.*)\)$")


def check_manifest(catalogue: Catalogue, manifest: dict[str, Any]) -> list[str]:
    """What does not fit, one sentence each; empty when all is well.

    Args:
        catalogue: the dashboard.
        manifest: dbt's `manifest.json`.
    """
    models = {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    found: list[str] = []
    for name, dataset in catalogue.datasets.items():
        model = models.get(dataset.table)
        if model is None:
            found.append(f"dataset {name}: dbt has no model {dataset.table}")
            continue
        if model["config"].get("access") != "public":
            found.append(f"dataset {name}: {dataset.table} is no mart (access is not public)")
        known = {**model, "accepted": accepted_values(model)}
        found += [f"dataset {name}: {problem}" for problem in _field_problems(catalogue, dataset, known)]
    for name, chart in catalogue.charts.items():
        found += [
            f"chart {name}: dbt has no model {mart}" for mart in catalogue.marts_of(chart) - models.keys()
        ]
    return found + _exposure_problems(catalogue, manifest)


def _field_problems(catalogue: Catalogue, dataset: Dataset, model: dict[str, Any]) -> list[str]:
    columns = {name: column["data_type"] for name, column in model["columns"].items()}
    found = []
    for name, dimension in dataset.dimensions.items():
        if name not in columns:
            found.append(f"{dataset.table} has no column {name}")
        elif not re.match(FITTING[dimension.type], bare_type(columns[name])):
            found.append(f"{name} is {columns[name]}, which is no {dimension.type}")
    found += _label_problems(dataset, model)
    fields = columns.keys() | dataset.calculated.keys() | dataset.measures.keys() | set(dataset.parameters)
    formulas: dict[str, Calculated | Measure] = {**dataset.calculated, **dataset.measures}
    for key, item in formulas.items():
        if key in columns:
            found.append(f"{key} hides the column of that name")
        found += [
            f"{key}: the DataLens formula names [{used}], which is no column, field or parameter"
            for used in FORMULA_FIELD.findall(to_datalens(dataset, item))
            if used not in fields and used.removesuffix(LABEL) not in dataset.dimensions
        ]
    return found


def _label_problems(dataset: Dataset, model: dict[str, Any]) -> list[str]:
    """Codes that a column may hold, by a constraint of its model, and that no title stands for."""
    found = []
    for name, dimension in dataset.dimensions.items():
        codes = model["accepted"].get(name, set()) - {""} if dimension.labels else set()
        lost = sorted(codes - dimension.labels.keys())
        if lost:
            found.append(f"{name}: no label for {', '.join(lost)}; add it to the seed")
    return found


def accepted_values(model: dict[str, Any]) -> dict[str, set[str]]:
    """Column -> values that a CHECK constraint of its model allows."""
    return {
        column: set(re.findall(r"'([^']*)'", values))
        for constraint in model["constraints"]
        for column, values in ONE_OF.findall(constraint["expression"])
    }


def bare_type(data_type: str) -> str:
    """`LowCardinality(Nullable(String))` -> `String`."""
    match = WRAPPER.match(data_type)
    return bare_type(match[1]) if match else data_type


def _exposure_problems(catalogue: Catalogue, manifest: dict[str, Any]) -> list[str]:
    exposures = {e["name"]: e for e in manifest["exposures"].values() if e["type"] == "dashboard"}
    tabs = {f"{tab.id}_tab": (tab.title, tab.items) for tab in catalogue.dashboard.tabs}
    if catalogue.overview is not None:
        tabs["overview_tab"] = (OVERVIEW, catalogue.overview.charts)
    found = [f"tab {name.removesuffix('_tab')}: no exposure {name}" for name in tabs if name not in exposures]
    found += [f"exposure {name}: no such tab" for name in exposures if name not in tabs]
    for name in tabs.keys() & exposures.keys():
        title, items = tabs[name]
        declared = {node.rsplit(".", 1)[-1] for node in exposures[name]["depends_on"]["nodes"]}
        read = set().union(*(catalogue.marts_of(catalogue.charts[item]) for item in items))
        if exposures[name]["label"] != title:
            found.append(f"exposure {name}: its label is not «{title}»")
        found += [f"exposure {name}: add ref('{mart}')" for mart in sorted(read - declared)]
        found += [f"exposure {name}: no chart reads {mart}" for mart in sorted(declared - read)]
    return sorted(found)
