"""References inside the catalogue that lead nowhere, and charts that cannot be drawn as described."""

from __future__ import annotations

from business_telemetry.dashboard.catalogue import Catalogue, Chart, Dataset
from business_telemetry.dashboard.derive import FORMULA_FIELD, LABEL, REFERENCE, own_sql, to_datalens
from business_telemetry.dashboard.fields import Calculated, Dimension, Measure
from business_telemetry.dashboard.marked_yaml import Place

# what a chart type draws: the keys that it may have, and those that it must have
TAKES: dict[str, tuple[set[str], set[str]]] = {
    "indicator": ({"y", "compare"}, {"y"}),
    "line": ({"x", "y", "y2", "color", "band", "flag", "marks", "compare"}, {"x", "y"}),
    "area": ({"x", "y", "color", "stacked", "marks", "compare"}, {"x", "y"}),
    "column": ({"x", "y", "y2", "color", "stacked", "flag"}, {"y"}),
    "bar": ({"x", "y", "y2", "color", "stacked"}, {"y"}),
    "donut": ({"x", "y"}, {"x", "y"}),
    "funnel": ({"y"}, {"y"}),
    "table": ({"x", "y", "bars", "heat", "compare", "follows"}, {"x"}),
    "incidents": ({"x", "y"}, {"x"}),
    "pivot": ({"rows", "columns", "y", "heat", "bars"}, {"rows", "y"}),
    "heatmap": ({"rows", "columns", "y", "heat"}, {"rows", "columns", "y"}),
    "map": ({"x", "y", "point"}, {"x", "y", "point"}),
    "sankey": ({"x", "y"}, {"x", "y"}),
}
SHAPE = set().union(*(allowed for allowed, _ in TAKES.values()))


def find_problems(catalogue: Catalogue) -> list[tuple[Place, str]]:
    """References that lead nowhere and charts that cannot be drawn."""
    found: list[tuple[Place, str]] = []
    for name, dataset in catalogue.datasets.items():
        found += [
            (("datasets", name, *place), message) for place, message in _dataset_problems(catalogue, dataset)
        ]
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
                found.append(
                    ((*place, "field"), f"dataset `{selector.dataset}` has no dimension `{selector.field}`")
                )
        tabs = {tab.id for tab in catalogue.dashboard.tabs}
        found += [((*place, "tabs"), f"no tab `{tab}`") for tab in selector.tabs if tab not in tabs]
    led = catalogue.overview.charts if catalogue.overview else ()
    found += [(("overview",), f"no chart `{name}`") for name in led if name not in catalogue.charts]
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
    titles: dict[str, str] = {}
    fields: dict[str, Dimension | Measure] = {**dataset.dimensions, **dataset.calculated, **dataset.measures}
    for key, field in fields.items():
        if field.title in titles:
            found.append(((), f"`{key}` and `{titles[field.title]}` share the title «{field.title}»"))
        titles[field.title] = key
    for key, measure in dataset.measures.items():
        named = [
            *(measure.ratio or ()),
            *(measure.interval or ()),
            *([measure.sample] if measure.sample else ()),
        ]
        lost = [name for name in named if name not in dataset.measures]
        found += [(("measures", key), f"`{name}` is no measure of this dataset") for name in lost]
        if not lost:
            found += _formula_problems(dataset, ("measures", key), measure)
    for key, field_ in dataset.calculated.items():
        found += _formula_problems(dataset, ("calculated", key), field_)
    for key in dataset.measures.keys() & (dataset.dimensions.keys() | dataset.calculated.keys()):
        found.append((("measures", key), f"`{key}` is a dimension too"))
    for name in dataset.parameters:
        if name not in catalogue.parameters:
            found.append((("parameters",), f"no parameter `{name}`"))
    if dataset.date is not None and dataset.dimension(dataset.date) is None:
        found.append((("date",), f"no dimension `{dataset.date}`"))
    return found


def _formula_problems(dataset: Dataset, place: Place, item: Calculated | Measure) -> list[tuple[Place, str]]:
    found: list[tuple[Place, str]] = []
    for name in REFERENCE.findall(own_sql(dataset, item)):
        labelled = dataset.dimension(name.removesuffix(LABEL)) if name.endswith(LABEL) else None
        if name not in dataset.measures.keys() | dataset.calculated.keys() and labelled is None:
            found.append((place, f"`@{name}` is no measure or calculated field of this dataset"))
    if not FORMULA_FIELD.search(to_datalens(dataset, item)):
        found.append((place, "the DataLens formula names no [field]"))
    if isinstance(item, Calculated) and item.pick is not None and item.pick not in dataset.parameters:
        found.append((place, f"the dataset has no parameter `{item.pick}`"))
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
    if chart.sort is not None and chart.sort.lstrip("-") not in (
        *chart.dimension_names,
        *chart.measure_names,
    ):
        found.append((("sort",), f"`{chart.sort.lstrip('-')}` is not in the chart"))
    return found
