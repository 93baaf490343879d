"""A profile entry: dbt-clickhouse's keys, `driver: chdb` and the `path` of its data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dbt.adapters.clickhouse.credentials import ClickHouseCredentials
from dbt_common.exceptions import DbtRuntimeError

CHDB: Final = "chdb"
MEMORY: Final = ":memory:"


@dataclass
class ClickHousePyCredentials(ClickHouseCredentials):  # type: ignore[misc]
    """dbt-clickhouse's credentials plus `path`, which belongs to `driver: chdb` alone."""

    path: str | None = None

    @property
    def type(self) -> str:
        return "clickhouse_py"

    @property
    def unique_field(self) -> str:
        return str(self.path if self.is_embedded else self.host)

    @property
    def is_embedded(self) -> bool:
        """True when the engine runs in this process."""
        return bool(self.driver == CHDB)

    @property
    def data_path(self) -> str:
        """The absolute directory of the embedded engine's data, or `:memory:`."""
        assert self.path
        return self.path if self.path == MEMORY else str(Path(self.path).expanduser().resolve())

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.path and not self.is_embedded:
            raise DbtRuntimeError(
                "`path` in a profile belongs to `driver: chdb`; remove it or change the driver."
            )
        if not self.is_embedded:
            if self.cluster:
                # the check makes two tables on one replica and swaps them on another one: it fails behind a
                # balancer, and dbt-clickhouse would rename instead of swapping
                self.check_exchange = False
            return
        if not self.path:
            raise DbtRuntimeError("`driver: chdb` needs `path` in the profile: a directory, or ':memory:'.")
        if self.cluster or self.cluster_mode or self.database_engine:
            raise DbtRuntimeError(
                "`driver: chdb` is one engine in one process: remove `cluster`, `cluster_mode` and"
                " `database_engine` from the profile, or use `driver: http`."
            )

    def _connection_keys(self) -> tuple[str, ...]:
        if self.is_embedded:
            return ("driver", "path", "schema", "custom_settings", "use_lw_deletes")
        return super()._connection_keys()  # type: ignore[no-any-return]
