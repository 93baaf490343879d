"""The formula of a field in both languages: ClickHouse's SQL and DataLens' own.

Everything here was run in both engines; docs/datalens.md says what differs between them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from business_telemetry.dashboard.fields import CONDITION, Calculated, Dimension, Measure

if TYPE_CHECKING:
    from business_telemetry.dashboard.catalogue import Dataset

REFERENCE = re.compile(r"@([a-z][a-z0-9_]*)")  # a measure, calculated field or label inside SQL
FORMULA_FIELD = re.compile(r"\[([^\[\]]+)\]")  # a field or parameter inside a formula of DataLens
LABEL = "_label"

# aggregate -> SQL, SQL with a condition, DataLens, DataLens with a condition
AGGREGATES: dict[str, tuple[str, str, str, str]] = {
    "sum": ("sum({of})", "sumIf({of}, {where})", "SUM({of})", "SUM_IF({of}, {where})"),
    "count": ("count()", "countIf({where})", "COUNTD({of})", "COUNTD_IF({of}, {where})"),
    "count_distinct": (
        "uniqExact({of})",
        "uniqExactIf({of}, {where})",
        "COUNTD({of})",
        "COUNTD_IF({of}, {where})",
    ),
    "avg": ("avg({of})", "avgIf({of}, {where})", "AVG({of})", "AVG_IF({of}, {where})"),
    "median": (
        "medianExactOrNull({of})",
        "medianExactOrNullIf({of}, {where})",
        "MEDIAN({of})",
        "MEDIAN(IF({where}, {of}, NULL))",
    ),
    "min": ("min({of})", "minIf({of}, {where})", "MIN({of})", "MIN(IF({where}, {of}, NULL))"),
    "max": ("max({of})", "maxIf({of}, {where})", "MAX({of})", "MAX(IF({where}, {of}, NULL))"),
    "any": ("any({of})", "anyIf({of}, {where})", "MAX({of})", "MAX(IF({where}, {of}, NULL))"),
    "flag": (
        "max(toUInt8({of}))",
        "maxIf(toUInt8({of}), {where})",
        "MAX(INT({of}))",
        "MAX(INT({of} AND {where}))",
    ),
    "merge": (
        "uniqExactMerge({of})",
        "uniqExactMergeIf({of}, {where})",
        'DB_CALL_AGG_INT("uniqExactMerge", {of})',
        'DB_CALL_AGG_INT("uniqExactMergeIf", {of}, {where})',
    ),
}  # fmt: skip
PARTS: dict[str, tuple[str, str]] = {
    "week": ("toStartOfWeek({of}, 1)", 'DATETRUNC({of}, "week")'),
    "month": ("toStartOfMonth({of})", 'DATETRUNC({of}, "month")'),
    "year": ("toYear({of})", "YEAR({of})"),
    "weekday": ("toDayOfWeek({of})", "DAYOFWEEK({of})"),
    "scale": (
        "multiIf({{scale:String}} = 'month', toStartOfMonth({of}),"
        " {{scale:String}} = 'week', toStartOfWeek({of}, 1), {of})",
        'IF [scale] = "month" THEN DATETRUNC({of}, "month")'
        ' ELSEIF [scale] = "week" THEN DATETRUNC({of}, "week") ELSE {of} END',
    ),
}


def to_sql(dataset: Dataset, name: str) -> str:
    """The ClickHouse expression of a field, with everything that it refers to written out.

    Raises:
        KeyError: the dataset has no such field.
        RecursionError: fields that stand for each other.
    """
    if name in dataset.dimensions:
        return name
    if name.endswith(LABEL) and (labelled := dataset.dimension(name.removesuffix(LABEL))) is not None:
        return _label_sql(to_sql(dataset, name.removesuffix(LABEL)), labelled)
    item = dataset.measures.get(name) or dataset.calculated[name]
    return REFERENCE.sub(lambda match: _enclosed(to_sql(dataset, match[1])), own_sql(dataset, item))


def _enclosed(sql: str) -> str:
    """In brackets, unless it is one name or one call."""
    depth = 0
    for position, letter in enumerate(sql):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ")" and depth == 0 and position < len(sql) - 1:
            return f"({sql})"
    return sql if re.fullmatch(r"\w+(\(.*\))?", sql, re.DOTALL) else f"({sql})"


def own_sql(dataset: Dataset, item: Calculated | Measure) -> str:
    """The field's own SQL, with `@references` to other fields."""

    def field(name: str) -> str:
        return f"@{name}" if name in dataset.calculated else name

    if item.sql is not None:
        return item.sql
    if isinstance(item, Calculated):
        if item.part is not None:
            return PARTS[item.part][0].format(of=field(str(item.of)))
        *others, (_, last) = _options(item)
        cases = "".join(f"{{{item.pick}:String}} = '{value}', {field(name)}, " for value, name in others)
        return f"multiIf({cases}{field(last)})"
    if item.ratio is not None:
        top, bottom = item.ratio
        whole = dataset.measures[top].type == "integer"  # a Decimal keeps its few digits, and may overflow
        divided = f"{f'@{top}' if whole else f'toFloat64(@{top})'} / nullIf(@{bottom}, 0)"
        return divided if item.times == 1 else f"{item.times} * {divided}"
    names = [field(name) for name in _names(item)]
    of = names[0] if len(names) == 1 else f"({', '.join(names)})"
    plain, conditional, *_ = AGGREGATES[item.agg or ""]
    if item.where is None:
        return plain.format(of=of)
    column, operator, value = _condition(item.where)
    return conditional.format(of=of, where=f"{field(column)} {operator} {value}".strip())


