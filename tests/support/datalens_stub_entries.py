"""The entries half of the DataLens stub: connections, charts, dashboards and their operations."""

from __future__ import annotations

import copy
from typing import Any

from datalens_stub_datasets import Datasets, Json, Refused

WORKBOOK = "wb-1"
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


class Entries:
    """One workbook. Methods named after the API's operations answer them."""

    def __init__(self, datasets: Datasets) -> None:
        self.datasets = datasets
        self.entries: dict[str, Json] = {}
        self.locked: set[str] = set()
        self.made = 0

    def find(self, scope: str, name: str) -> Json:
        """The stored entry."""
        return next(e for e in self.entries.values() if (e["scope"], e["name"]) == (scope, name))

    def names(self, scope: str) -> set[str]:
        return {entry["name"] for entry in self.entries.values() if entry["scope"] == scope}

    def _add(self, scope: str, name: str, kind: str, **content: Any) -> Json:
        if name in self.names(scope):
            raise Refused(
                409, {"code": "ERR.US.DB.UNIQUE_VIOLATION", "message": f"The entry {name} already exists"}
            )
        self.made += 1
        entry_id = f"{scope}-{self.made}"
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

    def _getDatasetData(self, body: Json) -> Json:
        """One row without meaning, if all fields are there."""
        schema = self._entry(body["datasetId"], "dataset")["dataset"]["result_schema"]
        fields = {item["guid"]: item for item in schema}
        lost = [guid for guid in body["columns"] if guid not in fields]
        if lost:
            raise Refused(400, f"no field {lost[0]}")
        about = [{"name": fields[g]["title"], "guid": g, "type": fields[g]["cast"]} for g in body["columns"]]
        return {"columns": about, "rows": [[None] * len(about)]}

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
