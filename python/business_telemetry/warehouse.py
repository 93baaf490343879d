"""The warehouse that the dbt profile names, for programs that are not dbt: configured once, used by all."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from business_telemetry.ingest.sink import SinkSpec


#: How engines and file systems say that a disk, or what one may use of it, is full.
FULL: Final = ("NOT_ENOUGH_SPACE", "No space left", "Disk quota exceeded", "File too large")


def one_line(error: Exception) -> str:
    """What an engine, a server or a disk says, in one line, with the remedy where the disk is full."""
    text = str(error).split(", Stack trace", 1)[0].strip()
    told = (text.splitlines() or [type(error).__name__])[0][:300].rstrip(". ")
    return f"{told}; free some disk space" if any(each in text for each in FULL) else told


class WarehouseUnavailable(Exception):
    """The profile is missing or wrong, the server does not answer, or the path is held by another process."""

    exit_code = 5


@dataclass(frozen=True)
class Endpoint:
    """A server's HTTP interface, for those who cannot be handed a client."""

    url: str
    user: str
    password: str = field(repr=False)
    verify: bool = True
    settings: dict[str, str] = field(default_factory=dict)

    def sink(self, load_id: str, tables: dict[str, str]) -> SinkSpec:
        """Where tasks of a load send their rows: kind of row -> table."""
        from business_telemetry.ingest.sink import Server

        return Server(self.url, self.user, self.password, self.verify, load_id, tables, self.settings)


@dataclass(frozen=True)
class Warehouse:
    """An open connection and what the profile entry says about it.

    Attributes:
        client: a clickhouse-connect client.
        schema: the profile's schema; the raw tables live in the database `<schema>_raw`.
        path: the data directory of an embedded engine, None for a server.
        server: how others reach the server, None for an embedded engine.
        cluster: the cluster's name, if the profile has one.
        label: how messages name the warehouse.
    """

    client: Client
    schema: str
    path: Path | None
    server: Endpoint | None
    cluster: str | None
    label: str

    @property
    def raw(self) -> str:
        """The database of the raw layer."""
        return f"{self.schema}_raw"

    def close(self) -> None:
        self.client.close()


def open_warehouse(
    target: str | None = None, project_dir: Path | None = None, profiles_dir: Path | None = None
) -> Warehouse:
    """Open the warehouse of a dbt profile entry.

    Args:
        target: the profile's output; None means the profile's default target.
        project_dir: where `dbt_project.yml` is (default: the current directory). A relative `path` of an
            embedded warehouse is relative to it, as it is for dbt.
        profiles_dir: where `profiles.yml` is; default as for dbt: DBT_PROFILES_DIR, the project, `~/.dbt`.

    Raises:
        WarehouseUnavailable: with one line that says why and what to do.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from dbt.adapters.clickhouse.dbclient import ChRetryableException
    from dbt_common.exceptions import DbtBaseException

    from dbt.adapters.clickhouse_py.credentials import MEMORY
    from dbt.adapters.clickhouse_py.engine import connect, quorum

    project = (project_dir or Path.cwd()).resolve()
    try:
        credentials = load_credentials(target, project, profiles_dir)
        embedded = credentials.is_embedded and credentials.path != MEMORY
        if embedded:
            credentials.path = str(project / Path(credentials.path).expanduser())
        client = connect(credentials)
    except DbtBaseException as error:
        raise WarehouseUnavailable(" ".join((getattr(error, "msg", "") or str(error)).split())) from error
    except (ClickHouseError, ChRetryableException) as error:
        raise WarehouseUnavailable(f"{credentials.host}: {one_line(error)}") from error
    path = Path(credentials.data_path) if embedded else None
    return Warehouse(
        client=client,
        schema=credentials.schema,
        path=path,
        server=None
        if credentials.is_embedded
        else _endpoint(credentials, quorum(client, credentials.cluster)),
        cluster=credentials.cluster or None,
        label=str(path or credentials.host),
    )


def _endpoint(credentials: Any, settings: dict[str, str]) -> Endpoint:
    scheme, usual = ("https", 8443) if credentials.secure else ("http", 8123)
    url = f"{scheme}://{credentials.host}:{credentials.port or usual}"
    return Endpoint(url, credentials.user, credentials.password, bool(credentials.verify), settings)


def load_credentials(target: str | None, project: Path, profiles_dir: Path | None) -> Any:
    """The credentials of a profile entry, read and rendered by dbt's own loader.

    Raises:
        DbtBaseException: dbt's own message about what is wrong with the project or the profile.
    """
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context
    from dbt_common.exceptions import DbtRuntimeError

    if not (project / "dbt_project.yml").is_file():
        raise DbtRuntimeError(f"{project} is not a dbt project; run from the project or give --project-dir.")
    # dbt's own default stands in dbt.cli, whose import takes a second
    profiles = profiles_dir or _profiles_dir(project) or Path.home() / ".dbt"
    set_invocation_context(os.environ)
    set_from_args(Namespace(PROFILES_DIR=str(profiles)), {})
    return load_profile(str(project), {}, target_override=target).credentials


def _profiles_dir(project: Path) -> Path | None:
    if from_environment := os.environ.get("DBT_PROFILES_DIR"):
        return Path(from_environment)
    return project if (project / "profiles.yml").is_file() else None
