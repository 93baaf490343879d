"""What Ctrl-C leaves to a thread that was just about to begin."""

from __future__ import annotations

from multiprocessing import get_context
from types import SimpleNamespace
from typing import cast

import pytest
from dbt.adapters.contracts.connection import AdapterRequiredConfig
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.clickhouse_py.connections import ClickHousePyConnectionManager
from dbt.adapters.clickhouse_py.credentials import ClickHousePyCredentials


def test_no_connection_begins_after_a_cancel() -> None:
    profile = SimpleNamespace(credentials=ClickHousePyCredentials(driver="chdb", path=":memory:", schema="s"))
    manager = ClickHousePyConnectionManager(cast(AdapterRequiredConfig, profile), get_context("spawn"))
    assert manager.set_connection_name("early").name == "early"
    assert manager.cancel_open() == []
    with pytest.raises(DbtRuntimeError, match="Cancelled"):
        manager.set_connection_name("late")
