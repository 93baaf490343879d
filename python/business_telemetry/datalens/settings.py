"""Credentials, from the environment only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import jwt
from datalens_sdk import (
    AuthProviderProtocol,
    StaticYCIAMAuthProvider,
    YCServiceAccountCredentialsAuthProvider,
)

from business_telemetry.dashboard.russian import DEFAULT_CURRENCY
from business_telemetry.datalens.errors import BadSettings

TOKEN = "DATALENS_IAM_TOKEN"
KEY = "DATALENS_SERVICE_ACCOUNT_KEY"
ORGANISATION = "DATALENS_ORG_ID"
HOST = "DATALENS_CLICKHOUSE_HOST"
PORT = "DATALENS_CLICKHOUSE_PORT"
USER = "DATALENS_CLICKHOUSE_USER"
PASSWORD = "DATALENS_CLICKHOUSE_PASSWORD"
DATABASE = "DATALENS_CLICKHOUSE_DATABASE"
CURRENCY = "DATALENS_CURRENCY"


@dataclass(frozen=True)
class ClickHouse:
    """Where DataLens finds the marts, as which user (docs/datalens.md), and in what currency."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    currency: str = DEFAULT_CURRENCY  # ISO code


@dataclass(frozen=True)
class Settings:
    """How to log in to DataLens, and how DataLens logs in to ClickHouse."""

    auth: AuthProviderProtocol = field(repr=False)
    clickhouse: ClickHouse
    secrets: tuple[str, ...] = field(repr=False)  # never to be printed


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read every setting.

    Raises:
        BadSettings: names all variables that are missing, or the one that is malformed.
    """
    missing = [name for name in (ORGANISATION, HOST, USER, PASSWORD) if not environ.get(name)]
    if not environ.get(TOKEN) and not environ.get(KEY):
        missing.append(f"{TOKEN} or {KEY}")
    if missing:
        raise BadSettings(f"not set: {', '.join(missing)}. docs/datalens.md says what they hold.")
    port = environ.get(PORT, "8443")
    if not port.isdecimal():
        raise BadSettings(f"{PORT}={port!r} is not a port number")
    currency = environ.get(CURRENCY, DEFAULT_CURRENCY)
    if not (currency.isascii() and currency.isalpha() and currency.isupper() and len(currency) == 3):
        raise BadSettings(f"{CURRENCY}={currency!r} is not an ISO code such as USD")
    clickhouse = ClickHouse(
        host=environ[HOST],
        port=int(port),
        user=environ[USER],
        password=environ[PASSWORD],
        database=environ.get(DATABASE, "telemetry_marts"),
        currency=currency,
    )
    auth, secret = _auth(environ)
    return Settings(auth=auth, clickhouse=clickhouse, secrets=(clickhouse.password, secret))


def _auth(environ: Mapping[str, str]) -> tuple[AuthProviderProtocol, str]:
    """A service account's key is preferred: its tokens renew themselves."""
    organisation = environ[ORGANISATION]
    if not environ.get(KEY):
        return StaticYCIAMAuthProvider(org_id=organisation, token=environ[TOKEN]), environ[TOKEN]
    try:
        key = json.loads(environ[KEY])
        provider = YCServiceAccountCredentialsAuthProvider(
            org_id=organisation,
            key_id=key["id"],
            service_account_id=key["service_account_id"],
            private_key=key["private_key"],
        )
        jwt.encode({}, key["private_key"], algorithm="PS256")  # a key that cannot sign is found here
    except (ValueError, KeyError, TypeError, jwt.PyJWTError):
        # the cause would quote the key
        raise BadSettings(
            f"{KEY} does not hold the JSON that `yc iam key create --output` writes "
            "(id, service_account_id, private_key)"
        ) from None
    return provider, key["private_key"]
