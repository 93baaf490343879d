"""Reading CSV as lines: every line keeps its file and place, and its fields are cut out by RFC 4180's rules.

Spark's CSV reader gives either a splittable file or embedded newlines, and neither the raw line nor its number.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from business_telemetry.ingest.header import Layout
from business_telemetry.schema import COLUMNS

#: One field with the comma before it: quoted, or bare, or (only at the end) a quoted one that never closes.
FIELD: Final = r'(?s)\G,("[^"]*+(?:""[^"]*+)*+"(?=,|\z)|(?!")[^,]*+|".*)'
CLOSED: Final = r'(?s)\A"[^"]*+(?:""[^"]*+)*+"\z'

#: The key of a line: the file, where its split starts, and a number that grows by one with each line of a split.
PLACE: Final = ("path", "block", "id")


def read_lines(spark: SparkSession, paths: list[str]) -> DataFrame:
    """The lines of CSV files (plain or compressed): `path`, `block`, `id`, `text` without its line end."""
    lines = spark.read.option("lineSep", "\n").option("__globPaths__", "false").text(paths)
    return lines.select(
        F.col("_metadata.file_path").alias("path"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("id"),
        F.when(F.endswith("value", F.lit("\r")), F.expr("left(value, length(value) - 1)"))
        .otherwise(F.col("value"))
        .alias("text"),
    )


def split_fields(lines: DataFrame, layout: Layout) -> DataFrame:
    """Cut each `text` into the source's columns, all strings, with what is wrong with the line as a whole.

    Adds `row_index` (string), the columns of the source, `is_blank`, `is_open` (a quoted field does not end on
    the line) and `has_width` (as many fields as the header). A quote inside an unquoted field is a character
    like any other.
    """
    text = F.col("text")
    has_quotes = F.contains(text, F.lit('"'))
    quoted = F.regexp_extract_all(F.concat(F.lit(","), text), F.lit(FIELD), F.lit(1))
    cut = lines.withColumn("fields", F.when(has_quotes, quoted).otherwise(F.split(text, ",", -1)))
    last = F.element_at("fields", -1)
    is_open = has_quotes & F.startswith(last, F.lit('"')) & ~F.rlike(last, F.lit(CLOSED))
    return cut.select(
        *PLACE,
        "text",
        (text == "").alias("is_blank"),
        is_open.alias("is_open"),
        (F.size("fields") == layout.width).alias("has_width"),
        (F.lit(None).cast("string") if layout.index is None else _field(layout.index)).alias("row_index"),
        *(_field(at).alias(name) for name, at in zip(COLUMNS, layout.positions, strict=True)),
    )


def _field(position: int) -> Column:
    """A field's content, without the quotes around it."""
    field = F.get("fields", F.lit(position))
    inner = F.replace(
        F.expr(f"substr(fields[{position}], 2, length(fields[{position}]) - 2)"), F.lit('""'), F.lit('"')
    )
    return F.when(F.startswith(field, F.lit('"')), inner).otherwise(field)
