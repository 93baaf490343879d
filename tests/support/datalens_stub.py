"""A stand-in for DataLens' API, in the process: what the SDK speaks, checked and remembered.

It knows the parts of the API that a deploy uses: required headers, required keys, names that are taken,
references that must exist, formulas whose fields must exist. It cannot know what the real server makes of a formula
or a chart.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from datalens_stub_datasets import Datasets, Refused

TOKEN = "t1.stub-token-of-the-test-run-0123456789"
ORGANISATION = "org-of-the-test"
WORKBOOK = "wb-1"
Json = dict[str, Any]

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
SLOTS = (
    "x",
    "y",
    "y2",
    "columns",
    "rows",
    "measures",
    "dimensions",
    "colors",
    "labels",
    "points",
    "size",
    "tooltip",
)


@dataclass
class Failure:
    """The next request of that operation is refused, once `after` others of it have passed."""

    operation: str
    status: int
    body: Json
    after: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Stub:
    """One organisation with one workbook."""

    def __init__(self, tables: dict[str, list[tuple[str, str]]], *, random_guids: bool = False) -> None:
        self.datasets = Datasets(tables, random_guids=random_guids)
        self.entries: dict[str, Json] = {}
        self.calls: list[str] = []
        self.bodies: list[tuple[str, Json]] = []
        self.failures: list[Failure] = []
        self.locked: set[str] = set()
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

    def find(self, scope: str, name: str) -> Json:
        """The stored entry."""
        return next(e for e in self.entries.values() if (e["scope"], e["name"]) == (scope, name))

    def names(self, scope: str) -> set[str]:
        return {entry["name"] for entry in self.entries.values() if entry["scope"] == scope}

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

    def _add(self, scope: str, name: str, kind: str, **content: Any) -> Json:
        if name in self.names(scope):
            raise Refused(
                409, {"code": "ERR.US.DB.UNIQUE_VIOLATION", "message": f"The entry {name} already exists"}
            )
        entry_id = f"{scope}-{len(self.entries) + 1}"
        self.entries[entry_id] = {"id": entry_id, "scope": scope, "name": name, "type": kind, **content}
        return self.entries[entry_id]

    def _entry(self, entry_id: str, scope: str) -> Json:
        entry = self.entries.get(entry_id)
        if entry is None or entry["scope"] != scope:
            raise Refused(404, f"no {scope} {entry_id}")
        return entry

    def _unlocked(self, entry_id: str, scope: str) -> Json:
        if entry_id in self.locked:
            raise Refused(423, {"code": "ERR.US.ENTRY_IS_LOCKED", "message": "The entry is locked"})
        return self._entry(entry_id, scope)

    def _delete(self, entry_id: str, scope: str) -> Json:
        del self.entries[self._unlocked(entry_id, scope)["id"]]
        return {}

    # workbook

    def _createWorkbook(self, body: Json) -> Json:
        return {"workbookId": WORKBOOK, "title": body["title"]}

    def _getWorkbook(self, body: Json) -> Json:
        if body["workbookId"] != WORKBOOK:
            raise Refused(404, "no such workbook")
        return {"workbookId": WORKBOOK, "title": "Магазин"}

    def _getWorkbookEntries(self, body: Json) -> Json:
        size, page = 20, body.get("page", 0)
        rows = [self._summary(entry) for entry in self.entries.values()][page * size : page * size + size + 1]
        return {"entries": rows[:size], **({"nextPageToken": str(page + 1)} if len(rows) > size else {})}

    def _getEntries(self, body: Json) -> Json:
        return {"entries": [self._summary(self.entries[i]) for i in body["ids"] if i in self.entries]}

    @staticmethod
    def _summary(entry: Json) -> Json:
        key = f"{WORKBOOK}/{entry['name']}"
        return {
            "entryId": entry["id"],
            "scope": entry["scope"],
            "type": entry["type"],
            "key": key,
            "displayKey": key,
        }

    # connections

    def _createConnection(self, body: Json) -> Json:
        return {"id": self._add("connection", body["name"], "clickhouse", params=body)["id"]}

    def _getConnection(self, body: Json) -> Json:
        entry = self._entry(body["connectionId"], "connection")
        return {
            "id": entry["id"],
            "options": {},
            **{k: v for k, v in entry["params"].items() if k != "password"},
        }

    def _updateConnection(self, body: Json) -> Json:
        self._unlocked(body["connectionId"], "connection")["params"].update(body["data"])
        return {}

    def _deleteConnection(self, body: Json) -> Json:
        return self._delete(body["connectionId"], "connection")

    # datasets

    def _validateDataset(self, body: Json) -> Json:
        if body["datasetId"]:
            self._entry(body["datasetId"], "dataset")
        return {"dataset": self.datasets.validated(body["data"]["dataset"], body["data"]["updates"])}

    def _createDataset(self, body: Json) -> Json:
        entry = self._add("dataset", body["name"], "", dataset=body["dataset"])
        return {"id": entry["id"], "dataset": {"result_schema": []}}

    def _getDataset(self, body: Json) -> Json:
        entry = self._entry(body["datasetId"], "dataset")
        return {
            "id": entry["id"],
            "key": f"{WORKBOOK}/{entry['name']}",
            "dataset": copy.deepcopy(entry["dataset"]),
        }

    def _updateDataset(self, body: Json) -> Json:
        if body["data"].get("mode") != "publish":
            raise Refused(400, "a draft")
        self._unlocked(body["datasetId"], "dataset")["dataset"] = body["data"]["dataset"]
        return self._getDataset(body)

    def _deleteDataset(self, body: Json) -> Json:
        return self._delete(body["datasetId"], "dataset")

    # charts

    def _chart_entry(self, entry: Json) -> Json:
        # the server adds defaults of its own
        data = copy.deepcopy(entry["data"])
        data["visualization"].setdefault("chartSettings", {}).setdefault("feed", "")
        return {"entry": {**self._about(entry), "version": 1, "data": data}}

    def _createWizardChart(self, body: Json) -> Json:
        self._check_chart(body["data"])
        kind = "graph_wizard_node"
        entry = self._add("widget", body["name"], kind, data=body["data"], annotation=body.get("annotation"))
        return self._chart_entry(entry)

    def _getWizardChart(self, body: Json) -> Json:
        return self._chart_entry(self._entry(body["chartId"], "widget"))

    def _updateWizardChart(self, body: Json) -> Json:
        self._check_chart(body["data"])
        entry = self._unlocked(body["chartId"], "widget")
        entry.update(data=body["data"], annotation=body.get("annotation", entry["annotation"]))
        return self._chart_entry(entry)

    def _deleteWizardChart(self, body: Json) -> Json:
        return self._delete(body["chartId"], "widget")

    def _check_chart(self, data: Json) -> None:
        """Every field stands in a dataset of the chart, or is a hierarchy of the chart."""
        guids = {item["guid"] for item in data["sources"].get("hierarchies", ())}
        for dataset_id in data["sources"]["datasetsIds"]:
            guids |= {f["guid"] for f in self._entry(dataset_id, "dataset")["dataset"]["result_schema"]}
        visualization = data["visualization"]
        placed = 0
        for layer in visualization.get("layers", [visualization]):
            for slot in SLOTS:
                for item in layer.get(slot, {}).get("items", ()):
                    if item.get("type") == "PSEUDO":
                        continue
                    placed += 1
                    if item["guid"] not in guids:
                        raise Refused(400, f"no field {item['guid']}")
        if not placed:
            raise Refused(400, "an empty chart")

    # dashboards

    def _dashboard_entry(self, entry: Json) -> Json:
        return {"entry": {**self._about(entry), "version": 2, "data": copy.deepcopy(entry["data"])}}

    def _createDashboard(self, body: Json) -> Json:
        wanted = body["entry"]
        entry = self._add(
            "dash", wanted["name"], "", data=wanted["data"], annotation=wanted.get("annotation")
        )
        return self._dashboard_entry(entry)

    def _getDashboard(self, body: Json) -> Json:
        return self._dashboard_entry(self._entry(body["dashboardId"], "dash"))

    def _updateDashboard(self, body: Json) -> Json:
        if body["mode"] != "publish":
            raise Refused(400, "a draft")
        wanted = body["entry"]
        entry = self._unlocked(wanted["entryId"], "dash")
        entry.update(data=wanted["data"], annotation=wanted.get("annotation", entry["annotation"]))
        return self._dashboard_entry(entry)

    def _deleteDashboard(self, body: Json) -> Json:
        return self._delete(body["dashboardId"], "dash")

    @staticmethod
    def _about(entry: Json) -> Json:
        stamp = {"createdAt": "", "createdBy": "", "updatedAt": "", "updatedBy": "", "tenantId": ""}
        revision = {"revId": "r", "savedId": "r", "publishedId": "r"}
        flags = {"hidden": False, "public": False, "links": None, "meta": None}
        mine = {"entryId": entry["id"], "key": f"{WORKBOOK}/{entry['name']}", "scope": entry["scope"]}
        kind = {"type": entry["type"], "workbookId": WORKBOOK, "annotation": entry["annotation"]}
        return {**stamp, **revision, **flags, **mine, **kind}
