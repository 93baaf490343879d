"""What the page says when the warehouse is missing, empty, not built or held; and that it lets others in."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser
from preview import Visit, running, visiting
from project import ROOT, Project

from business_telemetry.dashboard.load import load_catalogue
from dbt.adapters.clickhouse_py.turns import holder

HOLD = """
import sys
from business_telemetry.warehouse import open_warehouse
warehouse = open_warehouse()
print("held", flush=True)
sys.stdin.readline()
warehouse.close()
"""


@contextmanager
def held(project: Project) -> Iterator[None]:
    """Another process has the warehouse open, as `dbt build` has."""
    command = [sys.executable, "-W", "ignore", "-c", HOLD]
    holder = subprocess.Popen(
        command,
        cwd=project.home,
        env=project.environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield
    finally:
        holder.stdin.write("\n")
        holder.stdin.close()
        holder.wait(30)


def test_a_warehouse_that_is_missing_not_built_or_empty_names_the_remedy(
    browser: Browser, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    with running(project) as address:
        page = browser.new_page()

        def shown() -> tuple[str | None, str]:
            page.goto(address)
            page.wait_for_selector("body[data-ready=true]")
            return page.get_attribute("body", "data-state"), page.inner_text("#board .message")

        state, message = shown()
        assert state == "missing"
        assert "make demo" in message
        assert not (tmp_path / "warehouse").exists()

        project.ask("select 1")
        state, message = shown()
        assert state == "unbuilt"
        assert "dbt build" in message

        released(project)
        project.ask(
            commands=(
                "create database telemetry_marts",
                "create table telemetry_marts.fct_sales (event_date Date)"
                " engine = MergeTree order by event_date",
            )
        )
        state, message = shown()
        assert state == "empty"
        assert "telemetry ingest" in message
        page.close()


def test_the_page_waits_while_another_process_has_the_warehouse(
    browser: Browser, address: str, demo: Project
) -> None:
    with visiting(browser, address) as visit:
        visit.open("sales")
        before = visit.number("kpi_revenue")
        released(demo)
        with held(demo):
            visit.page.get_by_role("button", name="всё").click()
            visit.page.wait_for_selector("#banner:not([hidden])")
            assert "Данные обновляются" in visit.page.inner_text("#banner")
            assert visit.page.get_attribute("body", "data-ready") == "false"
        visit.ready()
        assert visit.page.is_hidden("#banner")
        assert visit.number("kpi_revenue") > before
        visit.errors.clear()  # Chromium logs the 503 answers of the wait


def released(project: Project) -> None:
    """Wait until the preview has let go of the warehouse."""
    deadline = time.monotonic() + 30
    while found := holder(str(project.home / "warehouse")):
        assert time.monotonic() < deadline, f"{found} still holds the warehouse"
        time.sleep(0.05)


def test_dbt_writes_while_the_page_is_open_and_the_page_shows_it(
    browser: Browser, address: str, demo: Project
) -> None:
    table = "telemetry_marts.mart_kpi_plan_fact"
    with visiting(browser, address) as visit:
        visit.open("sales")
        rows = visit.rows("plan_table")
        demo.ask(commands=(f"rename table {table} to {table}_kept", f"create table {table} as {table}_kept"))
        try:
            visit.page.reload()
            visit.ready()
            assert rows > 0
            assert visit.state("plan_table") == "empty"
        finally:  # the warehouse is that of the other tests too
            demo.ask(commands=(f"drop table {table} sync", f"rename table {table}_kept to {table}"))
        visit.page.reload()
        visit.ready()
        assert visit.rows("plan_table") == rows


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("api/charts/nothing.json", 404, "Нет графика"),
        ("api/charts/kpi_orders.pdf", 404, "Нет графика"),
        ("api/charts/kpi_orders.json?f_town=1", 400, "Нет фильтра «f_town»"),
        ("api/charts/kpi_orders.json?from=yesterday", 400, "не дата"),
        ("api/charts/kpi_orders.json?from=0001-01-01", 400, "вне диапазона"),
        ("api/charts/kpi_orders.json?to=9999-12-31", 400, "вне диапазона"),
        ("api/charts/kpi_orders.json?from=2022-02-30", 400, "не дата"),
        ("api/charts/kpi_orders.csv?from=2022-02-02&to=2022-02-01", 400, "позже"),
        ("api/charts/kpi_orders.json?f_scale=year", 400, "нет значения «year»"),
        ("api/charts/kpi_orders.json?f_date=2022-01-01", 400, "from и to"),
        ("api/charts/kpi_orders.json?vs=never", 400, "Сравнивать можно"),
        ("api/charts/kpi_orders.json?f_city=%00", 400, "нулевой символ"),
        ("api/charts/event_orders.json?event=none", 400, "в журнале нет"),
    ],
)
def test_wrong_requests_are_refused_with_a_reason(address: str, path: str, status: int, says: str) -> None:
    answer = httpx.get(address + path)
    assert answer.status_code == status
    assert says in answer.json()["message"]


def test_only_loopback_names_are_served_and_nobody_may_frame_the_page(address: str) -> None:
    refused = httpx.get(address, headers={"host": "shop.example.com"})
    assert refused.status_code == 400
    for answer in (refused, httpx.get(address), httpx.get(address + "api/dashboard")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


# one for all: each new one reads every certificate of the machine
CLIENT = httpx.Client(timeout=60)
CHARTS = sorted(load_catalogue(ROOT / "dashboard").charts)
ODD_TEXT = st.text(max_size=40) | st.sampled_from(
    ["'", "\\", "\t\n", "{x:String}", "Москва", "🙂", "%", "null", "0"]
)
ODD_DATES = (
    st.dates().map(str) | st.sampled_from(["1969-12-31", "2149-06-07", "20220101", "", "2022-1-1"]) | ODD_TEXT
)
PAIRS = st.one_of(
    st.tuples(st.sampled_from(["from", "to"]), ODD_DATES),
    st.tuples(
        st.sampled_from(["f_city", "f_category", "f_gender", "f_age_group", "f_metric", "f_series"]), ODD_TEXT
    ),
    st.tuples(st.just("f_scale"), st.sampled_from(["day", "week", "month"]) | ODD_TEXT),
    st.tuples(st.just("f_basis"), st.sampled_from(["cart", "notebook"]) | ODD_TEXT),
    st.tuples(st.just("vs"), st.sampled_from(["previous", "year", "none"]) | ODD_TEXT),
    st.tuples(st.just("event"), ODD_TEXT),
    st.tuples(ODD_TEXT, ODD_TEXT),
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chart=st.sampled_from(CHARTS),
    kind=st.sampled_from(["json", "csv", "xlsx"]),
    pairs=st.lists(PAIRS, max_size=6),
)
def test_no_request_breaks_the_server(
    address: str, chart: str, kind: str, pairs: list[tuple[str, str]]
) -> None:
    query = urlencode(pairs, errors="surrogatepass")
    answer = CLIENT.get(f"{address}api/charts/{chart}.{kind}?{query}")
    assert answer.status_code in (200, 400), (query, answer.text[:300])
    if answer.status_code == 400:
        assert answer.json()["message"]


def test_a_wrong_catalogue_stops_the_command(tmp_path: Path, demo: Project) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "telemetry"), "preview"],
        cwd=tmp_path,
        env=demo.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "run from the project's directory" in done.stderr


def test_snapshot_is_a_page_and_pictures_that_need_no_server(
    browser: Browser, demo: Project, tmp_path: Path
) -> None:
    demo.run("telemetry", "preview", "--snapshot", str(tmp_path / "shot"))
    for tab in ("overview", "sales", "marketing", "anomalies"):
        picture = (tmp_path / "shot" / f"{tab}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert int.from_bytes(picture[16:20], "big") == 1440  # width
        assert int.from_bytes(picture[20:24], "big") >= 900  # height: the whole tab
    visit = Visit(browser.new_page(), (tmp_path / "shot" / "index.html").as_uri())
    visit.open("sales")
    assert visit.number("kpi_orders") > 0
    assert visit.rows("revenue_trend") > 0
    visit.page.close()
