"""dbt's suite: models, tests, seeds, clone, show, hooks, comments, caching."""

from __future__ import annotations

import re
from typing import Any

import pytest
from dbt.tests.adapter.aliases.test_aliases import (
    BaseAliasErrors,
    BaseAliases,
    BaseSameAliasDifferentDatabases,
    BaseSameAliasDifferentSchemas,
)
from dbt.tests.adapter.basic.test_adapter_methods import BaseAdapterMethod
from dbt.tests.adapter.basic.test_base import BaseSimpleMaterializations
from dbt.tests.adapter.basic.test_empty import BaseEmpty
from dbt.tests.adapter.basic.test_ephemeral import BaseEphemeral
from dbt.tests.adapter.basic.test_generic_tests import BaseGenericTests
from dbt.tests.adapter.basic.test_singular_tests import BaseSingularTests
from dbt.tests.adapter.basic.test_singular_tests_ephemeral import BaseSingularTestsEphemeral
from dbt.tests.adapter.basic.test_snapshot_check_cols import BaseSnapshotCheckCols
from dbt.tests.adapter.basic.test_snapshot_timestamp import BaseSnapshotTimestamp
from dbt.tests.adapter.basic.test_table_materialization import BaseTableMaterialization
from dbt.tests.adapter.basic.test_validate_connection import BaseValidateConnection
from dbt.tests.adapter.caching.test_caching import (
    BaseCachingLowercaseModel,
    BaseCachingSelectedSchemaOnly,
    BaseCachingUppercaseModel,
    BaseNoPopulateCache,
)
from dbt.tests.adapter.concurrency.test_concurrency import BaseConcurrency
from dbt.tests.adapter.dbt_clone import fixtures as clone_fixtures
from dbt.tests.adapter.dbt_clone.test_dbt_clone import (
    BaseCloneNotPossible,
    BaseClonePossible,
    BaseCloneSameSourceAndTarget,
    BaseCloneSameTargetAndState,
)
from dbt.tests.adapter.dbt_debug.test_dbt_debug import BaseDebug
from dbt.tests.adapter.dbt_show.test_dbt_show import BaseShowLimit, BaseShowSqlHeader
from dbt.tests.adapter.hooks.test_model_hooks import BaseDuplicateHooksInConfigs
from dbt.tests.adapter.query_comment.test_query_comment import (
    BaseEmptyQueryComments,
    BaseMacroArgsQueryComments,
    BaseMacroInvalidQueryComments,
    BaseMacroQueryComments,
    BaseNullQueryComments,
    BaseQueryComments,
)
from dbt.tests.adapter.relations.test_changing_relation_type import BaseChangeRelationTypeValidator
from dbt.tests.adapter.sample_mode.test_sample_mode import BaseSampleModeTest
from dbt.tests.util import check_relations_equal, check_table_does_not_exist, run_dbt, run_dbt_and_capture


class TestAliases(BaseAliases):
    pass


class TestAliasErrors(BaseAliasErrors):
    pass


class TestSameAliasDifferentSchemas(BaseSameAliasDifferentSchemas):
    pass


class TestSameAliasDifferentDatabases(BaseSameAliasDifferentDatabases):
    pass


class TestAdapterMethods(BaseAdapterMethod):
    pass


class TestSimpleMaterializations(BaseSimpleMaterializations):
    pass


class TestEmpty(BaseEmpty):
    reads_artifacts = True


class TestEphemeral(BaseEphemeral):
    pass


class TestGenericTests(BaseGenericTests):
    pass


class TestSingularTests(BaseSingularTests):
    pass


class TestSingularTestsEphemeral(BaseSingularTestsEphemeral):
    pass


class TestSnapshotCheckCols(BaseSnapshotCheckCols):
    pass


class TestSnapshotTimestamp(BaseSnapshotTimestamp):
    pass


class TestTableMaterialization(BaseTableMaterialization):
    pass


class TestValidateConnection(BaseValidateConnection):
    pass


