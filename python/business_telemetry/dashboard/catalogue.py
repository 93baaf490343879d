"""The chart catalogue: what `dashboard/*.yml` may say, and the objects that it becomes.

Keys are identifiers: field ids, entry names and page anchors. Titles are what people read.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,35}$")]
FieldType = Literal["string", "integer", "float", "date", "datetime", "boolean", "geopoint"]
ChartType = Literal[
    "indicator",
    "line",
    "area",
    "column",
    "bar",
    "donut",
    "funnel",
    "table",
    "pivot",
    "heatmap",
    "map",
    "sankey",
]
Palette = Literal["blue", "red-orange-green", "green-orange-red"]

REFERENCE = re.compile(r"@([a-z][a-z0-9_]*)")  # a measure or calculated field inside `sql:`
FORMULA_FIELD = re.compile(r"\[([^\[\]]+)\]")  # a field or parameter inside `datalens:`


class Strict(BaseModel):
    """Refuses unknown keys; cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Connection(Strict):
    """The DataLens connection. Host and credentials come from the environment."""

    name: Name


class Parameter(Strict):
    """A value that a reader chooses and that formulas use: `{name:String}` in SQL, `[name]` in DataLens."""

    title: str
    options: dict[str, str] = Field(min_length=2)  # value -> title
    default: str

    @model_validator(mode="after")
    def _default_is_an_option(self) -> Parameter:
        if self.default not in self.options:
            raise ValueError(f"default `{self.default}` is none of its options")
        return self


class Format(Strict):
    """How a number is shown. percent: 0.12 as 12 %; duration: seconds as minutes and hours."""

    kind: Literal["number", "money", "percent", "duration"] = "number"
    precision: int = Field(default=0, ge=0, le=4)


class Dimension(Strict):
    """A column of the mart. `labels`: value -> title, in the order in which they are shown."""

    title: str
    type: FieldType = "string"
    labels: dict[str, str] = {}
    hidden: bool = False


class Calculated(Dimension):
    """A dimension by formula, once for ClickHouse and once for DataLens. `reads`: further marts in `sql`."""

    sql: str
    datalens: str
    reads: tuple[Name, ...] = ()


class Measure(Strict):
    """An aggregate, once for ClickHouse and once for DataLens.

    `@other` in `sql` stands for another measure or calculated field; `[key]` in `datalens` for a column,
    field or parameter by its key. `better`: whether a rise is good news. `reads`: further marts in `sql`.
    """

    title: str
    sql: str
    datalens: str
    type: Literal["integer", "float", "date", "string", "boolean"] = "float"
    format: Format = Format()
    better: Literal["up", "down"] | None = None
    reads: tuple[Name, ...] = ()


class Dataset(Strict):
    """One mart as charts see it.

    Attributes:
        table: the dbt model.
        date: the column on which the period filter acts; None: charts show the whole history.
        grain: `month` where `date` holds months, so that the period filter keeps the months that it touches.
        parameters: parameters that its formulas use.
    """

    title: str
    table: Name
    date: Name | None = None
    grain: Literal["day", "month"] = "day"
    parameters: tuple[Name, ...] = ()
    dimensions: dict[Name, Dimension] = {}
    calculated: dict[Name, Calculated] = {}
    measures: dict[Name, Measure] = {}

    def dimension(self, name: str) -> Dimension | None:
        return self.dimensions.get(name) or self.calculated.get(name)


