"""What a Python model returns: an Arrow table of exactly the declared columns, or an error that names them.

Nothing is guessed and nothing is lost in silence: a fraction in an integer column, a time of day in a Date, a
missing value in a column that is not Nullable and a number out of range are errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clickhouse_connect.datatypes.base import ClickHouseType
from dbt_common.exceptions import DbtRuntimeError

if TYPE_CHECKING:
    import pyarrow as pa

_SAME_NAME = {
    "Bool": "bool_",
    "Date": "date32",
    "Date32": "date32",
    "Float32": "float32",
    "Float64": "float64",
    **{f"{sign}Int{bits}": f"{sign.lower()}int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
}


def to_arrow(result: Any, types: Mapping[str, ClickHouseType], clock: str) -> pa.Table:
    """A model's result as an Arrow table with the columns of `types`, in that order.

    Args:
        result: a pandas DataFrame (its index is left out) or a pyarrow Table that has these columns.
        types: the declared columns.
        clock: the zone of naive timestamps in columns that declare no zone of their own.

    Raises:
        DbtRuntimeError: values that do not fit their type; every column at fault is named.
    """
    import pyarrow as pa

    columns, problems = {}, []
    for name, kind in types.items():
        zone = str(getattr(kind, "tzinfo", None) or clock)
        try:
            columns[name] = _fit(_as_array(result[name], kind), arrow_type(kind), zone)
            _refuse_missing(columns[name], kind)
        except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
            problems.append(f"{name} ({kind.name}): {error}")
    if problems:
        raise DbtRuntimeError("These columns do not fit their declared types:\n" + "\n".join(problems))
    return pa.table(columns)


def arrow_type(kind: ClickHouseType) -> pa.DataType:
    """The Arrow type from which ClickHouse reads this type unchanged.

    Types without a match in Arrow (UUID, IPv4, Enum8, Int128, ...) travel as text, which ClickHouse parses.
    """
    import pyarrow as pa

    match kind.base_type:
        case base if base in _SAME_NAME:
            return getattr(pa, _SAME_NAME[base])()
        case "Decimal":
            return (pa.decimal128 if kind.prec <= 38 else pa.decimal256)(kind.prec, kind.scale)
        case "DateTime":
            return pa.timestamp("s", "UTC")
        case "DateTime64":
            return pa.timestamp(("s", "ms", "us", "ns")[-(-kind.scale // 3)], "UTC")
        case "Array":
            return pa.list_(arrow_type(kind.element_type))
        case "Map":
            return pa.map_(arrow_type(kind.key_type), arrow_type(kind.value_type))
        case "Tuple":
            names = kind.element_names or map(str, range(1, len(kind.element_types) + 1))
            return pa.struct(zip(names, map(arrow_type, kind.element_types), strict=True))
    return pa.string()


def _as_array(column: Any, kind: ClickHouseType) -> pa.Array:
    """The column in Arrow, nothing lost yet: in its own type where it has one, else in the declared one."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks()
    target = arrow_type(kind)
    if column.dtype != object:
        return pa.Array.from_pandas(column)
    if pa.types.is_string(target) and kind.base_type not in ("String", "FixedString"):
        return pa.Array.from_pandas(column.map(str, na_action="ignore"), type=target)
    if pa.types.is_decimal(target) or pa.types.is_struct(target) or pa.types.is_map(target):
        return pa.Array.from_pandas(column, type=target)
    try:
        return pa.Array.from_pandas(column)
    except OverflowError:  # integers above 2**63
        return pa.Array.from_pandas(column, type=target)


def _fit(array: pa.Array, target: pa.DataType, zone: str) -> pa.Array:
    """The array cast to the target; raises where that would lose anything but a float's last digits."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    source = array.type
    if types.is_floating(source):  # pandas knows no other missing number
        array = pc.if_else(pc.is_nan(array), None, array)
    if types.is_timestamp(target):
        return _fit_timestamp(array, target, zone)
    if types.is_date(target) and types.is_timestamp(source):
        wall_clock = pc.local_timestamp(array) if source.tz else array
        if not (days := wall_clock.cast(target)).cast(wall_clock.type).equals(wall_clock):
            raise ValueError("it has times of day; declare a DateTime or normalize them")
        return days
    if types.is_decimal(target) and types.is_integer(source):  # else Arrow wants room for any integer
        array = array.cast(pa.decimal256(76, target.scale))
    if types.is_boolean(target) and not (types.is_boolean(source) or types.is_null(source)):
        raise ValueError(f"it holds {source}, not booleans")
    if types.is_string(target) and types.is_primitive(source):
        raise ValueError(f"it holds {source}, not text")
    fitted = array.cast(target)
    if types.is_float32(target) and pc.any(pc.and_(pc.is_inf(fitted), pc.is_finite(array))).as_py():
        raise ValueError("a number is out of range")
    return fitted


def _fit_timestamp(array: pa.Array, target: pa.DataType, zone: str) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp(target.unit))
    if array.type.tz is None:
        array = pc.assume_timezone(array, zone)
    fitted = array.cast(target)
    if target.unit == "s":
        seconds = pc.min_max(fitted.cast("int64")).as_py()
        if seconds["min"] is not None and not 0 <= seconds["min"] <= seconds["max"] < 2**32:
            raise ValueError("a DateTime reaches from 1970 to 2106; declare DateTime64 for other times")
    return fitted


def _refuse_missing(array: pa.Array, kind: ClickHouseType) -> None:
    import pyarrow.compute as pc

    if array.null_count and not kind.nullable:
        first = pc.index(array.is_null(), True).as_py()
        raise ValueError(
            f"{array.null_count} missing values (the first in row {first});"
            f" fill them or declare Nullable({kind.name})"
        )
    match kind.base_type:
        case "Array":
            _refuse_missing(array.flatten(), kind.element_type)
        case "Map":
            _refuse_missing(array.items, kind.value_type)
        case "Tuple":
            for part, element in zip(array.flatten(), kind.element_types, strict=True):
                _refuse_missing(part, element)
