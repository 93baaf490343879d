"""The chart catalogue: what `dashboard/*.yml` may say, and the objects that it becomes.

Keys are identifiers: field ids, entry names and page anchors. Titles are what people read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from business_telemetry.dashboard.board import Dashboard, Overview, Selector
from business_telemetry.dashboard.derive import LABEL, REFERENCE, own_sql
from business_telemetry.dashboard.fields import Calculated, Dimension, Measure, Name, Parameter, Strict

ChartType = Literal[
    "indicator",
    "line",
    "area",
    "column",
    "bar",
    "donut",
    "funnel",
    "table",
    "incidents",
    "pivot",
    "heatmap",
    "map",
    "sankey",
]
EVENT = "event_key"  # a dataset that has it holds incidents, each with rows of its own
Palette = Literal["blue", "red-orange-green", "green-orange-red"]


class Connection(Strict):
    """The DataLens connection. Host and credentials come from the environment."""

    name: Name


class Dataset(Strict):
    """One mart as charts see it.

    Attributes:
        table: the dbt model.
        date: the column on which the period filter acts; None: charts show the whole history. Of months the
            first day counts, here as in DataLens: a month belongs to a period in which it begins.
        parameters: parameters that its formulas use.
    """

    title: str
    table: Name
    date: Name | None = None
    parameters: tuple[Name, ...] = ()
    dimensions: dict[Name, Dimension] = Field(default_factory=dict)
    calculated: dict[Name, Calculated] = Field(default_factory=dict)
    measures: dict[Name, Measure] = Field(default_factory=dict)

    def dimension(self, name: str) -> Dimension | None:
        return self.dimensions.get(name) or self.calculated.get(name)

    def sample(self, measure: str) -> str | None:
        """The measure that counts what stands behind one: its `sample`, of a ratio the denominator."""
        item = self.measures[measure]
        below = item.sample or (item.ratio and item.ratio[1])
        return below if below is not None and self.measures[below].type == "integer" else None

    def samples(self, measures: Iterable[str]) -> tuple[str, ...]:
        """The samples of the measures that are not among them."""
        found = dict.fromkeys(self.sample(name) for name in measures)
        return tuple(name for name in found if name is not None and name not in measures)


class Chart(Strict):
    """One chart.

    Attributes:
        empty: what it says without rows, where "no data for this period" would mislead.
        x: dimensions: the axis, a table's columns, a map's city, a sankey's step, from and to.
        y: measures; of a funnel its steps, of a map size and colour. Without `x`, bars are the measures.
        y2: measures on a second axis.
        color: dimension that makes the series.
        rows, columns: dimensions of a pivot table or heatmap; several `rows` of a pivot table expand.
        point: geopoint of a map.
        bars: measures with a bar in the cell. heat: measure -> palette of the cell's background.
        band: lower and upper measure of a shaded band. flag: measure; points where it is not 0 are marked.
        marks: metric of `mart_anomalies` whose incidents are marked on a chart over `period`.
        compare: show the change to the comparison period that the reader chose; of a line, a second one.
        follows: show the days and the segment of the incident that the reader chose, not the period.
        stacked: columns, bars and areas of all series on each other.
        sort: dimension or measure, descending with a minus. limit: rows at most.
        where: dimension -> accepted values, always applied.
    """

    title: str
    type: ChartType
    dataset: Name
    note: str = ""
    empty: str = ""
    x: tuple[Name, ...] = ()
    y: tuple[Name, ...] = ()
    y2: tuple[Name, ...] = ()
    color: Name | None = None
    rows: tuple[Name, ...] = ()
    columns: tuple[Name, ...] = ()
    point: Name | None = None
    bars: tuple[Name, ...] = ()
    heat: dict[Name, Palette] = Field(default_factory=dict)
    band: tuple[Name, Name] | None = None
    flag: Name | None = None
    marks: Name | None = None
    follows: bool = False
    compare: bool = False
    stacked: bool = False
    sort: Annotated[str, StringConstraints(pattern=r"^-?[a-z][a-z0-9_]*$")] | None = None
    limit: int | None = Field(default=None, ge=1, le=1000)
    where: dict[Name, tuple[str | int | bool, ...]] = Field(default_factory=dict)

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


class Catalogue(Strict):
    """All of `dashboard/*.yml`."""

    version: Literal[1]
    connection: Connection
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    datasets: dict[Name, Dataset] = Field(default_factory=dict)
    charts: dict[Name, Chart] = Field(default_factory=dict)
    selectors: dict[Name, Selector] = Field(default_factory=dict)
    dashboard: Dashboard
    overview: Overview | None = None

    def tab_of(self, chart: str) -> str:
        """The tab that shows the chart; the first one for a chart that none shows."""
        tabs = self.dashboard.tabs
        return next((tab.id for tab in tabs if chart in tab.items), tabs[0].id if tabs else "")

    def shows_incident(self, chart: Chart) -> bool:
        """Whether the chart is about the incident that the reader pressed, and about nothing without one."""
        return chart.follows or EVENT in self.datasets[chart.dataset].dimensions

    def marts_of(self, chart: Chart) -> set[str]:
        """The dbt models that the chart reads."""
        dataset = self.datasets[chart.dataset]
        marts = {dataset.table}
        marts |= {"mart_anomalies"} if chart.marks or chart.follows else set()
        marts |= {"mart_anomaly_drivers", "fct_orders"} if chart.type == "incidents" else set()
        pending = [*chart.dimension_names, *chart.measure_names, *chart.where]
        seen: set[str] = set()
        while pending:
            name = pending.pop().removesuffix(LABEL)
            field = dataset.measures.get(name) or dataset.calculated.get(name)
            if field is None or name in seen:
                continue
            seen.add(name)
            marts.update(field.reads)
            pending.extend(REFERENCE.findall(own_sql(dataset, field)))
        return marts
