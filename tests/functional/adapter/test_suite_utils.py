"""dbt's suite: the cross-database macros. Where ClickHouse needs other data than Postgres, it is here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dbt.tests.adapter.utils.base_array_utils import BaseArrayUtils
from dbt.tests.adapter.utils.data_types.base_data_type_macro import BaseDataTypeMacro
from dbt.tests.adapter.utils.data_types.test_type_boolean import BaseTypeBoolean
from dbt.tests.adapter.utils.data_types.test_type_float import BaseTypeFloat
from dbt.tests.adapter.utils.data_types.test_type_int import BaseTypeInt
from dbt.tests.adapter.utils.data_types.test_type_numeric import BaseTypeNumeric
from dbt.tests.adapter.utils.data_types.test_type_string import BaseTypeString
from dbt.tests.adapter.utils.data_types.test_type_timestamp import BaseTypeTimestamp
from dbt.tests.adapter.utils.fixture_array_append import models__array_append_actual_sql
from dbt.tests.adapter.utils.fixture_array_concat import models__array_concat_actual_sql
from dbt.tests.adapter.utils.fixture_dateadd import seeds__data_dateadd_csv
from dbt.tests.adapter.utils.fixture_datediff import (
    models__test_datediff_sql,
    models__test_datediff_yml,
    seeds__data_datediff_csv,
)
from dbt.tests.adapter.utils.fixture_replace import models__test_replace_yml
from dbt.tests.adapter.utils.fixture_split_part import (
    models__test_split_part_sql,
    models__test_split_part_yml,
)
from dbt.tests.adapter.utils.test_any_value import BaseAnyValue
from dbt.tests.adapter.utils.test_array_construct import BaseArrayConstruct
from dbt.tests.adapter.utils.test_bool_or import BaseBoolOr
from dbt.tests.adapter.utils.test_cast_bool_to_text import BaseCastBoolToText
from dbt.tests.adapter.utils.test_concat import BaseConcat
from dbt.tests.adapter.utils.test_current_timestamp import BaseCurrentTimestampNaive
from dbt.tests.adapter.utils.test_date_trunc import BaseDateTrunc
from dbt.tests.adapter.utils.test_dateadd import BaseDateAdd
from dbt.tests.adapter.utils.test_datediff import BaseDateDiff
from dbt.tests.adapter.utils.test_escape_single_quotes import (
    BaseEscapeSingleQuotesBackslash,
    BaseEscapeSingleQuotesQuote,
)
from dbt.tests.adapter.utils.test_except import BaseExcept
from dbt.tests.adapter.utils.test_hash import BaseHash
from dbt.tests.adapter.utils.test_intersect import BaseIntersect
from dbt.tests.adapter.utils.test_last_day import BaseLastDay
from dbt.tests.adapter.utils.test_length import BaseLength
from dbt.tests.adapter.utils.test_listagg import BaseListagg
from dbt.tests.adapter.utils.test_position import BasePosition
from dbt.tests.adapter.utils.test_replace import BaseReplace
from dbt.tests.adapter.utils.test_right import BaseRight
from dbt.tests.adapter.utils.test_safe_cast import BaseSafeCast
from dbt.tests.adapter.utils.test_split_part import BaseSplitPart
from dbt.tests.adapter.utils.test_string_literal import BaseStringLiteral
from dbt.tests.adapter.utils.test_timestamps import BaseCurrentTimestamps


@pytest.fixture(scope="module", autouse=True)
def without_partial_parsing() -> Iterator[None]:
    """Every class here runs dbt about once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_PARTIAL_PARSE", "false")
        yield


class TestTypeBoolean(BaseTypeBoolean):
    pass


class TestTypeFloat(BaseTypeFloat):
    pass


class TestTypeInt(BaseTypeInt):
    pass


class TestTypeNumeric(BaseTypeNumeric):
    pass


class TestTypeString(BaseTypeString):
    pass


class TestTypeTimestamp(BaseTypeTimestamp):
    pass


class TestAnyValue(BaseAnyValue):
    pass


class TestArrayConstruct(BaseArrayConstruct):
    pass


class TestBoolOr(BaseBoolOr):
    pass


class TestCastBoolToText(BaseCastBoolToText):
    pass


class TestConcat(BaseConcat):
    pass


class TestCurrentTimestampNaive(BaseCurrentTimestampNaive):
    pass


class TestDateTrunc(BaseDateTrunc):
    pass


