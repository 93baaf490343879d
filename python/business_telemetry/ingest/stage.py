"""From files to staged Parquet: read, validate, put broken lines together again, count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark import cloudpickle
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from business_telemetry.ingest import stitch
from business_telemetry.ingest.header import Layout, read_layout
from business_telemetry.ingest.lines import PLACE, read_lines, read_parquet, split_fields
from business_telemetry.ingest.sources import SourceFile, literally, name_of
from business_telemetry.ingest.staging import Piece, Staging, line_shifts
from business_telemetry.ingest.validate import BLANK, LOOSE, OPEN, validate

if TYPE_CHECKING:
    import pyarrow

# so that the Python workers of a cluster need pyarrow, but not this package
cloudpickle.register_pickle_by_value(stitch)


@dataclass(frozen=True)
class Staged:
    """What lies in the staging area.

    Attributes:
        pieces: every piece of every file.
        rows: rows read, as Spark has counted them: lines less headers, blank lines and continuation lines.
        stitched: was there a record to put together? Then `stitched` holds all loose lines of `lines` anew.
    """

    pieces: tuple[Piece, ...]
    rows: int
    stitched: bool


def stage(spark: SparkSession, files: Sequence[SourceFile], staging: Staging) -> Staged:
    """Read and validate the files into the folder `lines`, and put records with newlines into `stitched`.

    Both folders hold `accepted=true` and `accepted=false`, of the columns that `validate` returns.

    Raises:
        BadSource: a file lacks a column; nothing is written.
    """
    layouts = {file: read_layout(spark, file) for file in files}
    tables = [file for file in files if file.is_parquet]
    by_layout: dict[Layout, list[SourceFile]] = {}
    for file in files:
        if not file.is_parquet:
            by_layout.setdefault(layouts[file], []).append(file)

    frames = [
        split_fields(read_lines(spark, [file.uri for file in group]), layout)
        for layout, group in by_layout.items()
    ]
    if tables:
        frames.append(read_parquet(spark, [file.uri for file in tables]))
    counts = _write(frames, f"{staging.uri}/lines")
    pieces = tuple(staging.pieces("lines"))
    read = counts["lines"] - (len(files) - len(tables))
    if not counts["open"]:
        return Staged(pieces, read - counts["blank"], stitched=False)

    loose = spark.read.parquet(literally(f"{staging.uri}/lines/accepted=false"))
    widths = {file.name: layout.width for file, layout in layouts.items()}
    records = _put_together(spark, loose.where(_is(LOOSE)), pieces, widths)
    names = {piece.path: name_of(piece.path) for piece in pieces}
    groups = {layout: {file.name for file in group} for layout, group in by_layout.items()}
    frames = [
        split_fields(
            records.where(F.col("path").isin([p for p, name in names.items() if name in group])), layout
        )
        for layout, group in groups.items()
    ]
    after = _write(frames, f"{staging.uri}/stitched")
    continuation = counts["loose"] - after["lines"]
    return Staged(pieces, read - after["blank"] - continuation, stitched=True)


def _write(frames: Sequence[DataFrame], target: str) -> dict[str, int]:
    """Validate and write, and count on the way: all lines, blank, loose and open ones."""
    rows = reduce(DataFrame.unionByName, (validate(frame) for frame in frames))
    counted = Observation()
    rows.observe(
        counted,
        F.count(F.lit(1)).alias("lines"),
        F.count_if(_is(BLANK)).alias("blank"),
        F.count_if(_is(LOOSE)).alias("loose"),
        F.count_if(_is(OPEN)).alias("open"),
    ).withColumn("accepted", F.col("broken") == 0).write.mode("overwrite").partitionBy("accepted").parquet(
        target
    )
    return dict(counted.get)


def _is(bits: int) -> Column:
    return F.col("broken").bitwiseAND(F.lit(bits)) != 0


def _put_together(
    spark: SparkSession, loose: DataFrame, pieces: Sequence[Piece], widths: Mapping[str, int]
) -> DataFrame:
    """The loose lines as records: `path`, `block`, `id`, `text`, like `read_lines`."""
    shifts = line_shifts(pieces)
    width_of = {piece.path: widths[name_of(piece.path)] for piece in pieces}
    starts = spark.createDataFrame(
        [(*place, shift) for place, shift in shifts.items()], "path string, block bigint, shift bigint"
    )
    number = (F.col("id") + F.col("shift")).alias("number")
    ordered = (
        loose.join(F.broadcast(starts), ["path", "block"])
        .select(*PLACE, number, F.col("raw_line").cast("binary").alias("text"))
        .repartition("path")
        .sortWithinPartitions("path", "number")
    )

    def run(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        import pyarrow

        lines = (
            stitch.Line(*values)
            for batch in batches
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        )
        for records in stitch.in_batches(stitch.stitch(lines, width_of), 1000):
            columns = zip(*records, strict=True)
            yield pyarrow.RecordBatch.from_pydict(dict(zip([*PLACE, "text"], columns, strict=False)))

    records = ordered.mapInArrow(run, "path string, block bigint, id bigint, text binary")
    return records.withColumn("text", F.col("text").cast("string"))
