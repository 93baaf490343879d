"""What stops a deploy, what it leaves behind, and how it goes on."""

from __future__ import annotations

import copy
import json

import pytest
from datalens_shop import SHOP, Deploys, by_hand, shop
from datalens_stub import Failure
from datalens_stub_datasets import Json

from business_telemetry.datalens.errors import (
    BadSettings,
    BrokenDataset,
    Denied,
    Occupied,
    RateLimited,
    Unreachable,
)

WRITES = [
    *("createConnection", "createDataset", "createDataset", "updateDataset", "updateDataset"),
    *["createWizardChart"] * len(SHOP["charts"]),
    "createDashboard",
]


def held(deploys: Deploys) -> str:
    """The server's content, comparable."""
    return json.dumps(deploys.stub.entries, sort_keys=True)


def content(deploys: Deploys) -> dict[tuple[str, str], int]:
    """How many entries of each name there are."""
    found: dict[tuple[str, str], int] = {}
    for entry in deploys.stub.entries.values():
        found[entry["scope"], entry["name"]] = found.get((entry["scope"], entry["name"]), 0) + 1
    return found


# broken formulas


def test_broken_formulas_publish_nothing_at_first_deploy(deploys: Deploys) -> None:
    yaml = shop()
    by_hand(yaml, "sales", "m_revenue", "SUM([no_such_column])")
    by_hand(yaml, "funnel", "m_sessions", "COUNTD([session_key]")
    with pytest.raises(BrokenDataset) as stopped:
        deploys.run(yaml)
    message = str(stopped.value)
    assert "dataset sales: Выручка: Unknown field found in formula: no_such_column" in message
    assert "dataset funnel: Сессии: unexpected end of formula" in message
    assert "updateDataset" not in deploys.stub.calls
    assert deploys.stub.names("widget") == deploys.stub.names("dash") == set()
    for name in ("sales", "funnel"):  # bare: a field a column, no formula
        schema = deploys.stub.find("dataset", name)["dataset"]["result_schema"]
        assert {item["calc_mode"] for item in schema} == {"direct"}
    deploys.run()
    assert deploys.run() == []


def test_a_broken_formula_stops_all_other_edits(deployed: Deploys) -> None:
    yaml = shop()
    yaml["datasets"]["sales"]["dimensions"]["city"]["title"] = "Населённый пункт"
    yaml["charts"]["cities"]["y"] = ["m_revenue"]
    by_hand(yaml, "funnel", "m_sessions", "COUNTD([gone])")
    before = held(deployed)
    for dry_run in (True, False):
        with pytest.raises(BrokenDataset, match="gone"):
            deployed.run(yaml, dry_run=dry_run)
        assert deployed.stub.writes == []
    assert held(deployed) == before


def test_a_table_that_cannot_be_read(deploys: Deploys) -> None:
    del deploys.stub.datasets.tables["telemetry_marts.fct_funnel"]
    with pytest.raises(BrokenDataset, match=r"cannot read telemetry_marts\.fct_funnel"):
        deploys.run()
    assert deploys.stub.writes == ["createConnection"]


def test_columns_that_come_and_go(deployed: Deploys) -> None:
    """A mart renames a column: the catalogue follows in one step; the old formula breaks in between."""
    table = deployed.stub.datasets.tables["telemetry_marts.fct_sales"]
    table[:] = [("sum_of_revenue", kind) if name == "revenue" else (name, kind) for name, kind in table]
    with pytest.raises(BrokenDataset, match="revenue"):
        deployed.run()
    renamed = json.dumps(shop()).replace('"of": "revenue"', '"of": "sum_of_revenue"')
    yaml = json.loads(renamed.replace("[revenue]", "[sum_of_revenue]"))
    with pytest.raises(BrokenDataset, match="--prune"):  # the field of the old column is broken
        deployed.run(yaml)
    assert deployed.run(yaml, prune=True) == ["updateDataset"]
    assert "column revenue: gone" in deployed.told("update")["dataset sales"]
    assert deployed.run(yaml) == []


def test_a_dimension_on_a_column_that_the_table_lacks(deployed: Deploys) -> None:
    yaml = shop()
    yaml["datasets"]["sales"]["dimensions"]["colour"] = {"title": "Цвет"}
    with pytest.raises(BrokenDataset, match="fct_sales has no column colour; build the marts first"):
        deployed.run(yaml)


def test_a_connection_made_anew_and_a_table_of_a_new_name(deployed: Deploys) -> None:
    old = deployed.stub.find("connection", "shop_clickhouse")["id"]
    del deployed.stub.entries[old]
    tables = deployed.stub.datasets.tables
    tables["telemetry_marts.fct_sales_v2"] = tables["telemetry_marts.fct_sales"]
    yaml = shop()
    yaml["datasets"]["sales"]["table"] = "fct_sales_v2"
    assert deployed.run(yaml) == ["createConnection", "updateDataset", "updateDataset"]
    assert deployed.told("update") == {
        "dataset sales": (
            "connection replaced",
            "table: telemetry_marts.fct_sales -> telemetry_marts.fct_sales_v2",
        ),
        "dataset funnel": ("connection replaced",),
    }
    new = deployed.stub.find("connection", "shop_clickhouse")["id"]
    [source] = deployed.stub.find("dataset", "sales")["dataset"]["sources"]
    assert (source["connection_id"], source["parameters"]["table_name"]) == (new, "fct_sales_v2")
    assert deployed.run(yaml) == []


