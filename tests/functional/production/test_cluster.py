"""A profile with `cluster`: every statement of ingestion and `dbt build` leaves all replicas alike."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cluster
import pytest
from cluster import REPLICAS, Statement, local
from ingest_server import event, log
from project import Project

MODELS = ("+fct_sales", "+agg_active_daily", "+int_anomaly_scores", "int_anomaly_first_flags")
KINDS = {
    "raw tables": r"create table if not exists `telemetry_raw`",
    "landing": r"create table `telemetry_raw`\.landing_",
    "claim": r"create table `telemetry_raw`\.ingest_claim_",
    "views": r"create or replace view",
    "work tables of month_rebuild": r"create table \S*__dbt_new_data_",
    "new tables of month_rebuild": r"rename table \S*__dbt_new_data_",
    "notes of month_rebuild": r"alter table \S+ on cluster \S+ modify comment",
    "Python results": r"create table \S*__dbt_python",
    "swaps": r"exchange tables",
    "aggregates": r"engine = ReplicatedAggregatingMergeTree",
    "partitions": r"replace partition",
    "seeds": r"create table `telemetry_seeds`",
}


@pytest.mark.parametrize(
    "text",
    [
        "create table a.b (x Int8) engine MergeTree order by x",
        "create table a.b on cluster `shop` (x Int8) engine MergeTree order by x",
        "create database if not exists a",
        "drop table if exists a.b sync",
        "exchange tables a.b and a.c",
        "rename table a.b to a.c",
        "insert into a.b values (1)",
        "create or replace view a.v as select 1",
    ],
)
def test_the_check_finds_what_is_local(text: str) -> None:
    assert local(Statement(text, {}))


@pytest.mark.parametrize(
    "text",
    [
        'create table a.b ON CLUSTER "shop" (x Int8) engine = ReplicatedMergeTree order by x',
        "drop table if exists a.b on cluster `shop` sync",
        "alter table a.b replace partition 1 from a.c",
        "select 1",
    ],
)
def test_the_check_lets_the_rest_pass(text: str) -> None:
    assert local(Statement(text, {})) is None
    assert local(Statement("insert into a.b values (1)", {"insert_quorum": str(REPLICAS)})) is None


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two loads and two builds have sent to the cluster."""
    home = tmp_path_factory.mktemp("cluster")
    sent = home / "sent.jsonl"
    command = [sys.executable, cluster.__file__, str(home / "data"), str(sent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            fill(Project(home), process.stdout.readline().strip())
        finally:
            process.kill()
    return sent


def fill(project: Project, port: str) -> None:
    """Two months, each ingested and built."""
    with pytest.MonkeyPatch.context() as patch:
        named = {"HOST": "127.0.0.1", "PORT": port, "SECURE": "false", "CLUSTER": cluster.CLUSTER}
        for name, value in named.items():
            patch.setenv(f"CLICKHOUSE_{name}", value)
        no_tests = ("--exclude-resource-type", "test", "unit_test")
        for month in (1, 2):
            stamps = [f"2024-0{month}-{day:02}T10:00:0{n}" for day in range(1, 28) for n in range(3)]
            rows = [
                event(n, userid=f"u{n % 7}", sessionid=n, timestamp=at, action="mainpage", value=0)
                for n, at in enumerate(stamps)
            ]
            source = project.home / f"month{month}.csv"
            source.write_text(log(*rows), encoding="utf-8")
            project.run("telemetry", "ingest", str(source), "--quiet", "--target", "prod")
            project.run("dbt", "build", "--target", "prod", "-s", *MODELS, *no_tests)
        project.run("telemetry", "loads", "--target", "prod")


@pytest.mark.slow
def test_no_statement_is_local(recording: Path) -> None:
    sent = cluster.read(recording)
    wrong = [f"{why}: {' '.join(each.text.split())[:300]}" for each in sent if (why := local(each))]
    assert wrong == []
    for kind, pattern in KINDS.items():
        assert any(re.search(pattern, " ".join(each.text.split()), re.IGNORECASE) for each in sent), kind


@pytest.mark.slow
def test_partitions_are_swapped_once(recording: Path) -> None:
    """Replication carries the swap over; ON CLUSTER would do it on each replica."""
    swaps = [each for each in cluster.read(recording) if "replace partition" in each.text.lower()]
    assert swaps
    assert not any(each.on_cluster for each in swaps)


def test_a_cluster_of_several_shards_is_refused_in_one_line(tmp_path: Path) -> None:
    from dbt.adapters.exceptions import FailedToConnectError

    from dbt.adapters.clickhouse_py.engine import quorum

    class Client:
        def __init__(self, *row: int) -> None:
            self.result_rows = [row]

        def query(self, *_: object, **__: object) -> Client:
            return self

    assert quorum(Client(1, 3), "shop") == {"insert_quorum": "3"}
    assert quorum(Client(1, 1), "shop") == {}
    for shards in (0, 2):
        with pytest.raises(FailedToConnectError, match=f"has {shards} shards"):
            quorum(Client(shards, 2), "shop")
