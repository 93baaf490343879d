"""dbt's suite: Python models. Its data frames are Spark's, ours are pandas'; and our tables need types."""

from __future__ import annotations

import pytest
from dbt.tests.adapter.python_model import test_python_model as suite

EVENTS = """
{{ config(materialized='table', event_time='event_time') }}
select number + 1 as id, toDateTime('2025-01-01 01:00:00', 'UTC') + interval number day as event_time
from numbers(3)
"""


def typed(name: str, **columns: str) -> str:
    """The YAML of one model with the types of its columns."""
    listed = ", ".join(f'{{name: {column}, data_type: "{kind}"}}' for column, kind in columns.items())
    return f"  - name: {name}\n    columns: [{listed}]\n"


class TestPythonModel(suite.BasePythonModelTests):
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        types = typed("my_python_model", id="UInt8")
        return {
            "schema.yml": suite.schema_yml.replace("models:\n", f"models:\n{types}"),
            "my_sql_model.sql": suite.basic_sql,
            "my_versioned_sql_model_v1.sql": suite.basic_sql,
            "my_python_model.py": suite.basic_python.replace("df.limit(2)", "df.head(2)"),
            "second_sql_model.sql": suite.second_sql,
        }


class TestPythonIncremental(suite.BasePythonIncrementalTests):
    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, object]:
        return {"models": {"+incremental_strategy": "delete_insert"}}

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {
            "m_1.sql": suite.m_1,
            "incremental.py": suite.incremental_python.replace("df.filter(df.id > 5)", "df[df.id > 5]"),
            "schema.yml": "models:\n" + typed("incremental", id="UInt8"),
        }


class TestPythonMetaGet(suite.BasePythonMetaGetTests):
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        def in_pandas(code: str) -> str:
            return "import pandas\n" + code.replace(
                "session.createDataFrame(data, ", "pandas.DataFrame(data, columns="
            )

        texts = {"owner": "String", "priority": "String", "version": "String", "missing": "String"}
        types = typed("meta_test", id="UInt8", **texts)
        columns = typed("meta_from_schema", id="UInt8", owner="String", environment="String")
        return {
            "meta_test.py": in_pandas(suite.python_model_meta_get),
            "meta_from_schema.py": in_pandas(suite.python_model_meta_from_schema),
            "schema.yml": suite.schema_yml_with_meta.rstrip() + "\n" + columns.split("\n", 1)[1] + types,
        }


class OnEvents:
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {
            "input_model.sql": EVENTS,
            "model_that_refs_input.py": suite._model_that_refs_input_py,
            "schema.yml": "models:\n"
            + typed("model_that_refs_input", id="UInt64", event_time="DateTime('UTC')"),
        }


class TestPythonEmpty(OnEvents, suite.BasePythonEmptyTests):
    pass


class TestPythonSample(OnEvents, suite.BasePythonSampleTests):
    pass
