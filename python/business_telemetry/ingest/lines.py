"""Reading CSV as lines: every line keeps its file and place, and its fields are cut out by RFC 4180's rules.

Spark's CSV reader gives either a splittable file or embedded newlines, and no raw lines or line numbers.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from business_telemetry.ingest.header import INDEX_NAMES, Layout
from business_telemetry.ingest.sources import literally
from business_telemetry.schema import COLUMNS

#: One field with the comma before it: quoted, or bare, or (only at the end) a quoted one that never closes.
FIELD: Final = r'(?s)\G,("[^"]*+(?:""[^"]*+)*+"(?=,|\z)|(?!")[^,]*+|".*)'
CLOSED: Final = r'(?s)\A"[^"]*+(?:""[^"]*+)*+"\z'

#: The place of a line: its file, where its split starts, and a number that grows by one within a split.
PLACE: Final = ("path", "block", "id")


def read_lines(spark: SparkSession, paths: list[str]) -> DataFrame:
    """The lines of CSV files (plain or compressed): `path`, `block`, `id`, `text` without its line end."""
    lines = spark.read.option("lineSep", "\n").text([literally(path) for path in paths])
    return lines.select(
        F.col("_metadata.file_path").alias("path"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("id"),
        F.when(F.endswith("value", F.lit("\r")), F.expr("left(value, length(value) - 1)"))
        .otherwise(F.col("value"))
        .alias("text"),
    )


def read_parquet(spark: SparkSession, paths: list[str]) -> DataFrame:
    """The rows of Parquet files as `split_fields` gives those of CSV; `text` is the row as JSON."""
    rows = spark.read.parquet(*map(literally, paths))
    index = next((F.col(f"`{name}`") for name in INDEX_NAMES if name in rows.columns), None)
    return rows.select(
        F.col("_metadata.file_path").alias("path"),
        F.lit(0).cast("bigint").alias("block"),
        F.col("_metadata.row_index").alias("id"),
        F.to_json(F.struct(*(F.col(f"`{name}`") for name in rows.columns))).alias("text"),
        F.lit(False).alias("is_open"),
        F.lit(True).alias("has_width"),
        _string(index).alias("row_index"),
        *(_string(F.col(column)).alias(column) for column in COLUMNS),
    )


def split_fields(lines: DataFrame, layout: Layout) -> DataFrame:
    """Cut each `text` into the source's columns, all strings, and tell what is wrong with the whole line.

    Adds `row_index` (string), the columns of the source, `is_open` (a quoted field does not end on the line)
    and `has_width` (as many fields as the header). A quote inside an unquoted field is an ordinary character.
    """
    text, fields = F.col("text"), F.col("fields")
    quoted = F.contains(text, F.lit('"'))
    raw = F.regexp_extract_all(F.concat(F.lit(","), text), F.lit(FIELD), F.lit(1))
    last = F.element_at(raw, -1)
    is_open = F.startswith(last, F.lit('"')) & ~F.rlike(last, F.lit(CLOSED))
    cut = lines.withColumns(
        {
            "is_open": F.when(quoted, is_open).otherwise(F.lit(False)),
            "fields": F.when(quoted, F.transform(raw, _unquoted)).otherwise(F.split(text, ",", -1)),
        }
    )
    columns = dict(zip(COLUMNS, layout.positions, strict=True))
    return cut.select(
        *PLACE,
        "text",
        "is_open",
        (F.size(fields) == layout.width).alias("has_width"),
        _string(None if layout.index is None else F.get(fields, F.lit(layout.index))).alias("row_index"),
        *(F.get(fields, F.lit(position)).alias(name) for name, position in columns.items()),
    )


def _unquoted(field: Column) -> Column:
    """A field's content, without the quotes around it."""
    inner = F.replace(F.regexp_replace(field, r'\A"|"\z', ""), F.lit('""'), F.lit('"'))
    return F.when(F.startswith(field, F.lit('"')), inner).otherwise(field)


def _string(column: Column | None) -> Column:
    return F.lit(None).cast("string") if column is None else column.cast("string")
