"""dbt-clickhouse plus two things: an engine inside the dbt process (`driver: chdb`) and Python models."""

from dbt.adapters.base import AdapterPlugin

from dbt.adapters.clickhouse_py.credentials import ClickHousePyCredentials
from dbt.adapters.clickhouse_py.impl import ClickHouse_PyAdapter
from dbt.include import clickhouse_py

Plugin = AdapterPlugin(
    adapter=ClickHouse_PyAdapter,
    credentials=ClickHousePyCredentials,
    include_path=clickhouse_py.PACKAGE_PATH,
    dependencies=["clickhouse"],
)