class Chart(Strict):
    """One chart.

    Attributes:
        x: dimensions: the axis, a table's columns, a map's city, a sankey's step, from and to.
        y: measures; of a funnel its steps, of a map size and colour. Without `x`, bars are the measures.
        y2: measures on a second axis.
        color: dimension that makes the series.
        rows, columns: dimensions of a pivot table or heatmap; several `rows` of a pivot table expand.
        point: geopoint of a map.
        bars: measures with a bar in the cell. heat: measure -> palette of the cell's background.
        band: lower and upper measure of a shaded band. flag: measure; points where it is not 0 are marked.
        compare: indicator only: show the change to the previous period and to the year before.
        stacked: columns, bars and areas of all series on each other.
        sort: dimension or measure, descending with a minus. limit: rows at most.
        where: dimension -> accepted values, always applied.
    """

    title: str
    type: ChartType
    dataset: Name
    note: str = ""
    x: tuple[Name, ...] = ()
    y: tuple[Name, ...] = ()
    y2: tuple[Name, ...] = ()
    color: Name | None = None
    rows: tuple[Name, ...] = ()
    columns: tuple[Name, ...] = ()
    point: Name | None = None
    bars: tuple[Name, ...] = ()
    heat: dict[Name, Palette] = {}
    band: tuple[Name, Name] | None = None
    flag: Name | None = None
    compare: bool = False
    stacked: bool = False
    sort: Annotated[str, StringConstraints(pattern=r"^-?[a-z][a-z0-9_]*$")] | None = None
    limit: int | None = Field(default=None, ge=1, le=1000)
    where: dict[Name, tuple[str | int | bool, ...]] = {}

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """Every dimension that the chart groups by, in order, each once."""
        names = (*self.x, *self.rows, *self.columns, self.color, self.point)
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Every measure that the chart needs, in order, each once."""
        names = (*self.y, *self.y2, *(self.band or ()), self.flag)
        return tuple(dict.fromkeys(name for name in names if name))


class Selector(Strict):
    """A filter: on the period (`element: date`), on a dimension (`field`), or a parameter (`param`).

    A `field` acts on every dataset that has a dimension of that name; its options come from `dataset`.
    A single choice (`multi: false`) always has a value: `default`, else the first option.
    """

    title: str
    element: Literal["select", "date"] = "select"
    dataset: Name | None = None
    field: Name | None = None
    param: Name | None = None
    multi: bool = True
    default: str | None = None
    tabs: tuple[Name, ...] = ()  # empty: all tabs

    @model_validator(mode="after")
    def _one_subject(self) -> Selector:
        if self.element == "select" and (self.field is None) == (self.param is None):
            raise ValueError("a selector has either `field` or `param`")
        if self.field is not None and self.dataset is None:
            raise ValueError("a selector with `field` needs `dataset`, where its options come from")
        return self


class Row(Strict):
    """Charts side by side. `h`: height in grid units; `w`: widths out of 36, equal when not given."""

    items: tuple[Name, ...] = Field(min_length=1)
    h: int = Field(default=12, ge=3, le=40)
    w: tuple[int, ...] = ()

    @property
    def widths(self) -> tuple[int, ...]:
        """Grid columns of each item, 36 in all."""
        if self.w:
            return self.w
        count = len(self.items)
        return tuple(36 * (i + 1) // count - 36 * i // count for i in range(count))

    @model_validator(mode="after")
    def _widths_fit(self) -> Row:
        if self.w and (len(self.w) != len(self.items) or sum(self.w) != 36):
            raise ValueError("`w` needs one width an item, 36 in all")
        return self


class Tab(Strict):
    """One tab. Its dbt exposure is `<id>_tab`."""

    id: Name
    title: str
    rows: tuple[Row, ...] = ()

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(item for row in self.rows for item in row.items)


class Dashboard(Strict):
    name: str
    tabs: tuple[Tab, ...]


class Catalogue(Strict):
    """All of `dashboard/*.yml`."""

    version: Literal[1]
    connection: Connection
    parameters: dict[Name, Parameter] = {}
    datasets: dict[Name, Dataset] = {}
    charts: dict[Name, Chart] = {}
    selectors: dict[Name, Selector] = {}
    dashboard: Dashboard

    def marts_of(self, chart: Chart) -> set[str]:
        """The dbt models that the chart reads."""
        dataset = self.datasets[chart.dataset]
        marts = {dataset.table}
        pending = [*chart.dimension_names, *chart.measure_names, *chart.where]
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            field = dataset.measures.get(name) or dataset.calculated.get(name)
            if field is None or name in seen:
                continue
            seen.add(name)
            marts.update(field.reads)
            pending.extend(REFERENCE.findall(field.sql))
        return marts
