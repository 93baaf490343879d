"""Sources on other file systems, and a cluster whose tasks send their own rows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import boto3
import pyspark
import pytest
from ingest_server import Server, event, log
from moto.server import ThreadedMotoServer
from project import Project

from business_telemetry.ingest.errors import BadSource
from business_telemetry.ingest.spark import JAVA_OPTIONS


def content(*users: str) -> str:
    return log(*(event(n, userid=user) for n, user in enumerate(users)))


def users(server: Server) -> list[str]:
    return [user for (user,) in server.ask("select userid from raw.events order by userid")]


@pytest.fixture
def bucket(object_store: int) -> Iterator[str]:
    """A bucket of an S3 on this machine."""
    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=object_store, verbose=False)
    s3.start()
    boto3.client("s3").create_bucket(Bucket="logs")
    yield "logs"
    s3.stop()


def test_s3(server: Server, bucket: str, tmp_path: Path) -> None:
    client = boto3.client("s3")
    for key, user in (
        ("2024/day 1.csv", "a"),
        ("2024/day 2.csv", "b"),
        ("2024/_tmp/x.csv", "x"),
        ("2025.csv", "c"),
    ):
        client.put_object(Bucket=bucket, Key=key, Body=content(user).encode())
    client.put_object(Bucket=bucket, Key="2024/notes.txt", Body=b"no log")
    root = f"s3a://{bucket}"
    assert server.ingest(f"{root}/2024")["files"] == [f"{root}/2024/day 1.csv", f"{root}/2024/day 2.csv"]
    assert server.ingest(f"{root}/*.csv", f"s3://{bucket}/2024/day ?.csv")["files"] == [f"{root}/2025.csv"]
    assert users(server) == ["a", "b", "c"]
    # the same content from the local disk is known
    (tmp_path / "2025.csv").write_text(content("c"), encoding="utf-8")
    assert server.ingest(tmp_path / "2025.csv", f"s3://{bucket}/2025.csv")["status"] == "nothing to load"
    for missing in (f"s3://{bucket}/nothing.csv", f"s3://{bucket}/no*", "s3://nowhere/x.csv"):
        with pytest.raises(BadSource, match=r"no such file|NoSuchBucket|does not exist"):
            server.ingest(missing)


def test_the_command_loads_what_looks_like_a_glob(
    server: Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, user in (("x1.csv", "a"), ("x[1].csv", "b"), ("100% #?.csv", "c")):
        boto3.client("s3").put_object(Bucket=bucket, Key=f"odd/{key}", Body=content(user).encode())
    endpoint = server.warehouse.server
    assert endpoint is not None
    port = endpoint.url.rpartition(":")[2]
    for name, value in {"HOST": "127.0.0.1", "PORT": port, "SECURE": "false"}.items():
        monkeypatch.setenv(f"CLICKHOUSE_{name}", value)
    Project(tmp_path).run("telemetry", "ingest", f"s3://{bucket}/odd", "--target", "prod")
    assert users(server) == ["a", "b", "c"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.mark.slow
def test_a_cluster_whose_tasks_send_their_own_rows(server: Server, tmp_path: Path) -> None:
    """A real master and two workers; the driver runs in a process of its own, as a user's does."""
    home = Path(pyspark.__file__).parent
    port, web = free_port(), free_port()
    master = f"spark://127.0.0.1:{port}"
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> None:
        command = [str(home / "bin" / "spark-class"), *arguments]
        log_file = (tmp_path / f"{len(started)}.log").open("wb")
        environment = {
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_NO_DAEMONIZE": "1",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LAUNCHER_OPTS": JAVA_OPTIONS,
            "SPARK_DAEMON_JAVA_OPTS": JAVA_OPTIONS,
        }
        started.append(
            subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=log_file, stderr=log_file, cwd=tmp_path
            )
        )

    try:
        start(
            "org.apache.spark.deploy.master.Master",
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--webui-port", str(web)),
        )
        for _ in range(2):
            start(
                "org.apache.spark.deploy.worker.Worker",
                *("--host", "127.0.0.1", "--cores", "1"),
                *("--memory", "2g", "--webui-port", "0", "--work-dir", str(tmp_path / "work")),
                master,
            )
        until = time.monotonic() + 90
        while time.monotonic() < until and alive_workers(web) < 2:
            time.sleep(0.5)
        for number in range(6):
            (tmp_path / f"{number}.csv").write_text(content(*[f"u{number}"] * 50), encoding="utf-8")
        endpoint = server.warehouse.server
        assert endpoint is not None
        script = tmp_path / "driver.py"
        script.write_text(
            f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2] / "support")!r})
import clickhouse_connect
from pathlib import Path
from ingest_server import Server
from business_telemetry.warehouse import Endpoint, Warehouse
url = {endpoint.url!r}
client = clickhouse_connect.get_client(host="127.0.0.1", port=int(url.rpartition(":")[2]), compress=False)
warehouse = Warehouse(client, "telemetry", None, Endpoint(url, "default", ""), None, "test")
server = Server(warehouse, Path({str(tmp_path)!r}))
print(server.ingest({str(tmp_path)!r} + "/*.csv", master={master!r})["rows_loaded"])
""",
            encoding="utf-8",
        )
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=180
        )
        assert done.stdout.strip().splitlines()[-1:] == ["300"], done.stderr[-3000:]
    finally:
        for process in started:
            process.terminate()
            process.wait()
    assert Counter(users(server)) == {f"u{number}": 50 for number in range(6)}


def alive_workers(port: int) -> int:
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/json/")
        return int(json.loads(connection.getresponse().read())["aliveworkers"])
    except (OSError, ValueError, KeyError):
        return 0
