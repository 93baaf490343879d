"""Python models: run one in this process and put its result into a table of the declared types."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from clickhouse_connect.driver.client import Client
from dbt_common.exceptions import DbtRuntimeError
from threadpoolctl import threadpool_limits

from dbt.adapters.clickhouse_py.frames import column_types, read_frame, session_timezone
from dbt.adapters.clickhouse_py.results import to_arrow


def declared_columns(model: Mapping[str, Any]) -> dict[str, str]:
    """Column name -> data type, as the model's YAML declares them.

    Raises:
        DbtRuntimeError: the model declares no columns, or some without a `data_type`.
    """
    columns = {column["name"]: column.get("data_type") for column in model["columns"].values()}
    if not columns:
        raise DbtRuntimeError(
            f"{model['original_file_path']}: a Python model's table is created from declared types."
            f" List its `columns` with `name` and `data_type` in {_yaml_file(model)}."
        )
    if untyped := [name for name, data_type in columns.items() if not data_type]:
        raise DbtRuntimeError(
            f"{_yaml_file(model)}: {model['name']} lacks a `data_type` for {', '.join(untyped)}."
        )
    return columns


def fill(staging: str, model: Mapping[str, Any], code: str, client: Client, project_root: str) -> int:
    """Run the model and insert its result into the (empty, typed) staging table.

    Returns:
        the number of rows.

    Raises:
        DbtRuntimeError: the model failed, or its result is not what its YAML declares.
    """
    result = run(model, code, client, Path(project_root))
    types = column_types(client, staging)
    _refuse_other_columns(result, list(types), model)
    table = to_arrow(result, types, session_timezone(client))
    if table.num_rows:
        client.insert_arrow(staging, table)
    return int(table.num_rows)


def run(model: Mapping[str, Any], code: str, client: Client, project_root: Path) -> Any:
    """What `model(dbt, session)` of the compiled code returns.

    Raises:
        DbtRuntimeError: with the traceback from the model's own file on.
    """
    path = project_root / model["original_file_path"]
    module = ModuleType(f"dbt_python_model.{model['unique_id']}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and pickle look themselves up there
    try:
        exec(compile(_stripped_lines(path) + code, path, "exec"), module.__dict__)
        dbt = module.dbtObj(lambda relation: read_frame(client, relation))
        # models run beside each other already: threads of BLAS under them only wait for each other
        threadpool_limits(1)
        return module.model(dbt, client)
    except Exception as error:
        raise DbtRuntimeError(_own_traceback(error, str(path))) from error
    finally:
        del sys.modules[module.__name__]


def _stripped_lines(path: Path) -> str:
    """The blank lines that dbt strips from the top of a file: they keep the line numbers right."""
    text = path.read_text() if path.exists() else ""
    return "\n" * text[: len(text) - len(text.lstrip())].count("\n")


def _own_traceback(error: Exception, path: str) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    return "".join(traceback.format_exception(error.with_traceback(trace))).strip()


def _refuse_other_columns(result: Any, declared: list[str], model: Mapping[str, Any]) -> None:
    import pandas as pd
    import pyarrow as pa

    if not isinstance(result, pd.DataFrame | pa.Table):
        raise DbtRuntimeError(
            f"{model['original_file_path']}: model() returned {type(result).__name__};"
            " return a pandas DataFrame or a pyarrow Table."
        )
    names = list(result.columns if isinstance(result, pd.DataFrame) else result.column_names)
    problems = {
        "without a declaration": [name for name in names if name not in declared],
        "declared but not returned": [name for name in declared if name not in names],
        "returned twice": sorted({name for name in names if names.count(name) > 1}),
    }
    if any(problems.values()):
        found = "; ".join(
            f"{what}: {', '.join(map(str, which))}" for what, which in problems.items() if which
        )
        raise DbtRuntimeError(
            f"{model['original_file_path']}: the result's columns differ from {_yaml_file(model)}: {found}."
        )


def _yaml_file(model: Mapping[str, Any]) -> str:
    patch = model.get("patch_path")
    return patch.split("://")[-1] if patch else f"a YAML file beside it, under `- name: {model['name']}`"
