"""Every check of the warehouse can fail: a fault is planted for each, and it and no other sees the fault."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import plant
import pytest
from planted_faults import FAULTS, Fault, insert, rows_against
from project import ROOT, Project

Node = dict[str, Any]


@dataclass
class Outcome:
    """What the checks said.

    Attributes:
        tests: data tests by name; generic ones are called `kind:model` or `kind:model.column`.
        failed: names of the tests that failed on each of FAULTS.
        constraints: (table, constraint) that the contracts declare.
        answers: (table, constraint, row) -> what ClickHouse said of inserting the row.
    """

    tests: set[str]
    failed: list[set[str]] = field(default_factory=list)
    constraints: set[tuple[str, str]] = field(default_factory=set)
    answers: dict[tuple[str, str, str], str] = field(default_factory=dict)


def name_of(test: Node) -> str:
    if "test_metadata" not in test:
        return str(test["name"])
    model = test["attached_node"].split(".")[-1] if test["attached_node"] else test["sources"][0][1]
    column = f".{test['column_name']}" if test["column_name"] else ""
    return f"{test['test_metadata']['name']}:{model}{column}"


def relation(table: str) -> str:
    database, name = table.split(".")
    return f"`telemetry_{database}`.`{name}`"


@pytest.fixture(scope="module")
def outcome(demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Each fault in a copy of its table, which takes the table's place in the tests that read it."""
    project = Project(tmp_path_factory.mktemp("faults"))
    shutil.copytree(demo.home / "warehouse", project.home / "warehouse", symlinks=True)
    project.run("dbt", "compile", "--quiet", "--select", "resource_type:test")
    nodes = json.loads((project.home / "target" / "manifest.json").read_text(encoding="utf-8"))[
        "nodes"
    ].values()
    tests = [node for node in nodes if node["resource_type"] == "test"]
    outcome = Outcome({name_of(test) for test in tests})

    setup, counted, counts = [], [], []
    for number, fault in enumerate(FAULTS):
        sound = relation(fault.table)
        faulty = sound[:-1] + f"__fault_{number}`"
        setup += [f"create table {faulty} clone as {sound}", fault.change.format(t=faulty)]
        for test in tests:
            if sound in test["compiled_code"]:
                counted.append((number, name_of(test)))
                sql = test["compiled_code"].replace(sound, faulty)
                counts.append(f"select count() from ({sql}\n) settings join_use_nulls = 1")

    inserted, inserts = [], []
    for node in nodes:
        table = node["name"]
        if node["resource_type"] != "model" or not node["constraints"]:
            continue
        sound = relation(f"marts.{table}")
        copy = sound[:-1] + "__rows`"
        setup.append(f"create table {copy} clone as {sound}")
        for constraint in node["constraints"]:
            outcome.constraints.add((table, constraint["name"]))
            for row in rows_against(table, constraint["name"], constraint["expression"]):
                inserted.append((table, constraint["name"], row))
                inserts.append(insert(table, sound, copy, row))

    done = subprocess.run(
        [sys.executable, "-W", "ignore", plant.__file__],
        cwd=next(home for home in (project.home, ROOT) if (home / "dbt_project.yml").exists()),
        env=project.environment,
        input=json.dumps({"setup": setup, "inserts": inserts, "counts": counts}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answered = json.loads(done.stdout)
    outcome.answers = dict(zip(inserted, answered["errors"], strict=True))
    outcome.failed = [set() for _ in FAULTS]
    for (number, name), rows in zip(counted, answered["counts"], strict=True):
        if rows:
            outcome.failed[number].add(name)
    return outcome


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=lambda n: f"{FAULTS[n].table}-{n}")
def test_fault_is_seen(outcome: Outcome, number: int) -> None:
    fault: Fault = FAULTS[number]
    assert outcome.failed[number] == fault.seen_by


def test_every_kind_and_every_singular_test_has_its_fault(outcome: Outcome) -> None:
    seen = {name.split(":")[0] for fault in FAULTS for name in fault.seen_by}
    assert seen == {name.split(":")[0] for name in outcome.tests}


def test_every_constraint_refuses_its_row(outcome: Outcome) -> None:
    assert {(table, constraint) for table, constraint, _ in outcome.answers} == outcome.constraints
    wrong = {key: text[:300] for key, text in outcome.answers.items() if f"Constraint `{key[1]}`" not in text}
    assert wrong == {}


def test_a_build_names_the_constraint_and_keeps_what_it_had(demo: Project, tmp_path: Path) -> None:
    """A table that is made anew, and months that are swapped in."""
    project = Project(tmp_path)
    shutil.copytree(demo.home / "warehouse", project.home / "warehouse", symlinks=True)
    sums = (
        "select count(), sum(price) from telemetry_marts.fct_order_lines",
        "select count(), sum(p_value) from telemetry_marts.mart_experiment_readout",
    )
    before = project.ask(*sums)
    project.ask(
        commands=(
            "alter table telemetry_intermediate.int_order_lines update price = -1, input_version = 1"
            " where session_date >= '2022-02-01' settings mutations_sync = 1",
            "alter table telemetry_intermediate.int_experiment_readout update p_value = 2 where true"
            " settings mutations_sync = 1",
        )
    )
    told = project.run("dbt", "run", "-s", "fct_order_lines", "mart_experiment_readout", expect=1)
    broken = re.findall(r"Constraint `(\w+)` for table telemetry_marts.(\w+?)(?:__\w+)? ", told)
    assert set(broken) == {
        ("amounts_are_not_negative", "fct_order_lines"),
        ("p_values_are_0_to_1", "mart_experiment_readout"),
    }
    assert "price = '-1'" in told
    assert project.ask(*sums) == before


def test_oddities_of_the_shop_warn_and_leave_their_rows(demo: Project, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(demo.home / "warehouse", project.home / "warehouse", symlinks=True)
    project.ask(
        commands=(
            "alter table telemetry_marts.fct_order_lines update price_robust_z = 2e3, price_notebook_z = -2e3"
            " where line_no = 1 settings mutations_sync = 1",
            "alter table telemetry_intermediate.int_confirmations update outcome = 'unchecked' where true"
            " settings mutations_sync = 1",
        )
    )
    told = project.run("dbt", "test", "-s", "config.severity:warn")
    assert "WARN=3 ERROR=0" in told
    (stored,) = project.ask(
        "select name, total_rows > 0 from system.tables where database = 'telemetry_odd_rows' order by name"
    )
    assert stored == [
        ["assert_most_confirmations_make_orders", 1],
        ["odd_prices_by_notebook_z", 1],
        ["odd_prices_by_robust_z", 1],
    ]
