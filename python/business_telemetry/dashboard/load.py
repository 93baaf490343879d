"""Reads `dashboard/*.yml` into one checked catalogue. A chart, dataset or selector may stand in any of the files."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from business_telemetry.dashboard.catalogue import FORMULA_FIELD, REFERENCE, Catalogue, Chart, Dataset
from business_telemetry.dashboard.marked_yaml import CatalogueError, Marked, Place, load_marked

MAPS = ("parameters", "datasets", "charts", "selectors")

# what a chart type draws: the keys that it may have, and those that it must have
TAKES: dict[str, tuple[set[str], set[str]]] = {
    "indicator": ({"y", "compare"}, {"y"}),
    "line": ({"x", "y", "y2", "color", "band", "flag"}, {"x", "y"}),
    "area": ({"x", "y", "color", "stacked"}, {"x", "y"}),
    "column": ({"x", "y", "y2", "color", "stacked", "flag"}, {"y"}),
    "bar": ({"x", "y", "y2", "color", "stacked"}, {"y"}),
    "donut": ({"x", "y"}, {"x", "y"}),
    "funnel": ({"y"}, {"y"}),
    "table": ({"x", "y", "bars", "heat", "compare"}, {"x"}),
    "pivot": ({"rows", "columns", "y", "heat", "bars"}, {"rows", "y"}),
    "heatmap": ({"rows", "columns", "y", "heat"}, {"rows", "columns", "y"}),
    "map": ({"x", "y", "point"}, {"x", "y", "point"}),
    "sankey": ({"x", "y"}, {"x", "y"}),
}
SHAPE = {"x", "y", "y2", "color", "rows", "columns", "point", "bars", "heat", "band", "flag", "compare", "stacked"}


def load_catalogue(directory: Path) -> Catalogue:
    """Read, merge and check every `*.yml` of the directory.

    Raises:
        CatalogueError: all mistakes found, one a line, each with file and line.
    """
    files = sorted(directory.glob("*.yml"))
    if not files:
        raise CatalogueError(f"{directory}: no *.yml here; run from the project's directory")
    merged = _merge([load_marked(path) for path in files])
    try:
        catalogue = Catalogue.model_validate(merged.data)
    except ValidationError as error:
        raise CatalogueError(
            "\n".join(
                f"{merged.where(tuple(e['loc']))}: {'.'.join(map(str, e['loc']))}: {_plain(e['type'], e['msg'])}"
                for e in error.errors()
            )
        ) from error
    problems = _problems(catalogue)
    if problems:
        raise CatalogueError("\n".join(f"{merged.where(place)}: {message}" for place, message in problems))
    return catalogue


def _plain(kind: str, message: str) -> str:
    return "unknown key" if kind == "extra_forbidden" else message.removeprefix("Value error, ")


def _merge(files: list[Marked]) -> Marked:
    """One mapping of all files; `rows: {tab: [...]}` of each file is appended to that tab."""
    merged = Marked()
    for marked in files:
        merged.lines |= {place: line for place, line in marked.lines.items() if place[0] != "rows"}
        for key, value in marked.data.items():
            if key in MAPS and isinstance(value, dict):
                target = merged.data.setdefault(key, {})
                for name in value:
                    if name in target:
                        raise CatalogueError(f"{marked.where((key, name))}: `{name}` is given twice")
                target.update(value)
            elif key != "rows":
                if key in merged.data:
                    raise CatalogueError(f"{marked.where((key,))}: `{key}` is given twice")
                merged.data[key] = value
    for marked in files:
        _add_rows(marked, merged)
    return merged


def _add_rows(marked: Marked, merged: Marked) -> None:
    tabs = merged.data.get("dashboard", {}).get("tabs", [])
    positions = {tab.get("id"): index for index, tab in enumerate(tabs)}
    for tab_id, rows in (marked.data.get("rows") or {}).items():
        if tab_id not in positions:
            raise CatalogueError(f"{marked.where(('rows', tab_id))}: no tab `{tab_id}`")
        index = positions[tab_id]
        tabs[index] = dict(tabs[index])
        existing = list(tabs[index].get("rows", []))
        tabs[index]["rows"] = [*existing, *rows]
        for place, line in marked.lines.items():
            if place[:2] == ("rows", tab_id) and len(place) > 2 and isinstance(place[2], int):
                moved: Place = ("dashboard", "tabs", index, "rows", place[2] + len(existing), *place[3:])
                merged.lines[moved] = line


def _problems(catalogue: Catalogue) -> list[tuple[Place, str]]:
    """References that lead nowhere and charts that cannot be drawn."""
    found: list[tuple[Place, str]] = []
    for name, dataset in catalogue.datasets.items():
        found += [(("datasets", name, *place), message) for place, message in _dataset_problems(catalogue, dataset)]
    for name, chart in catalogue.charts.items():
        found += [(("charts", name, *place), message) for place, message in _chart_problems(catalogue, chart)]
    for name, selector in catalogue.selectors.items():
        place: Place = ("selectors", name)
        if selector.param is not None and selector.param not in catalogue.parameters:
            found.append(((*place, "param"), f"no parameter `{selector.param}`"))
        if selector.field is not None and selector.dataset is not None:
            dataset_ = catalogue.datasets.get(selector.dataset)
            if dataset_ is None:
                found.append(((*place, "dataset"), f"no dataset `{selector.dataset}`"))
            elif dataset_.dimension(selector.field) is None:
                found.append(((*place, "field"), f"dataset `{selector.dataset}` has no dimension `{selector.field}`"))
        tabs = {tab.id for tab in catalogue.dashboard.tabs}
        found += [((*place, "tabs"), f"no tab `{tab}`") for tab in selector.tabs if tab not in tabs]
    shown: set[str] = set()
    for index, tab in enumerate(catalogue.dashboard.tabs):
        for number, row in enumerate(tab.rows):
            for item in row.items:
                place = ("dashboard", "tabs", index, "rows", number, "items")
                if item not in catalogue.charts:
                    found.append((place, f"no chart `{item}`"))
                elif item in shown:
                    found.append((place, f"chart `{item}` stands in two places"))
                shown.add(item)
    unused = [name for name in catalogue.charts if name not in shown]
    return found + [(("charts", name), f"chart `{name}` is on no tab; add it to `rows:`") for name in unused]


def _dataset_problems(catalogue: Catalogue, dataset: Dataset) -> list[tuple[Place, str]]:
    found: list[tuple[Place, str]] = []
    formulas = {("calculated", key): item for key, item in dataset.calculated.items()} | {
        ("measures", key): item for key, item in dataset.measures.items()
    }
    known = dataset.measures.keys() | dataset.calculated.keys()
    titles: dict[str, str] = {}
    for key, item in (*dataset.dimensions.items(), *dataset.calculated.items(), *dataset.measures.items()):
        if item.title in titles:
            found.append(((), f"`{key}` and `{titles[item.title]}` share the title «{item.title}»"))
        titles[item.title] = key
    for place, item in formulas.items():
        for name in REFERENCE.findall(item.sql):
            if name not in known:
                found.append(((*place, "sql"), f"`@{name}` is no measure or calculated field of this dataset"))
        if not FORMULA_FIELD.search(item.datalens):
            found.append(((*place, "datalens"), "the formula names no [field]"))
    for key in dataset.measures.keys() & (dataset.dimensions.keys() | dataset.calculated.keys()):
        found.append((("measures", key), f"`{key}` is a dimension too"))
    for name in dataset.parameters:
        if name not in catalogue.parameters:
            found.append((("parameters",), f"no parameter `{name}`"))
    if dataset.date is not None and dataset.dimension(dataset.date) is None:
        found.append((("date",), f"no dimension `{dataset.date}`"))
    return found


def _chart_problems(catalogue: Catalogue, chart: Chart) -> list[tuple[Place, str]]:
    dataset = catalogue.datasets.get(chart.dataset)
    if dataset is None:
        return [(("dataset",), f"no dataset `{chart.dataset}`")]
    found: list[tuple[Place, str]] = []
    allowed, needed = TAKES[chart.type]
    for key in SHAPE & chart.model_fields_set:
        if key not in allowed:
            found.append(((key,), f"a {chart.type} has no `{key}`"))
    found += [((), f"a {chart.type} needs `{key}`") for key in sorted(needed) if not getattr(chart, key)]
    for key in ("x", "rows", "columns", "color", "point", "where"):
        value = getattr(chart, key)
        for name in [value] if isinstance(value, str) else value or ():
            if dataset.dimension(name) is None:
                found.append(((key,), f"dataset `{chart.dataset}` has no dimension `{name}`"))
    for key in ("y", "y2", "band", "flag", "bars", "heat"):
        value = getattr(chart, key)
        for name in [value] if isinstance(value, str) else value or ():
            if name not in dataset.measures:
                found.append(((key,), f"dataset `{chart.dataset}` has no measure `{name}`"))
    if chart.sort is not None and chart.sort.lstrip("-") not in (*chart.dimension_names, *chart.measure_names):
        found.append((("sort",), f"`{chart.sort.lstrip('-')}` is not in the chart"))
    return found
