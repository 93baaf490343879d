"""How charts are laid out and filtered: selectors, rows, tabs, the first page."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from business_telemetry.dashboard.fields import Name, Strict


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


class Overview(Strict):
    """The first page: charts whose first measure it speaks of, and those that its other sentences lead to."""

    changes: tuple[Name, ...]
    incidents: Name
    plan: Name
    forecast: Name
    health: Name

    @property
    def charts(self) -> tuple[str, ...]:
        return (*self.changes, self.incidents, self.plan, self.forecast, self.health)
