"""From files to staged Parquet: read, validate, put broken lines together, count."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pyspark import cloudpickle
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from business_telemetry.ingest import stitch as stitching
from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.header import Layout, layout_of, parse_header
from business_telemetry.ingest.lines import PLACE, read_lines, split_fields
from business_telemetry.ingest.sources import SourceFile, name_of
from business_telemetry.ingest.validate import BLANK, LOOSE, REASONS, validate
from business_telemetry.schema import COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

OPEN = 1 << REASONS.index("unbalanced_quote")
# workers on a cluster need Python and pyarrow, not this package
cloudpickle.register_pickle_by_value(stitching)


@dataclass(frozen=True)
class Split:
    """A piece of a file as Spark has read it: line number = id - first_id + lines_before + 1."""

    path: str
    block: int
    first_id: int
    lines: int
    lines_before: int


@dataclass(frozen=True)
class Staged:
    """What lies in the staging area.

    Attributes:
        splits: every piece of every file.
        rows: rows read, counted by Spark: lines less headers, blank lines and continuation lines.
        stitched: were loose lines put together again? Then `rejected` of `lines` holds them in vain.
    """

    splits: tuple[Split, ...]
    rows: int
    stitched: bool


def stage(spark: SparkSession, files: Sequence[SourceFile], target: str) -> Staged:
    """Read and validate the files into `<target>/lines`, and `<target>/stitched` if records were put together.

    Both hold `accepted=true` and `accepted=false`, of the columns that `validate` returns.

    Raises:
        BadSource: a file lacks a column; nothing is written.
    """
    layouts = {file: _layout(spark, file) for file in files}
    groups: dict[tuple[bool, Layout], list[SourceFile]] = {}
    for file, layout in layouts.items():
        groups.setdefault((file.is_parquet, layout), []).append(file)
    frames = []
    for (is_parquet, layout), members in groups.items():
        uris = [file.uri for file in members]
        frames.append(
            _parquet_rows(spark, uris) if is_parquet else split_fields(read_lines(spark, uris), layout)
        )
    _write(frames, f"{target}/lines")

    lines = spark.read.parquet(f"{target}/lines")
    counts = (
        lines.groupBy("path", "block")
        .agg(
            F.min("id").alias("first_id"),
            F.count("*").alias("lines"),
            F.count_if(F.col("broken") == BLANK).alias("blank"),
            F.count_if(F.col("broken").bitwiseAND(OPEN) != 0).alias("open"),
        )
        .collect()
    )
    splits = _number(counts)
    headers = len({row.path for row in counts if not row.path.lower().endswith((".parquet", ".pq"))})
    read = sum(row.lines for row in counts) - headers
    if not any(row.open for row in counts):
        return Staged(splits, read - sum(row.blank for row in counts), stitched=False)
    widths = {file.name: layout.width for file, layout in layouts.items()}
    loose = lines.where(~F.col("accepted") & (F.col("broken").bitwiseAND(LOOSE) != 0))
    records = _stitched(spark, loose, splits, widths)
    _write(
        [
            split_fields(
                records.where(F.col("path").isin(_paths(splits, {file.name for file in members}))), layout
            )
            for (is_parquet, layout), members in groups.items()
            if not is_parquet
        ],
        f"{target}/stitched",
    )
    after = spark.read.parquet(f"{target}/stitched")
    count = after.agg(
        F.count("*").alias("records"), F.count_if(F.col("broken") == BLANK).alias("blank")
    ).first()
    joined = loose.count() - count.records
    return Staged(splits, read - joined - count.blank, stitched=True)


def _write(frames: list[DataFrame], target: str) -> None:
    rows = validate(frames[0])
    for frame in frames[1:]:
        rows = rows.unionByName(validate(frame))
    accepted = (F.col("broken") == 0).alias("accepted")
    rows.select("*", accepted).write.mode("overwrite").partitionBy("accepted").parquet(target)


def _layout(spark: SparkSession, file: SourceFile) -> Layout:
    if file.is_parquet:
        return layout_of(spark.read.parquet(file.uri).columns, file.name)
    jvm = spark._jvm
    configuration = spark._jsc.hadoopConfiguration()
    path = jvm.org.apache.hadoop.fs.Path(file.uri)
    stream = path.getFileSystem(configuration).open(path)
    codec = jvm.org.apache.hadoop.io.compress.CompressionCodecFactory(configuration).getCodec(path)
    try:
        plain = codec.createInputStream(stream) if codec is not None else stream
        line = jvm.org.apache.hadoop.io.Text()
        if jvm.org.apache.hadoop.util.LineReader(plain, b"\n").readLine(line, 1 << 20) == 0:
            raise BadSource(f"{file.name}: the file is empty, without a header line")
        return parse_header(line.toString(), file.name)
    finally:
        stream.close()


def _parquet_rows(spark: SparkSession, uris: list[str]) -> DataFrame:
    rows = spark.read.parquet(*uris)
    index = "__index_level_0__" if "__index_level_0__" in rows.columns else None
    return rows.select(
        F.col("_metadata.file_path").alias("path"),
        F.lit(0).cast("bigint").alias("block"),
        F.col("_metadata.row_index").alias("id"),
        F.to_json(F.struct(*rows.columns)).alias("text"),
        F.lit(False).alias("is_blank"),
        F.lit(False).alias("is_open"),
        F.lit(True).alias("has_width"),
        (F.col(index).cast("string") if index else F.lit(None).cast("string")).alias("row_index"),
        *(F.col(column).cast("string").alias(column) for column in COLUMNS),
    )


def _number(counts: Sequence[Any]) -> tuple[Split, ...]:
    splits = []
    for path, pieces in groupby(sorted(counts, key=lambda row: (row.path, row.block)), lambda row: row.path):
        before = 0
        for piece in pieces:
            splits.append(Split(path, piece.block, piece.first_id, piece.lines, before))
            before += piece.lines
    return tuple(splits)


def _paths(splits: Sequence[Split], names: Collection[str]) -> list[str]:
    return sorted({split.path for split in splits if name_of(split.path) in names})


def _stitched(
    spark: SparkSession, loose: DataFrame, splits: Sequence[Split], widths: dict[str, int]
) -> DataFrame:
    width_of = {split.path: widths[name_of(split.path)] for split in splits}
    starts = spark.createDataFrame(
        [(split.path, split.block, split.lines_before - split.first_id + 1) for split in splits],
        "path string, block bigint, shift bigint",
    )
    numbered = (
        loose.join(F.broadcast(starts), ["path", "block"])
        .select(
            *PLACE,
            (F.col("id") + F.col("shift")).alias("number"),
            F.col("raw_line").cast("binary").alias("text"),
        )
        .repartition("path")
        .sortWithinPartitions("path", "number")
    )

    def put_together(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        lines = (
            stitching.Line(*values)
            for batch in batches
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        )
        for records in stitching.batches(stitching.stitch(lines, width_of), 1000):
            yield pa.RecordBatch.from_pydict(
                {name: [getattr(record, name) for record in records] for name in (*PLACE, "text")}
            )

    joined = numbered.mapInArrow(put_together, "path string, block bigint, id bigint, text binary")
    return joined.withColumn("text", F.col("text").cast("string"))
