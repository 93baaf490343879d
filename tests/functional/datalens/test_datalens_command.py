"""`telemetry datalens deploy` as it is typed: environment, messages, exit codes, no secrets."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from datalens_shop import PASSWORD, shop, shop_stub
from datalens_stub import ORGANISATION, TOKEN, Failure, Stub
from datalens_stub_entries import WORKBOOK

from business_telemetry.cli import main

ENVIRONMENT = {
    "DATALENS_ORG_ID": ORGANISATION,
    "DATALENS_IAM_TOKEN": TOKEN,
    "DATALENS_WORKBOOK_ID": WORKBOOK,
    "DATALENS_CLICKHOUSE_HOST": "clickhouse.example",
    "DATALENS_CLICKHOUSE_USER": "datalens_reader",
    "DATALENS_CLICKHOUSE_PASSWORD": PASSWORD,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project directory with the shop's catalogue."""
    (tmp_path / "dashboard").mkdir()
    write(tmp_path, shop())
    monkeypatch.chdir(tmp_path)
    for name in (*ENVIRONMENT, "DATALENS_SERVICE_ACCOUNT_KEY", "DATALENS_CLICKHOUSE_PORT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(project: Path, catalogue: dict[str, Any]) -> None:
    text = yaml.safe_dump(catalogue, allow_unicode=True, sort_keys=False)
    (project / "dashboard" / "shop.yml").write_text(text, encoding="utf-8")


def telemetry(stub: Stub | None, *arguments: str, **environment: str) -> Result:
    transport = None if stub is None else stub.transport
    runner = CliRunner(env={**ENVIRONMENT, **environment})
    return runner.invoke(main, ["datalens", *arguments], obj=transport, prog_name="telemetry")


def test_deploy_and_deploy_again(project: Path) -> None:
    stub = shop_stub()
    first = telemetry(stub, "deploy")
    assert first.exit_code == 0, first.output
    assert first.output.splitlines()[0] == "+ connection shop_clickhouse"
    assert first.output.splitlines()[-1] == "18 created, 2 updated"
    assert telemetry(stub, "deploy").output == "18 unchanged\n"

    catalogue = shop()
    catalogue["charts"]["cities"]["y"] = ["m_revenue"]
    write(project, catalogue)
    planned = telemetry(stub, "deploy", "--dry-run")
    assert planned.output.startswith("~ chart cities\n    visualization.columns.items: [")
    assert planned.output.endswith("1 to update, 17 unchanged\n")


def test_without_a_workbook_one_is_made_and_named(project: Path) -> None:
    stub = shop_stub()
    assert telemetry(stub, "deploy", "--dry-run", DATALENS_WORKBOOK_ID="").output == (
        "A new workbook would be made: no --workbook and no DATALENS_WORKBOOK_ID.\n"
    )
    assert stub.calls == []
    made = telemetry(stub, "deploy", DATALENS_WORKBOOK_ID="")
    assert made.exit_code == 0
    assert made.output.startswith(f"New workbook. Keep its id: export DATALENS_WORKBOOK_ID={WORKBOOK}\n")


def test_missing_variables_are_all_named(project: Path) -> None:
    result = telemetry(None, "deploy", DATALENS_IAM_TOKEN="", DATALENS_CLICKHOUSE_HOST="")
    assert result.exit_code == 2
    assert (
        "not set: DATALENS_CLICKHOUSE_HOST, DATALENS_IAM_TOKEN or DATALENS_SERVICE_ACCOUNT_KEY"
        in result.output
    )


@pytest.mark.parametrize("account", [{}, {"service_account_id": "a"}])
def test_a_malformed_key_is_refused_and_not_shown(project: Path, account: dict[str, str]) -> None:
    key = json.dumps({"id": "k", "private_key": "very private", **account})
    result = telemetry(None, "deploy", DATALENS_SERVICE_ACCOUNT_KEY=key)
    assert result.exit_code == 2
    assert "yc iam key create" in result.output
    assert "very private" not in result.output


def test_a_mistake_in_the_catalogue_has_its_place(project: Path) -> None:
    catalogue = shop()
    catalogue["charts"]["cities"]["colour"] = "red"
    write(project, catalogue)
    result = telemetry(None, "deploy")
    assert result.exit_code == 2
    assert "dashboard/shop.yml:" in result.output
    assert "unknown key" in result.output


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure("createConnection", 400, {"message": "?"}), 1),
        (Failure("getWorkbook", 404, {"message": "?"}), 2),
        (Failure("createWizardChart", 401, {"message": "?"}), 4),
        (Failure("createDataset", 403, {"message": "?"}), 4),
        (Failure("createDashboard", 409, {"message": "?"}), 6),
        (Failure("updateDataset", 423, {"message": "?"}), 6),
        (Failure("createWizardChart", 502, {"message": "?"}), 7),
    ],
)
def test_exit_codes_and_no_secret_anywhere(
    project: Path,
    failure: Failure,
    code: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The server quotes what it was sent, and everything is logged."""
    stub = shop_stub()
    failure.body = {"message": f"refused: {PASSWORD}, Bearer {TOKEN}", "details": {"password": PASSWORD}}
    stub.failures.append(failure)
    with caplog.at_level(logging.DEBUG):
        result = telemetry(stub, "deploy")
    assert result.exit_code == code, result.output
    assert result.output.splitlines()[-1].startswith("Error: ")
    everything = result.output + caplog.text + "".join(capfd.readouterr())
    assert PASSWORD not in everything
    assert TOKEN not in everything


def test_the_password_goes_into_the_connection_only(project: Path) -> None:
    stub = shop_stub()
    telemetry(stub, "deploy")
    assert {operation for operation, body in stub.bodies if PASSWORD in json.dumps(body)} == {
        "createConnection"
    }
    stub.forget_calls()
    planned = telemetry(stub, "deploy", "--dry-run", DATALENS_CLICKHOUSE_HOST="new.example")
    assert planned.output.startswith(
        "~ connection shop_clickhouse\n    host: clickhouse.example -> new.example\n"
    )
    assert stub.writes == []
    telemetry(stub, "deploy", DATALENS_CLICKHOUSE_HOST="new.example")
    assert stub.writes == ["updateConnection"]
    assert stub.find("connection", "shop_clickhouse")["params"]["host"] == "new.example"


def test_smoke_needs_a_scratch_workbook(project: Path) -> None:
    result = telemetry(None, "smoke")
    assert result.exit_code == 2
    assert "DATALENS_SMOKE_WORKBOOK_ID" in result.output


def test_a_key_signs_and_its_refusal_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    key = {"id": "k", "service_account_id": "a", "private_key": f"PLEASE DO NOT REMOVE THIS LINE!\n{pem}"}

    def refuse(url: str, **_: object) -> httpx.Response:
        return httpx.Response(401, request=httpx.Request("POST", url))

    monkeypatch.setattr(httpx, "post", refuse)
    result = telemetry(shop_stub(), "deploy", DATALENS_SERVICE_ACCOUNT_KEY=json.dumps(key))
    assert result.exit_code == 4, result.output
    assert "refuses the service account's key (401 from iam.api.cloud.yandex.net)" in result.output


def test_help_lists_variables_and_exit_codes() -> None:
    lines = telemetry(None, "deploy", "--help").output.splitlines()
    assert "    DATALENS_CLICKHOUSE_USER           a read-only user" in lines
    assert "    3  DataLens refuses a formula, or cannot read a table" in lines
