"""dbt's suite: incremental models and microbatches."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.tests.adapter.basic.test_incremental import BaseIncremental, BaseIncrementalNotSchemaChange
from dbt.tests.adapter.incremental import test_incremental_unique_id as unique_id
from dbt.tests.adapter.incremental.test_incremental_microbatch import BaseMicrobatch
from dbt.tests.adapter.incremental.test_incremental_predicates import BaseIncrementalPredicates

# ClickHouse does not turn text into dates where a union meets a date
EXPECTED_VISITS = """
{{ config(materialized='table') }}
select state, county, city, toDate(day) as last_visit_date
from values(
    'state String, county String, city String, day String',
    ('CT', 'Hartford', 'Hartford', '2022-02-14'),
    ('MA', 'Suffolk', 'Boston', '2020-02-12'),
    ('NJ', 'Mercer', 'Trenton', '2022-01-01'),
    ('NY', 'Kings', 'Brooklyn', '2021-04-02'),
    ('NY', 'New York', 'Manhattan', '2021-04-01'),
    ('PA', 'Philadelphia', 'Philadelphia', '2021-05-21'),
    ('CO', 'Denver', '', '2021-06-18')
)
"""

MICROBATCH_INPUT = """
{{ config(materialized='table', event_time='event_time') }}
select number + 1 as id, toDateTime('2020-01-01 00:00:00', 'UTC') + interval number day as event_time
from numbers(3)
"""

MICROBATCH_MODEL = """
{{ config(
    materialized='incremental', incremental_strategy='microbatch', unique_key='id',
    event_time='event_time', batch_size='day', begin=modules.datetime.datetime(2020, 1, 1)
) }}
select * from {{ ref('input_model') }}
"""


class TestIncremental(BaseIncremental):
    pass


class TestIncrementalNotSchemaChange(BaseIncrementalNotSchemaChange):
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {
            "incremental_not_schema_change.sql": """
            {{ config(materialized='incremental', unique_key='user_id_current_time',
                      on_schema_change='append_new_columns') }}
            select concat('1-', toString(now64(6))) as user_id_current_time,
                   '{{ "thisis18characters" if is_incremental() else "okthisis20characters" }}' as platform
            """
        }


class TestIncrementalPredicates(BaseIncrementalPredicates):
    pass


class TestIncrementalUniqueKey(unique_id.BaseIncrementalUniqueKey):
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, Any]:
        names = (
            "trinary_unique_key_list",
            "nontyped_trinary_unique_key_list",
            "unary_unique_key_list",
            "not_found_unique_key",
            "empty_unique_key_list",
            "no_unique_key",
            "empty_str_unique_key",
            "str_unique_key",
            "duplicated_unary_unique_key_list",
            "not_found_unique_key_list",
        )
        return {
            **{f"{name}.sql": getattr(unique_id, f"models__{name}_sql") for name in names},
            "expected": {
                "one_str__overwrite.sql": EXPECTED_VISITS,
                "unique_key_list__inplace_overwrite.sql": EXPECTED_VISITS,
            },
        }


class TestMicrobatch(BaseMicrobatch):
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {"input_model.sql": MICROBATCH_INPUT, "microbatch_model.sql": MICROBATCH_MODEL}

    @pytest.fixture(scope="class")
    def insert_two_rows_sql(self, project: Any) -> str:
        return (
            f"insert into {project.test_schema}.input_model (id, event_time)"
            " values (4, '2020-01-04 00:00:00'), (5, '2020-01-05 00:00:00')"
        )
