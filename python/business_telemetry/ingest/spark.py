"""Spark, as ingestion uses it: it hands out tasks, and what the tasks do is Python."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import business_telemetry
from business_telemetry.ingest.errors import LoadFailed
from business_telemetry.java import archive, require_java

if TYPE_CHECKING:
    from pyspark import SparkContext

    from business_telemetry.ingest.task import Outcome, Task

#: Of a driver that this process starts.
SETTINGS: Final = {
    "spark.app.name": "telemetry ingest",
    "spark.driver.memory": "512m",
    "spark.executorEnv.POLARS_MAX_THREADS": "1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
#: Where executors reach a driver whose workers are its own processes; others find it by its host's name.
LOOPBACK: Final = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
#: The quick compiler and the plain collector start soonest, and Java has nothing else to do here.
JAVA_OPTIONS: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"


def settings(master: str) -> dict[str, str]:
    """Spark's settings for a driver that this process starts, beside the master itself."""
    return SETTINGS | (LOOPBACK if master.startswith("local") else {})


def spark_context(master: str | None, log: Path) -> SparkContext:
    """Start Spark, or join the context that is running or that spark-submit has started.

    Args:
        master: a Spark master; None means spark-submit's, else `local[*]`.
        log: where Spark's own messages go.

    Raises:
        JavaMissing: no usable Java.
        LoadFailed: Java does not start with Spark's settings.
    """
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    from py4j.protocol import INPUT_CONVERTER, Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql.types import NumpyArrayConverter, NumpyScalarConverter

    # nothing of numpy's is sent to Java, and asking whether it is imports pandas
    numpys = (NumpyArrayConverter, NumpyScalarConverter)
    INPUT_CONVERTER[:] = [each for each in INPUT_CONVERTER if not isinstance(each, numpys)]
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    if "PYSPARK_GATEWAY_PORT" in os.environ or SparkContext._active_spark_context is not None:
        return SparkContext.getOrCreate()
    require_java()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LAUNCHER_OPTS", JAVA_OPTIONS)
    log.parent.mkdir(parents=True, exist_ok=True)
    options = f"{JAVA_OPTIONS} {archive()}".strip()
    master = master or "local[*]"
    conf = SparkConf(loadDefaults=False).setMaster(master)
    conf.setAll([*settings(master).items(), ("spark.driver.extraJavaOptions", options)])
    try:
        with log.open("w") as file:
            # Java in a plain locale does not find a directory whose name is not ASCII
            gateway = launch_gateway(conf, {"stdout": file, "stderr": file, "cwd": tempfile.gettempdir()})
        context = SparkContext(conf=conf, gateway=gateway)
        # it would print a traceback when Java dies, and that is told otherwise
        context._accumulatorServer.handle_error = lambda *_: None
        return context
    except (PySparkRuntimeError, Py4JError, OSError) as error:
        raise LoadFailed(f"Spark does not start; its messages are in {log}.") from error


class Starting:
    """Spark that starts while other things are done: Java takes seconds, and so do dbt's imports.

    Args: as `spark_context`.
    """

    def __init__(self, master: str | None, log: Path) -> None:
        self._context: SparkContext | None = None
        self._error: Exception | None = None
        import pyspark.errors  # noqa: F401, before the thread has to share the interpreter with other imports

        self._thread = threading.Thread(target=self._start, args=(master, log), daemon=True)
        self._thread.start()

    def _start(self, master: str | None, log: Path) -> None:
        try:
            self._context = spark_context(master, log)
            if self._context.master.startswith("local"):
                self._context.parallelize([0], 1).foreach(_warm)
        except Exception as error:  # raised by who asks for the context
            self._error = error

    def context(self) -> SparkContext:
        """Wait for it; errors as `spark_context`."""
        self._thread.join()
        if self._error:
            raise self._error
        assert self._context is not None
        return self._context


def run_tasks(
    context: SparkContext,
    work: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    progress: Callable[[int], None],
) -> Iterator[Outcome]:
    """Run tasks on Spark's workers, and give their outcomes as they come in.

    Args:
        context: where to run them.
        work: what to do with one; it imports this package alone.
        tasks: what to do.
        progress: is told of rows that tasks have finished with.

    Raises:
        LoadFailed: Spark or a worker has died.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    rows = context.accumulator(0, _Telling(progress))

    def counted(task: Task) -> Outcome:
        outcome = work(task)
        rows.add(outcome.rows)
        return outcome

    with _shipped(context):
        try:
            yield from context.parallelize(tasks, len(tasks)).map(counted).collect()
        except (Py4JError, PySparkException, OSError, EOFError) as error:
            raise LoadFailed(_reason(error)) from error


def _warm(_: int) -> None:
    """Let a worker import what its first task needs."""
    import business_telemetry.ingest.task  # noqa: F401


class _Telling:
    """Adds up on the driver, and tells of it."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress: Callable[[int], None] | None = progress

    def __getstate__(self) -> dict[str, Any]:
        return {"_progress": None}

    def zero(self, _: int) -> int:
        return 0

    def addInPlace(self, total: int, more: int) -> int:
        if self._progress is not None:
            self._progress(total + more)
        return total + more


@contextmanager
def _shipped(context: SparkContext) -> Iterator[None]:
    """Give a cluster's workers this package, as a ZIP; they need numpy, pyarrow and polars of their own."""
    if context.master.startswith("local"):
        yield
        return
    source = Path(business_telemetry.__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(
            source,
            Path(folder, "python", source.name),
            ignore=shutil.ignore_patterns("__pycache__", "static"),
        )
        context.addPyFile(shutil.make_archive(f"{folder}/telemetry", "zip", f"{folder}/python"))
        yield


def _reason(error: BaseException) -> str:
    text = str(error)
    if "ModuleNotFoundError" in text:
        missing = text.partition("ModuleNotFoundError: ")[2].splitlines()[0]
        return f"Spark's workers lack: {missing}. They need numpy, pyarrow and polars, see docs/logs.md."
    if "Python worker exited unexpectedly" in text or "ExecutorLostFailure" in text:
        return "a worker of Spark has died, perhaps for want of memory; nothing was loaded. Run again."
    return (
        "Spark has stopped in the middle; nothing was loaded. Run again; its messages are in logs/spark.log."
    )
