"""The command: equal bytes for equal seeds, compressed logs, messages that help."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from generated_log import GeneratedLog, read

from shop_simulator import LogConfig, write_log
from shop_simulator.cli import generate

SMALL = ["--sessions", "600", "--days", "40", "--quiet"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(generate, list(arguments))


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    names = ("one.csv", "two.csv", "three.csv.gz", "other.csv")
    paths = [tmp_path / name for name in names]
    for path, seed in zip(paths, ("3", "3", "3", "4"), strict=True):
        result = run(str(path), *SMALL, "--seed", seed)
        assert (result.exit_code, result.output) == (0, "")
    one, two, three, other = (path.read_bytes() for path in paths)
    assert one == two == gzip.decompress(three)
    assert one != other
    truths = [(tmp_path / name).read_bytes() for name in ("one.truth.json", "three.truth.json")]
    assert truths[0] == truths[1]
    write_log(LogConfig(sessions=600, days=40, seed=3), tmp_path / "again.csv.gz")
    assert (tmp_path / "again.csv.gz").read_bytes() == three


def test_options_reach_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    options = (
        "--sessions 3000 --days 300 --users 90 --start 2023-02-01 --bad-rate 0 --anomalies none --no-season"
    )
    assert run(str(path), *options.split(), "--confirmation-value", "zero", "--quiet").exit_code == 0
    truth = json.loads((tmp_path / "log.truth.json").read_text(encoding="utf-8"))
    assert truth["config"]["users"] == 90
    assert (truth["incidents"], truth["promotions"], truth["seasons"]) == ([], [], [])
    config = LogConfig(sessions=3000)
    log: GeneratedLog = read(config, path, truth)
    assert log.rejected == []
    assert min(row.stamp for row in log.rows).date() >= date(2023, 2, 1)
    assert max(row.stamp for row in log.rows).date() <= date(2023, 2, 1).replace(month=11, day=27)
    assert {row.value for row in log.rows if row.action == "confirmation"} == {0}


def test_summary_names_the_files(tmp_path: Path) -> None:
    result = run(str(tmp_path / "log.csv"), "--sessions", "50")
    assert result.exit_code == 0
    assert "log.truth.json" in result.output
    assert "rows/s" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["log.csv", "--sessions", "0"], "--sessions"),
        (["log.csv", "--sessions", "5", "--users", "0"], "--users"),
        (["log.csv", "--sessions", "5", "--days", "-1"], "--days"),
        (["log.csv", "--sessions", "5", "--bad-rate", "1"], "--bad-rate"),
        (["log.csv", "--sessions", "5", "--start", "1960-01-01"], "between 1970-01-01 and 2106-01-01"),
        (["log.parquet", "--sessions", "5"], "must end in .csv or .csv.gz"),
        (["no/such/folder/log.csv", "--sessions", "5"], "does not exist"),
        (["log.csv"], "--sessions"),
    ],
)
def test_mistakes_are_named(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert list(tmp_path.iterdir()) == []


def test_unwritable_path_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "log.csv.part").mkdir()
    result = run(str(tmp_path / "log.csv"), "--sessions", "5", "--quiet")
    assert result.exit_code == 1
    assert "cannot write" in result.output and "Traceback" not in result.output


def test_a_failed_run_leaves_the_old_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.csv"
    path.write_text("old", encoding="utf-8")

    def stop(done: int, lines: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_log(LogConfig(sessions=100, days=90), path, stop)
    assert [each.name for each in tmp_path.iterdir()] == ["log.csv"]
    assert path.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    "config",
    [
        LogConfig(sessions=1, users=1, days=1),
        LogConfig(sessions=3, users=50, days=2),
        LogConfig(sessions=2000, users=2, days=3, bad_rate=0.5),
        LogConfig(sessions=40, users=2000, days=400),
    ],
)
def test_extreme_shops(config: LogConfig, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    log = read(config, path, write_log(config, path))
    assert (
        log.truth["totals"]["sessions"]
        == len({(row.user, row.session) for row in log.rows})
        == config.sessions
    )
    assert len(log.rows) == log.truth["rows"]["valid"]
    assert len(log.rejected) == log.truth["rows"]["rejected"]
