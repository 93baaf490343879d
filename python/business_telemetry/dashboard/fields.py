"""What a dataset of the catalogue is made of: dimensions, fields by formula, measures, number formats."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,35}$")]
FieldType = Literal["string", "integer", "float", "date", "datetime", "boolean", "geopoint"]
Aggregate = Literal["sum", "count", "count_distinct", "avg", "median", "min", "max", "any", "flag", "merge"]
Part = Literal["scale", "week", "month", "year", "weekday"]

COUNTS = ("count", "count_distinct", "flag", "merge")
CONDITION = r"^([a-z][a-z0-9_]*)(?: (=|!=|>=|<=|>|<) ('[^']*'|-?[0-9.]+))?$"


class Strict(BaseModel):
    """Refuses unknown keys; cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    """How a number is shown, also written `percent.1`: kind and decimals.

    percent: 0.12 as 12 %; duration: seconds as minutes and hours; money: in the log's currency.
    """

    kind: Literal["number", "money", "percent", "duration"] = "number"
    precision: int = Field(default=0, ge=0, le=4)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        kind, _, precision = data.partition(".")
        return {"kind": kind, "precision": precision or 0}


class Dimension(Strict):
    """A column of the mart.

    Attributes:
        labels: code -> title, in the order in which they are shown; in YAML the name of a list of labels.
        grain: of a date that stands for a longer span, so that it is shown as one.
        needs: flag of `dim_log` without which the log cannot tell it.
    """

    title: str
    type: FieldType = "string"
    labels: dict[str, str] = {}
    grain: Literal["month", "week", "scale"] | None = None
    hidden: bool = False
    needs: Name | None = None


class Formula(Strict):
    """Both languages by hand, for what cannot be derived; `why` goes to the list of exceptions in the docs.

    `@other` in `sql` stands for another measure or calculated field, `@field_label` for a title instead of a
    code; `[key]` in `datalens` for a column, field, parameter or `[key_label]`. `reads`: further marts in
    `sql`.
    """

    sql: str | None = None
    datalens: str | None = None
    why: str = ""
    reads: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Formula:
        if (self.sql is None) != (self.datalens is None):
            raise ValueError("a formula needs both `sql` and `datalens`")
        if self.sql is not None and not self.why:
            raise ValueError("a formula by hand needs `why` it is not derived")
        return self


class Calculated(Dimension, Formula):
    """A dimension that is no column.

    Attributes:
        part: of the date `of`: its week, month, year, weekday, or what the parameter `scale` says.
        pick: parameter; `of` maps its values to columns.
    """

    part: Part | None = None
    pick: Name | None = None
    of: Name | dict[str, Name] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Calculated:
        ways = [self.sql is not None, self.part is not None, self.pick is not None]
        if sum(ways) != 1:
            raise ValueError("a calculated field has one of `part`, `pick` and `sql`")
        if self.part is not None and not isinstance(self.of, str):
            raise ValueError("`part` needs a date in `of`")
        if self.pick is not None and not isinstance(self.of, dict):
            raise ValueError("`pick` needs a column for each option in `of`")
        return self


class Measure(Formula):
    """One number of a group of rows: an aggregate, a ratio of two measures, or formulas by hand.

    Attributes:
        hint: its definition, one sentence that readers see.
        agg: how `of` is aggregated, over rows `where` a flag or comparison holds. count: of rows, which `of`
            tells apart; any: of one row; flag: 1 where it holds anywhere; merge: distinct users of states.
        ratio: measures that are divided; `times` the result.
        sample: integer measure that says how many stand behind it; of a ratio its denominator.
        interval: measures between which the truth lies with 95 %.
        better: whether a rise is good news.
        needs: flag of `dim_log` without which the log cannot hold it.
    """

    title: str
    hint: str
    agg: Aggregate | None = None
    of: Name | tuple[Name, ...] = ()
    where: Annotated[str, StringConstraints(pattern=CONDITION)] | None = None
    ratio: tuple[Name, Name] | None = None
    times: int = 1
    sample: Name | None = None
    interval: tuple[Name, Name] | None = None
    type: Literal["integer", "float", "date", "string", "boolean"] = "float"
    format: Format = Format()
    better: Literal["up", "down"] | None = None
    needs: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _counts_are_whole(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("agg") in COUNTS and "type" not in data:
            return {**data, "type": "integer"}
        return data

    @model_validator(mode="after")
    def _one_way(self) -> Measure:
        ways = [self.sql is not None, self.agg is not None, self.ratio is not None]
        if sum(ways) != 1:
            raise ValueError("a measure has one of `agg`, `ratio` and `sql`")
        if (self.agg is not None) != bool(self.of):
            raise ValueError("`agg` and `of` go together")
        if not self.hint.endswith("."):
            raise ValueError("`hint` is a sentence and ends with a full stop")
        return self
