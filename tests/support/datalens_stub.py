"""A stand-in for DataLens' API, in the process: what the SDK speaks, checked and remembered.

It knows the parts of the API that a deploy uses: required headers, required keys, names that are taken,
references that must exist, formulas whose fields must exist. It cannot know what the real server makes of a
formula or a chart.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from datalens_stub_datasets import Datasets, Json, Refused
from datalens_stub_entries import Entries

TOKEN = "t1.stub-token-of-the-test-run-0123456789"
ORGANISATION = "org-of-the-test"

# operation -> keys that its body (its `entry`, where there is one) must have, and may have
BODIES: dict[str, tuple[set[str], set[str]]] = {
    "createWorkbook": ({"title"}, {"collectionId", "description"}),
    "getWorkbook": ({"workbookId"}, {"includePermissionsInfo"}),
    "getWorkbookEntries": (
        {"workbookId"},
        {"page", "pageSize", "scope", "orderBy", "includePermissionsInfo"},
    ),
    "getEntries": ({"ids"}, {"pageSize", "orderBy"}),
    "getConnection": ({"connectionId"}, {"workbookId"}),
    "updateConnection": ({"connectionId", "data"}, set()),
    "deleteConnection": ({"connectionId"}, set()),
    "validateDataset": ({"datasetId", "data"}, {"workbookId"}),
    "createDataset": ({"dataset", "name", "workbook_id"}, {"created_via", "preview"}),
    "getDataset": ({"datasetId"}, {"workbookId", "rev_id"}),
    "getDatasetData": (
        {"datasetId", "columns"},
        {"filters", "params", "sort", "limit", "offset", "workbookId"},
    ),
    "updateDataset": ({"datasetId", "data"}, {"workbookId"}),
    "deleteDataset": ({"datasetId"}, set()),
    "createWizardChart": ({"data", "name", "workbookId"}, {"annotation"}),
    "getWizardChart": ({"chartId"}, {"workbookId", "branch", "revId"}),
    "updateWizardChart": ({"chartId", "data", "mode"}, {"annotation", "revId"}),
    "deleteWizardChart": ({"chartId"}, set()),
    "createDashboard": ({"data", "meta", "name", "workbookId"}, {"annotation"}),
    "getDashboard": ({"dashboardId"}, {"workbookId", "branch", "revId"}),
    "updateDashboard": ({"entryId", "data", "meta"}, {"annotation", "revId"}),
    "deleteDashboard": ({"dashboardId"}, set()),
}
CLICKHOUSE = {
    "type",
    "name",
    "workbook_id",
    "host",
    "port",
    "username",
    "password",
    "db_name",
    "secure",
    "readonly",
}


@dataclass
class Failure:
    """The next request of that operation is refused, once `after` others of it have passed."""

    operation: str
    status: int
    body: Json
    after: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Stub(Entries):
    """One organisation with one workbook."""

    def __init__(self, tables: dict[str, list[tuple[str, str]]], *, random_guids: bool = False) -> None:
        super().__init__(Datasets(tables, random_guids=random_guids))
        self.calls: list[str] = []
        self.bodies: list[tuple[str, Json]] = []
        self.failures: list[Failure] = []
        self.token = TOKEN

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._handle)

    @property
    def writes(self) -> list[str]:
        """Operations so far that change something, in order."""
        return [call for call in self.calls if call.startswith(("create", "update", "delete"))]

    def forget_calls(self) -> None:
        self.calls.clear()
        self.bodies.clear()

    def _handle(self, request: httpx.Request) -> httpx.Response:
        operation = request.url.path.removeprefix("/rpc/")
        # a JavaScript server reads and returns 6.0 as 6
        body = json.loads(
            request.content,
            parse_float=lambda text: int(float(text)) if float(text).is_integer() else float(text),
        )
        self.calls.append(operation)
        self.bodies.append((operation, copy.deepcopy(body)))
        try:
            self._check_headers(request)
            self._fail_on_purpose(operation)
            self._check_body(operation, body)
            handler: Callable[[Json], Json] = getattr(self, f"_{operation}")
            answer = handler(body)
        except Refused as refused:
            headers = {"x-request-id": "req-1", **refused.headers}
            return httpx.Response(refused.status, json=refused.body, headers=headers)
        return httpx.Response(200, json=answer, headers={"x-request-id": "req-1"})

    def _check_headers(self, request: httpx.Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise Refused(401, f"Invalid token {request.headers.get('authorization')}")
        if (
            request.headers.get("x-dl-org-id") != ORGANISATION
            or request.headers.get("x-dl-api-version") != "3"
        ):
            raise Refused(400, "wrong x-dl-org-id or x-dl-api-version")

    def _fail_on_purpose(self, operation: str) -> None:
        for failure in self.failures:
            if failure.operation == operation:
                if failure.after:
                    failure.after -= 1
                    return
                self.failures.remove(failure)
                raise Refused(failure.status, failure.body, failure.headers)

    def _check_body(self, operation: str, body: Json) -> None:
        if operation == "createConnection":
            if not body.keys() >= CLICKHOUSE:
                raise Refused(400, f"createConnection without {CLICKHOUSE - body.keys()}")
            return
        needed, allowed = BODIES[operation]
        keys = body["entry"].keys() if operation == "updateDashboard" else body.get("entry", body).keys()
        if not keys >= needed or keys - needed - allowed:
            raise Refused(400, f"{operation}: has {sorted(keys)}, needs {sorted(needed)}")