class TestEscapeSingleQuotesBackslash(BaseEscapeSingleQuotesBackslash):
    pass


class TestEscapeSingleQuotesQuote(BaseEscapeSingleQuotesQuote):
    pass


class TestExcept(BaseExcept):
    pass


class TestHash(BaseHash):
    pass


class TestIntersect(BaseIntersect):
    pass


class TestLength(BaseLength):
    pass


class TestListagg(BaseListagg):
    pass


class TestPosition(BasePosition):
    pass


class TestRight(BaseRight):
    pass


class TestSafeCast(BaseSafeCast):
    pass


class TestStringLiteral(BaseStringLiteral):
    pass


class TestTypeBigInt(BaseDataTypeMacro):
    """A positive number without a cast would be UInt64, and `bigint` is signed."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        actual = "select cast('-9223372036854775800' as {{ type_bigint() }}) as bigint_col"
        return {
            "expected.sql": "select -9223372036854775800 as bigint_col",
            "actual.sql": self.interpolate_macro_namespace(actual, "type_bigint"),
        }


class TestArrayAppend(BaseArrayUtils):
    """The suite's empty arrays are Int32, so one member needs 32 bits."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        expected = """
        select 1 as id, {{ array_construct([1, 2, 3, -77777777]) }} as array_col union all
        select 2 as id, {{ array_construct([4]) }} as array_col
        """
        return {"actual.sql": models__array_append_actual_sql, "expected.sql": expected}


class TestArrayConcat(BaseArrayUtils):
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        expected = """
        select 1 as id, {{ array_construct([1, 2, 3, 4, 5, -77777777]) }} as array_col union all
        select 2 as id, {{ array_construct([2]) }} as array_col union all
        select 3 as id, {{ array_construct([3]) }} as array_col
        """
        return {"actual.sql": models__array_concat_actual_sql, "expected.sql": expected}


class TestDateAdd(BaseDateAdd):
    """Without the row of missing values: a seed's inferred types are not Nullable."""

    @pytest.fixture(scope="class")
    def seeds(self) -> dict[str, str]:
        return {"data_dateadd.csv": seeds__data_dateadd_csv.replace(",1,day,\n", "")}


class TestDateDiff(BaseDateDiff):
    """Without the rows of missing values, and without the text that Postgres takes for dates."""

    @pytest.fixture(scope="class")
    def seeds(self) -> dict[str, str]:
        rows = seeds__data_datediff_csv.splitlines(keepends=True)
        return {"data_datediff.csv": "".join(row for row in rows if ",hour,\n" not in row)}

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        columns_only = models__test_datediff_sql.split("-- Also test")[0]
        return {
            "test_datediff.yml": models__test_datediff_yml,
            "test_datediff.sql": self.interpolate_macro_namespace(columns_only, "datediff"),
        }


class TestLastDay(BaseLastDay):
    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, object]:
        types = {"date_day": "Nullable(Date)", "result": "Nullable(Date)"}
        return {"name": "test", "seeds": {"test": {"data_last_day": {"+column_types": types}}}}


class TestReplace(BaseReplace):
    """dbt-clickhouse quotes both arguments: they are text, not expressions."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        sql = """
        select {{ replace('string_text', 'a', 'b') }} as actual, result as expected
        from {{ ref('data_replace') }} where string_text = 'a'
        union all
        select {{ replace('string_text', 'http://', '') }} as actual, result as expected
        from {{ ref('data_replace') }} where string_text like '%google%'
        """
        return {
            "test_replace.yml": models__test_replace_yml,
            "test_replace.sql": self.interpolate_macro_namespace(sql, "replace"),
        }


class TestSplitPart(BaseSplitPart):
    """`splitByString` takes a constant separator."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        parts = models__test_split_part_sql.replace("'split_on'", "\"'|'\"").split("union all")
        return {
            "test_split_part.yml": models__test_split_part_yml,
            "test_split_part.sql": "union all".join(parts[:3]),
        }


class TestCurrentTimestamps(BaseCurrentTimestamps):
    @pytest.fixture(scope="class")
    def expected_schema(self) -> dict[str, str]:
        suffixes = ("", "_in_utc_backcompat", "_backcompat")
        return {f"current_timestamp{suffix}": "DateTime" for suffix in suffixes}

    @pytest.fixture(scope="class")
    def expected_sql(self) -> None:
        return None
