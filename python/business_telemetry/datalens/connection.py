"""The connection from DataLens to ClickHouse."""

from __future__ import annotations

from datalens_sdk import Connection

from business_telemetry.datalens.context import Change, Context
from business_telemetry.datalens.state import MARKER

KIND = "connection"
CACHE_SECONDS = 300


def settle_connection(ctx: Context) -> Connection | None:
    """Create or correct the connection; None when a dry run would have to create it.

    DataLens never returns the password, so a new one alone is no difference; it goes along with any other.
    """
    name = ctx.catalogue.connection.name
    ctx.begin(KIND, name)
    found = ctx.index.find(KIND, name)
    login = ctx.clickhouse
    if found is None:
        ctx.report(Change("create", KIND, name, (f"{login.user} at {login.host}:{login.port}",)))
        if ctx.dry_run:
            return None
        return (
            ctx.clients.live.create.connection.clickhouse(name=name, location=ctx.location)
            .description(MARKER)
            .host(login.host)
            .port(login.port)
            .db_name(login.database)
            .username(login.user)
            .password(login.password)
            .secure("on")
            .ssl_ca_verify("on")
            .readonly(2)  # DataLens sends query settings
            .raw_sql_level("off")
            .cache_ttl_sec(CACHE_SECONDS)
            .build()
        )
    connection = ctx.clients.live.get.connection(by_id=found)
    ctx.require_ours(connection.description)
    wanted: dict[str, object] = {
        "host": login.host,
        "port": login.port,
        "db_name": login.database,
        "username": login.user,
        "secure": "on",
        "ssl_ca_verify": "on",
        "readonly": 2,
        "raw_sql_level": "off",
        "cache_ttl_sec": CACHE_SECONDS,
    }
    changed = [
        f"{key}: {connection.raw[key]} -> {value}"
        for key, value in wanted.items()
        if key in connection.raw and connection.raw[key] != value
    ]
    ctx.report(Change("update" if changed else "same", KIND, name, tuple(changed)))
    if changed and ctx.writes:
        update = connection.update
        for key, value in wanted.items():
            update.set(key, value)
        update.set("password", login.password).execute()
    return connection
