"""The fields of a dataset in DataLens: which ones the catalogue asks for, and where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from datalens_sdk import Dataset as Live
from datalens_sdk import DatasetField, DataType, FieldKind

from business_telemetry.dashboard.catalogue import Dataset
from business_telemetry.dashboard.derive import FORMULA_FIELD, LABEL, label_formula, to_datalens
from business_telemetry.dashboard.fields import Calculated, Dimension, Parameter
from business_telemetry.datalens.errors import BadSettings

PREFIX = "bt_"  # of the ids of all fields that a deploy adds: what it may delete again
LONGEST_ID = 36

CASTS: dict[str, DataType] = {
    "string": "string",
    "integer": "integer",
    "float": "float",
    "date": "date",
    "datetime": "genericdatetime",
    "boolean": "boolean",
    "geopoint": "geopoint",
}


@dataclass(frozen=True)
class Wanted:
    """One field as it should be. A column keeps DataLens' own id; a formula or parameter has ours."""

    title: str
    cast: DataType
    kind: FieldKind = "DIMENSION"
    hidden: bool = False
    column: str | None = None
    guid: str = ""
    formula: str = ""
    default: str | None = None  # of a parameter
    description: str = ""


def field_id(key: str, suffix: str = "") -> str:
    """The id of an added field.

    Raises:
        BadSettings: the catalogue's key is too long for DataLens.
    """
    guid = f"{PREFIX}{key}{suffix}"
    if len(guid) > LONGEST_ID:
        raise BadSettings(
            f"`{key}`: DataLens has room for {LONGEST_ID - len(guid) + len(key)} characters; shorten it"
        )
    return guid


def labelled(dimension: Dimension) -> bool:
    """Whether charts show a field of titles instead of the dimension's codes."""
    return any(code != title for code, title in dimension.labels.items())


def wanted_fields(spec: Dataset, parameters: Mapping[str, Parameter]) -> list[Wanted]:
    """Every field that the catalogue asks for, each after those that its formula names."""
    titles = {key: key for key in spec.parameters}
    dimensions = {**spec.dimensions, **spec.calculated}
    titles |= {key: key if labelled(field) else field.title for key, field in dimensions.items()}
    titles |= {key + LABEL: field.title for key, field in dimensions.items() if labelled(field)}
    titles |= {key: measure.title for key, measure in spec.measures.items()}

    found: dict[str, Wanted] = {}
    uses: dict[str, set[str]] = {}
    for key in spec.parameters:
        found[key] = Wanted(key, "string", guid=field_id(key), default=parameters[key].default)
    for key, field in dimensions.items():
        found[key] = Wanted(titles[key], CASTS[field.type], hidden=field.hidden, column=key)
        if isinstance(field, Calculated):
            formula = to_datalens(spec, field)
            uses[key] = set(FORMULA_FIELD.findall(formula))
            found[key] = replace(
                found[key], column=None, guid=field_id(key), formula=_in_titles(formula, titles)
            )
        if labelled(field):
            label = key + LABEL
            uses[label] = {key}
            formula = label_formula(titles[key], field)
            found[label] = Wanted(
                field.title, "string", hidden=field.hidden, guid=field_id(key, LABEL), formula=formula
            )
    for key, measure in spec.measures.items():
        formula = to_datalens(spec, measure)
        uses[key] = set(FORMULA_FIELD.findall(formula))
        found[key] = Wanted(
            measure.title,
            CASTS[measure.type],
            kind="MEASURE",
            guid=field_id(key),
            formula=_in_titles(formula, titles),
            description=measure.hint,
        )
    order = TopologicalSorter(
        {key: uses.get(key, set()) & found.keys() - {key} for key in found}
    ).static_order()
    return [found[key] for key in order]


def _in_titles(formula: str, titles: Mapping[str, str]) -> str:
    """`[key]` -> `[title]`: DataLens' formulas name fields by title. Other columns keep their names."""
    return FORMULA_FIELD.sub(lambda match: f"[{titles.get(match[1], match[1])}]", formula).strip()


class Fields:
    """Finds the fields of one dataset by the catalogue's keys."""

    def __init__(self, spec: Dataset, live: Live) -> None:
        self.spec = spec
        self.live = live
        self._columns = {field.source: field for field in live.fields if field.calc_mode == "direct"}

    def raw(self, key: str) -> DatasetField:
        """The field of a dimension's codes, of a measure or of a parameter; filters act on it."""
        if key in self.spec.dimensions:
            return self._columns[key]
        return self.live.fields.by_guid(field_id(key))

    def shown(self, key: str) -> DatasetField:
        """The field that charts show: titles where there are any."""
        dimension = self.spec.dimension(key)
        if dimension is not None and labelled(dimension):
            return self.live.fields.by_guid(field_id(key, LABEL))
        return self.raw(key)
