"""Running a model's code: tracebacks, declarations and results, without a warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.clickhouse_py.python_model import declared_columns, run

NO_CLIENT = cast(Client, None)
DBT_PART = """
class dbtObj:
    def __init__(self, load):
        self.ref = load
"""


def model(columns: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": "m",
        "unique_id": "model.shop.m",
        "original_file_path": "models/m.py",
        "patch_path": "shop://models/m.yml",
        "columns": {name: {"name": name, "data_type": kind} for name, kind in (columns or {}).items()},
    }


def execute(tmp_path: Path, source: str) -> Any:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.py").write_text(source)
    return run(model(), source.strip() + "\n\n" + DBT_PART, NO_CLIENT, tmp_path)


def test_a_model_runs_as_a_module_of_its_own(tmp_path: Path) -> None:
    source = """
from __future__ import annotations
import dataclasses, pathlib, pandas

@dataclasses.dataclass
class Row:
    here: str

def model(dbt, session):
    return pandas.DataFrame([Row(pathlib.Path(__file__).name)])
"""
    pd.testing.assert_frame_equal(execute(tmp_path, source), pd.DataFrame({"here": ["m.py"]}))


@pytest.mark.parametrize("blank_lines", [0, 3])
def test_a_traceback_starts_in_the_models_file_on_its_own_line(tmp_path: Path, blank_lines: int) -> None:
    source = (
        "\n" * blank_lines + "def helper():\n    return 1 / 0\n\n\ndef model(dbt, session):\n    helper()\n"
    )
    with pytest.raises(DbtRuntimeError) as error:
        execute(tmp_path, source)
    path = tmp_path / "models" / "m.py"
    lines = [line.strip() for line in str(error.value.msg).splitlines()]
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == f'File "{path}", line {6 + blank_lines}, in model'
    assert f'File "{path}", line {2 + blank_lines}, in helper' in lines
    assert "return 1 / 0" in lines
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_columns_come_from_yaml_alone() -> None:
    assert declared_columns(model({"a": "UInt8", "b": "String"})) == {"a": "UInt8", "b": "String"}
    with pytest.raises(DbtRuntimeError, match=r"models/m\.yml: m lacks a `data_type` for b, c"):
        declared_columns(model({"a": "UInt8", "b": None, "c": ""}))
    with pytest.raises(DbtRuntimeError, match=r"models/m\.py.*List its `columns`.*models/m\.yml"):
        declared_columns(model())
    undescribed = {**model(), "patch_path": None}
    with pytest.raises(DbtRuntimeError, match="a YAML file beside it, under `- name: m`"):
        declared_columns(undescribed)


def test_a_model_computes_on_one_thread(tmp_path: Path) -> None:
    """Models run beside each other: threads of BLAS under each of them cost five times the time."""
    source = """
import numpy, pandas, threadpoolctl

def model(dbt, session):
    numpy.ones((300, 300)) @ numpy.ones((300, 300))
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    return pandas.DataFrame({"threads": [pool["num_threads"] for pool in pools]})
"""
    threads = execute(tmp_path, source)["threads"].tolist()
    assert threads
    assert set(threads) == {1}
