"""dbt's suite: docs, comments, contracts and unit tests."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.tests.adapter.basic.expected_catalog import (
    base_expected_catalog,
    expected_references_catalog,
    no_stats,
)
from dbt.tests.adapter.basic.test_docs_generate import BaseDocsGenerate, BaseDocsGenReferences
from dbt.tests.adapter.constraints import fixtures as contract_fixtures
from dbt.tests.adapter.constraints.test_constraints import (
    BaseIncrementalConstraintsColumnsEqual,
    BaseTableConstraintsColumnsEqual,
    BaseViewConstraintsColumnsEqual,
)
from dbt.tests.adapter.persist_docs.test_persist_docs import (
    BasePersistDocs,
    BasePersistDocsColumnMissing,
    BasePersistDocsCommentOnQuotedColumn,
)
from dbt.tests.adapter.unit_testing.test_case_insensitivity import BaseUnitTestCaseInsensivity
from dbt.tests.adapter.unit_testing.test_invalid_input import BaseUnitTestInvalidInput
from dbt.tests.adapter.unit_testing.test_quoted_reserved_word_column_names import (
    BaseUnitTestQuotedReservedWordColumnNames,
)
from dbt.tests.adapter.unit_testing.test_types import BaseUnitTestingTypes

CATALOG_TYPES = {
    "role": None,
    "id_type": "Int32",
    "text_type": "String",
    "time_type": "DateTime",
    "view_type": "view",
    "table_type": "table",
    "model_stats": no_stats(),
}


class TestDocsGenerate(BaseDocsGenerate):
    reads_artifacts = True

    @pytest.fixture(scope="class")
    def expected_catalog(self, project: Any, profile_user: str) -> dict[str, Any]:
        found: dict[str, Any] = base_expected_catalog(project, **CATALOG_TYPES)
        return found


class TestDocsGenReferences(BaseDocsGenReferences):
    reads_artifacts = True

    @pytest.fixture(scope="class")
    def expected_catalog(self, project: Any, profile_user: str) -> dict[str, Any]:
        found: dict[str, Any] = expected_references_catalog(project, bigint_type="UInt64", **CATALOG_TYPES)
        return found


class TestPersistDocs(BasePersistDocs):
    reads_artifacts = True


class TestPersistDocsColumnMissing(BasePersistDocsColumnMissing):
    reads_artifacts = True
    test_missing_column_warning = None  # dbt-clickhouse gives no such warning


class TestPersistDocsCommentOnQuotedColumn(BasePersistDocsCommentOnQuotedColumn):
    reads_artifacts = True


class ClickHouseTypes:
    """The suite's contracts, spelt in ClickHouse's types."""

    kind = ""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        def source(name: str) -> str:
            return str(getattr(contract_fixtures, f"my_model_{self.kind}wrong_{name}_sql"))

        schema = contract_fixtures.model_schema_yml
        return {
            "my_model_wrong_order.sql": source("order"),
            "my_model_wrong_name.sql": source("name"),
            "constraints_schema.yml": schema.replace(": integer", ": UInt8").replace(": text", ": String"),
        }

    @pytest.fixture
    def data_types(self) -> list[list[str]]:
        values = {
            "1::Int32": "Int32",
            "'1'": "String",
            "true": "Bool",
            "toDateTime('2013-11-03', 'UTC')": "DateTime('UTC')",
            "toLowCardinality('1')": "LowCardinality(String)",
            "['a', 'b']": "Array(String)",
            "toDecimal64(1, 2)": "Decimal(18, 2)",
        }
        return [[value, kind, kind] for value, kind in values.items()]

    @pytest.fixture
    def string_type(self) -> str:
        return "String"

    @pytest.fixture
    def int_type(self) -> str:
        return "Int32"


class TestTableContract(ClickHouseTypes, BaseTableConstraintsColumnsEqual):
    pass


class TestViewContract(ClickHouseTypes, BaseViewConstraintsColumnsEqual):
    kind = "view_"


class TestIncrementalContract(ClickHouseTypes, BaseIncrementalConstraintsColumnsEqual):
    kind = "incremental_"


class TestUnitTestCaseInsensivity(BaseUnitTestCaseInsensivity):
    pass


class TestUnitTestInvalidInput(BaseUnitTestInvalidInput):
    pass


class TestUnitTestQuotedReservedWordColumnNames(BaseUnitTestQuotedReservedWordColumnNames):
    pass


class TestUnitTestingTypes(BaseUnitTestingTypes):
    @pytest.fixture
    def data_types(self) -> list[list[str]]:
        return [
            ["1", "1"],
            ["'1'", "1"],
            ["true", "true"],
            ["toDate('2020-01-02')", "2020-01-02"],
            ["toDateTime('2013-11-03 00:00:00', 'UTC')", "2013-11-03 00:00:00"],
            ["toDecimal64('1.5', 2)", "1.5"],
        ]
