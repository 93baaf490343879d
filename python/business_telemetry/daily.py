"""`telemetry daily`: the nightly job. Each step is the command that a user would type, in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

BUILD_FAILED, STALE, UNDELIVERED = 6, 7, 8
FAILING: Final = ("error", "fail", "runtime error")
MOST_NAMED: Final = 5
HEADING: Final = "Ночная загрузка не удалась"
CHANGED: Final = "Ночная загрузка прошла, но журнал изменился"


@dataclass
class Job:
    """How far the job is.

    Attributes:
        steps: name -> what came of it, in order.
        code: the first failure's exit code, 0 without; STALE gives way to any other, since it says that all
            else is done.
        is_built: may anything be told of the marts?
        troubles: Russian sentences for those who read alerts.
    """

    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    code: int = 0
    is_built: bool = False
    troubles: list[str] = field(default_factory=list)

    def fail(self, code: int, trouble: str) -> None:
        if self.code in (0, STALE):
            self.code = code
        self.troubles.append(trouble)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--log", default="dataset_telemetry", show_default=True, help="The log's contract, as for ingest."
)
@click.option("--replace", is_flag=True, help="Supersede the loads of files that have changed since.")
@click.option("--target", help="Output of the dbt profile; default: the profile's own default.")
@click.option("--no-alerts", is_flag=True, help="Send nothing: neither what is new nor that the job failed.")
def daily(sources: tuple[str, ...], log: str, replace: bool, target: str | None, no_alerts: bool) -> None:
    """Ingest what is new, check its age, build and test, send alerts: one command for every night.

    Progress goes to stderr, one JSON object to stdout at the end. The steps are `telemetry ingest`,
    `dbt source freshness`, `dbt build --selector nightly` and `telemetry alerts`. What fails is told to the
    same receivers as the alerts, and so is a column that the log had and has no more; nothing new is told of
    marts that are half built.

    \b
    Exit codes, of the first step that failed (7 only if no other did):
      0    everything is done (warnings of tests are in the summary)
      1-5  as `telemetry ingest`
      6    a model or a test failed, or dbt itself did
      7    no load for longer than the source may be silent; all else is done
      8    a receiver did not take an alert
    """
    began, clock = datetime.now(UTC), time.monotonic()
    job = Job()
    _ingest(job, [*sources, "--log", log, *(["--replace"] if replace else []), *_target(target)])
    if not job.code:
        _freshness(job, target)
        _build(job, target)
    if not no_alerts:
        _alerts(job, target)
    summary = {
        "status": "ok" if not job.code else "failed",
        "exit_code": job.code,
        "began": began.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - clock, 1),
        "steps": job.steps,
        "troubles": job.troubles,
    }
    click.echo(json.dumps(summary, ensure_ascii=False, default=str))
    sys.exit(job.code)


def _ingest(job: Job, arguments: list[str]) -> None:
    code, out = _run(
        [sys.executable, "-m", "business_telemetry", "ingest", *arguments, "--json"], capture=True
    )
    lines = out.strip().splitlines()
    try:
        told = json.loads(lines[-1])
    except (IndexError, ValueError):
        told = {"status": "failed", "error": "no answer"}
    job.steps["ingest"] = {"exit_code": code, **told}
    if code:
        job.fail(code, f"Журнал не загружен: {told.get('error', 'без объяснения')}")
    if lost := told.get("lost_columns"):
        job.troubles.append(
            f"В журнале больше нет столбцов из прежних загрузок: {', '.join(lost)}; их данные неизвестны"
        )


def _freshness(job: Job, target: str | None) -> None:
    results = _artifact("sources.json")
    results.unlink(missing_ok=True)  # of an earlier run
    code, _ = _run([*_dbt(), "source", "freshness", *_target(target)])
    found = read_freshness(results)
    job.steps["freshness"] = {"exit_code": code, **found}
    stale = [name for name, status in found.items() if status in ("error", "runtime error")]
    if stale:
        job.fail(STALE, "Новых данных нет дольше, чем допустимо: последняя загрузка устарела")
    elif code:
        job.fail(BUILD_FAILED, "Возраст данных не проверен: dbt source freshness не дошёл до конца")


def _build(job: Job, target: str | None) -> None:
    results = _artifact("run_results.json")
    results.unlink(missing_ok=True)  # of an earlier run
    code, _ = _run([*_dbt(), "build", "--selector", "nightly", *_target(target)])
    found = read_results(results)
    job.steps["build"] = {"exit_code": code, **found}
    job.is_built = not code
    if code:
        named = ", ".join(found["failed"][:MOST_NAMED]) or "dbt не смог начать"
        more = len(found["failed"]) - MOST_NAMED
        job.fail(BUILD_FAILED, f"Сборка не прошла: {named}{f' и ещё {more}' if more > 0 else ''}")


def _alerts(job: Job, target: str | None) -> None:
    from business_telemetry.alerts.cli import NothingBuilt, run, tell
    from business_telemetry.alerts.sinks import BadSetting
    from business_telemetry.ingest.errors import IngestError
    from business_telemetry.ingest.run import FROM_OUTSIDE
    from business_telemetry.warehouse import WarehouseUnavailable, one_line

    told = {}
    try:
        if job.troubles:
            outcome = tell(job.troubles, HEADING if job.code else CHANGED)
            told["troubles"] = outcome.summary()
            if outcome.failed:
                job.fail(UNDELIVERED, "")
        if job.is_built:
            outcome = run(target, Path.cwd())
            told["alerts"] = outcome.summary()
            if outcome.failed:
                job.fail(UNDELIVERED, "")
    except (BadSetting, WarehouseUnavailable, IngestError, NothingBuilt) as error:
        told["error"] = {"text": str(error)}
        job.fail(error.exit_code, str(error))
    except FROM_OUTSIDE as error:
        told["error"] = {"text": one_line(error)}
        job.fail(1, one_line(error))
    job.steps["alerts"] = told
    job.troubles = [text for text in job.troubles if text]


def read_results(path: Path) -> dict[str, Any]:
    """What dbt's run_results.json tells: statuses of models and of tests, and the names of what failed."""
    if not path.is_file():
        return {"models": {}, "tests": {}, "failed": [], "warned": []}
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    kinds: dict[str, Counter[str]] = {"models": Counter(), "tests": Counter()}
    named: dict[str, list[str]] = {"failed": [], "warned": []}
    for result in results:
        kind, _, name = result["unique_id"].split(".")[:3]
        kinds["tests" if kind == "test" else "models"][result["status"]] += 1
        if result["status"] in FAILING:
            named["failed"].append(name)
        elif result["status"] == "warn":
            named["warned"].append(name)
    return {name: dict(counts) for name, counts in kinds.items()} | named


def read_freshness(path: Path) -> dict[str, str]:
    """Source -> pass, warn, error or runtime error, of dbt's sources.json."""
    if not path.is_file():
        return {}
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return {".".join(result["unique_id"].split(".")[2:]): result["status"] for result in results}


def _artifact(name: str) -> Path:
    return Path(os.environ.get("DBT_TARGET_PATH", "target"), name)


def _target(target: str | None) -> list[str]:
    return ["--target", target] if target else []


def _dbt() -> list[str]:
    return [sys.executable, "-m", "dbt.cli.main"]


def _run(command: list[str], capture: bool = False) -> tuple[int, str]:
    """The exit code, and what it printed if that is wanted; anything else goes to our stderr."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE if capture else sys.stderr.fileno(), text=True, check=False
    )
    return done.returncode if done.returncode >= 0 else 1, done.stdout or ""