def to_datalens(dataset: Dataset, item: Calculated | Measure) -> str:
    """The field's formula in DataLens, with columns, fields and parameters by key in brackets."""
    if item.datalens is not None:
        return item.datalens
    if isinstance(item, Calculated):
        if item.part is not None:
            return PARTS[item.part][1].format(of=f"[{item.of}]")
        *others, (_, last) = _options(item)
        cases = " ".join(f"WHEN {quoted(value)} THEN [{name}]" for value, name in others)
        return f"CASE [{item.pick}] {cases} ELSE [{last}] END"
    if item.ratio is not None:
        divided = "FDIV_SAFE([{}], [{}])".format(*item.ratio)
        return divided if item.times == 1 else f"{item.times} * {divided}"
    first, *rest = _names(item)
    of = f"[{first}]"
    if rest:  # told apart by all of them, with something between, lest 1 and 12 read like 11 and 2
        of = f"CONCAT({of}" + "".join(f', "/", STR([{name}])' for name in rest) + ")"
    *_, plain, conditional = AGGREGATES[item.agg or ""]
    if item.where is None:
        return plain.format(of=of)
    column, operator, value = _condition(item.where)
    where = f"[{column}] {operator} {value}".strip().replace("'", '"')
    return conditional.format(of=of, where=where)


def label_formula(title: str, dimension: Dimension) -> str:
    """DataLens' titles instead of codes. Whole numbers stay in front of their titles, so that they sort."""
    whens = [f"WHEN {code if is_numbered(dimension) else quoted(code)} THEN {quoted(shown)}"
             for code, shown in shown_labels(dimension).items()]  # fmt: skip
    return f"CASE [{title}] {' '.join(whens)} ELSE STR([{title}]) END"


def shown_labels(dimension: Dimension) -> dict[str, str]:
    """Code -> what DataLens shows for it."""
    numbered = is_numbered(dimension)
    return {code: f"{code} {name}" if numbered else name for code, name in dimension.labels.items()}


def is_numbered(dimension: Dimension) -> bool:
    return dimension.type == "integer"


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _label_sql(code: str, dimension: Dimension) -> str:
    codes, titles = (", ".join(f"'{_escaped(text)}'" for text in texts)
                     for texts in (dimension.labels.keys(), dimension.labels.values()))  # fmt: skip
    return f"transform(toString({code}), [{codes}], [{titles}], toString({code}))"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _names(item: Measure) -> tuple[str, ...]:
    return (item.of,) if isinstance(item.of, str) else item.of


def _options(item: Calculated) -> list[tuple[str, str]]:
    assert isinstance(item.of, dict)  # the model refuses anything else
    return list(item.of.items())


def _condition(where: str) -> tuple[str, str, str]:
    match = re.match(CONDITION, where)
    assert match is not None  # the model's pattern
    return match[1], match[2] or "", match[3] or ""