class SameRelationTwice:
    """The suite also compares the relations' databases, which dbt-clickhouse leaves empty."""

    def run_and_inspect_cache(self, project: Any, run_args: list[str] | None = None) -> None:
        found = []
        for _ in range(2):
            run_dbt(run_args)
            (relation,) = project.adapter.cache.relations
            found.append((relation.schema, relation.identifier))
        assert found[0] == found[1]
        assert found[0][0] == project.test_schema


class TestCachingLowercaseModel(SameRelationTwice, BaseCachingLowercaseModel):
    pass


class TestCachingUppercaseModel(SameRelationTwice, BaseCachingUppercaseModel):
    pass


class TestCachingSelectedSchemaOnly(SameRelationTwice, BaseCachingSelectedSchemaOnly):
    pass


class TestNoPopulateCache(SameRelationTwice, BaseNoPopulateCache):
    pass


class TestConcurrency(BaseConcurrency):
    """Four threads on one engine: the models that can be built are, the others fail or are skipped."""

    def test_concurrency(self, project: Any) -> None:
        run_dbt(["seed", "--select", "seed"])
        for _ in range(2):
            results, output = run_dbt_and_capture(["run"], expect_pass=False)
            assert len(results) == 7
            for built in ("view_model", "dep", "table_a", "table_b"):
                check_relations_equal(project.adapter, ["seed", built])
            for missing in ("invalid", "skip"):
                check_table_does_not_exist(project.adapter, missing)
            assert "PASS=5 WARN=0 ERROR=1 SKIP=1" in output


class TestClonePossible(BaseClonePossible):
    reads_artifacts = True


class TestCloneNotPossible(BaseCloneNotPossible):
    reads_artifacts = True


class TestCloneSameTargetAndState(BaseCloneSameTargetAndState):
    reads_artifacts = True


class TestCloneSameSourceAndTarget(BaseCloneSameSourceAndTarget):
    """The suite's test creates its source with Postgres names and no engine."""

    reads_artifacts = True

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {
            "source_based_model.sql": clone_fixtures.source_based_model_sql,
            "source_schema.yml": clone_fixtures.source_schema_yml,
        }

    @pytest.fixture(scope="class")
    def snapshots(self) -> dict[str, str]:
        return {}

    @pytest.fixture(scope="class")
    def seeds(self) -> dict[str, str]:
        return {}

    def test_clone_same_source_and_target(self, project: Any, unique_schema: str) -> None:
        project.run_sql(
            f"create table {unique_schema}.source_table engine = MergeTree order by id"
            " as select 1 as id, 'test_data' as name"
        )
        run_dbt(["run"])
        self.copy_state(project.project_root)
        _, output = run_dbt_and_capture(
            ["clone", "--state", "state", "--full-refresh", "--log-level", "debug"]
        )
        assert "skipping clone for relation" in output


class TestDebug(BaseDebug):
    def test_ok(self, project: Any) -> None:
        run_dbt(["debug"])
        assert "ERROR" not in self.capsys.readouterr().out

    def test_unknown_target(self, project: Any) -> None:
        run_dbt(["debug", "--target", "none_target"], expect_pass=False)
        self.assertGotValue(re.compile(r"\s+output 'none_target'"), "misconfigured")


class TestShowLimit(BaseShowLimit):
    pass


class TestShowSqlHeader(BaseShowSqlHeader):
    pass


class TestDuplicateHooksInConfigs(BaseDuplicateHooksInConfigs):
    pass


class TestQueryComments(BaseQueryComments):
    pass


class TestMacroQueryComments(BaseMacroQueryComments):
    pass


class TestMacroArgsQueryComments(BaseMacroArgsQueryComments):
    pass


class TestMacroInvalidQueryComments(BaseMacroInvalidQueryComments):
    pass


class TestNullQueryComments(BaseNullQueryComments):
    pass


class TestEmptyQueryComments(BaseEmptyQueryComments):
    pass


class TestChangeRelationTypes(BaseChangeRelationTypeValidator):
    pass


class TestSampleMode(BaseSampleModeTest):
    pass