# failures half-way


@pytest.mark.parametrize("position", [0, 1, 2, 3, 4, 5, len(WRITES) // 2, len(WRITES) - 2, len(WRITES) - 1])
def test_a_failure_at_any_write_is_resumed(deploys: Deploys, position: int) -> None:
    operation = WRITES[position]
    passed = WRITES[:position].count(operation)
    deploys.stub.failures.append(Failure(operation, 500, {"message": "broken"}, after=passed))
    with pytest.raises(Unreachable, match="Run the same command again"):
        deploys.run()
    done = deploys.stub.writes[:-1]
    assert done == WRITES[:position]
    # the last one failed; all others are not written again
    assert sorted(done + deploys.run()) == sorted(WRITES)
    assert set(content(deploys).values()) == {1}


def test_expired_token(deploys: Deploys) -> None:
    expired = Failure("createWizardChart", 401, {"message": "The token has expired"}, after=3)
    deploys.stub.failures.append(expired)
    with pytest.raises(
        Denied, match=r"chart areas: the IAM token has expired.*yc iam create-token"
    ) as stopped:
        deploys.run()
    assert stopped.value.exit_code == 4
    assert deploys.run().count("createWizardChart") == len(SHOP["charts"]) - 3


def test_missing_rights(deploys: Deploys) -> None:
    deploys.stub.failures.append(Failure("createDataset", 403, {"message": "no"}))
    with pytest.raises(Denied, match="dataset sales: this account may not do that"):
        deploys.run()


def test_wrong_workbook(deploys: Deploys) -> None:
    deploys.stub.failures.append(Failure("getWorkbook", 404, {"message": "Not found"}))
    with pytest.raises(BadSettings, match="check the workbook's id"):
        deploys.run()


# limits and other people


@pytest.mark.parametrize(
    ("operation", "headers", "pause"),
    [
        ("createWizardChart", {"retry-after": "7"}, 7.0),
        ("createWizardChart", {}, 10.0),
        ("validateDataset", {"retry-after": "100000"}, 60.0),
    ],
)
def test_rate_limit_waits_once(
    deploys: Deploys, operation: str, headers: dict[str, str], pause: float
) -> None:
    deploys.stub.failures.append(Failure(operation, 429, {"message": "slow down"}, after=1, headers=headers))
    deploys.run()
    assert deploys.slept == [pause]
    assert set(content(deploys).values()) == {1}


@pytest.mark.parametrize("operation", ["createWizardChart", "validateDataset", "getWorkbookEntries"])
def test_rate_limit_that_lasts(deploys: Deploys, operation: str) -> None:
    deploys.stub.failures += [Failure(operation, 429, {"message": "slow down"}) for _ in range(2)]
    with pytest.raises(RateLimited, match="Wait a few minutes") as stopped:
        deploys.run()
    assert (len(deploys.slept), stopped.value.exit_code) == (1, 5)
    deploys.run()
    assert deploys.run() == []


def test_conflict(deploys: Deploys) -> None:
    taken = {"code": "ERR.US.DB.UNIQUE_VIOLATION", "message": "The entry already exists"}
    deploys.stub.failures.append(Failure("createWizardChart", 409, taken, after=1))
    with pytest.raises(Occupied, match="chart trend: another entry of that name appeared"):
        deploys.run()
    deploys.run()
    assert deploys.run() == []


def test_an_entry_of_somebody_else_is_not_overwritten(deployed: Deploys) -> None:
    mine: Json = deployed.stub.find("widget", "kpi")
    mine["annotation"] = {"description": "Моя диаграмма"}
    mine["data"]["sources"]["filters"] = [{"guid": "x"}]
    before = held(deployed)
    with pytest.raises(Occupied, match="chart kpi: the workbook has one of that name which no deploy made"):
        deployed.run()
    assert held(deployed) == before


@pytest.mark.parametrize(
    ("scope", "name"), [("dataset", "sales"), ("widget", "cities"), ("dash", "Интернет-магазин")]
)
def test_locked_entry(deployed: Deploys, scope: str, name: str) -> None:
    yaml = shop()
    yaml["datasets"]["sales"]["dimensions"]["city"]["title"] = "Населённый пункт"
    yaml["charts"]["cities"]["y"] = ["m_revenue"]
    yaml["charts"]["cities"]["title"] = "Где покупают"
    entry = deployed.stub.find(scope, name)
    before = copy.deepcopy(entry)
    deployed.stub.locked.add(entry["id"])
    with pytest.raises(Occupied, match="somebody has it open in DataLens' editor") as stopped:
        deployed.run(yaml)
    assert stopped.value.exit_code == 6
    assert deployed.stub.find(scope, name) == before
    deployed.stub.locked.clear()
    deployed.run(yaml)
    assert deployed.run(yaml) == []
