"""The dataset half of the DataLens stub: applies updates, and checks formulas as far as it can."""

from __future__ import annotations

import copy
import re
import uuid
from typing import Any

Json = dict[str, Any]
FIELD = re.compile(r"\[([^\[\]]+)\]")
NATIVE = {"native_type_class_name": "clickhouse_native_type", "nullable": True, "lowcardinality": False}
GUID = re.compile(r"[a-z0-9_-]{1,36}")


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, body: Json | str, headers: dict[str, str] | None = None) -> None:
        super().__init__(body)
        self.status = status
        self.body = body if isinstance(body, dict) else {"message": body}
        self.headers = headers or {}


class Datasets:
    """Tables of ClickHouse, and datasets on them. Ids of columns' fields: as the column, or random."""

    def __init__(self, tables: dict[str, list[tuple[str, str]]], *, random_guids: bool) -> None:
        self.tables = tables
        self.random_guids = random_guids

    def validated(self, dataset: Json, updates: list[Json]) -> Json:
        """The dataset after the updates; a refusal carries it too, with its errors."""
        state = copy.deepcopy(dataset)
        for update in updates:
            getattr(self, f"_{update['action']}")(state, update)
        errors = self._errors(state)
        state["component_errors"] = {"items": errors}
        if errors:
            raise Refused(400, {"message": "Validation failed", "details": {"data": {"dataset": state}}})
        return state

    def _errors(self, state: Json) -> list[Json]:
        """Formulas that name unknown fields or lack a bracket, columns that are gone, titles given twice."""
        schema = state["result_schema"]
        titles = [f["title"] for f in schema]
        columns = {c["name"] for source in state["sources"] for c in source["raw_schema"]}
        found = []
        for item in schema:
            problem = ""
            if titles.count(item["title"]) > 1:
                problem = f"the title {item['title']} is given twice"
            elif item["calc_mode"] == "direct" and item["source"] not in columns:
                problem = f"unknown column {item['source']}"
            elif item["calc_mode"] == "formula":
                unknown = [name for name in FIELD.findall(item["formula"]) if name not in titles]
                if unknown:
                    problem = f"Unknown field found in formula: {unknown[0]}"
                elif any(
                    item["formula"].count(a) != item["formula"].count(b) for a, b in (("(", ")"), ("[", "]"))
                ):
                    problem = "unexpected end of formula"
            item["valid"] = not problem
            if problem:
                error = {"level": "error", "message": problem, "code": "ERR.DS_API.FORMULA"}
                found.append({"id": item["guid"], "type": "field", "errors": [error]})
        return found

    def _columns(self, source: Json) -> list[Json]:
        parameters = source["parameters"]
        name = f"{parameters['db_name']}.{parameters['table_name']}"
        if name not in self.tables:
            error = {"level": "error", "message": f"table {name} does not exist"}
            broken = {"items": [{"id": source["id"], "type": "data_source", "errors": [error]}]}
            raise Refused(400, {"message": "Validation failed", "dataset": {"component_errors": broken}})
        return [
            {
                "name": column,
                "title": column,
                "user_type": kind,
                "native_type": {**NATIVE, "name": kind},
                "nullable": True,
            }
            for column, kind in self.tables[name]
        ]

    def _add_source(self, state: Json, update: Json) -> None:
        source = {**update["source"], "valid": True}
        source["raw_schema"] = self._columns(source)
        state["sources"].append(source)

    def _add_source_avatar(self, state: Json, update: Json) -> None:
        state["source_avatars"].append({**update["source_avatar"], "managed_by": "user"})
        self._add_columns(state, state["sources"][-1])

    def _update_source(self, state: Json, update: Json) -> None:
        state["sources"][0].update(parameters=update["source"]["parameters"])

    def _replace_connection(self, state: Json, update: Json) -> None:
        state["sources"][0]["connection_id"] = update["connection"]["new_id"]

    def _refresh_source(self, state: Json, update: Json) -> None:
        source = next(s for s in state["sources"] if s["id"] == update["source"]["id"])
        source["raw_schema"] = self._columns(source)
        self._add_columns(state, source)

    def _add_columns(self, state: Json, source: Json) -> None:
        known = {item.get("source") for item in state["result_schema"]}
        for column in source["raw_schema"]:
            if column["name"] not in known:
                guid = str(uuid.uuid4()) if self.random_guids else column["name"].lower()
                state["result_schema"].append(
                    {
                        **{
                            "guid": guid,
                            "title": column["name"],
                            "source": column["name"],
                            "calc_mode": "direct",
                        },
                        **{
                            "type": "DIMENSION",
                            "cast": column["user_type"],
                            "data_type": column["user_type"],
                        },
                        **{"aggregation": "none", "hidden": False, "avatar_id": source["id"], "valid": True},
                    }
                )

    def _add_field(self, state: Json, update: Json) -> None:
        wanted = update["field"]
        if not GUID.fullmatch(wanted["guid"]):
            raise Refused(400, f"bad guid {wanted['guid']}")
        if any(item["guid"] == wanted["guid"] for item in state["result_schema"]):
            return  # the server ignores it
        kind = wanted.get("type", "DIMENSION")
        defaults = {"type": kind, "hidden": False, "aggregation": "none", "data_type": wanted["cast"]}
        state["result_schema"].append({**defaults, **wanted})

    def _update_field(self, state: Json, update: Json) -> None:
        for item in state["result_schema"]:
            if item["guid"] == update["field"]["guid"]:
                item.update(update["field"])
                item["data_type"] = item["cast"]

    def _delete_field(self, state: Json, update: Json) -> None:
        kept = [item for item in state["result_schema"] if item["guid"] != update["field"]["guid"]]
        state["result_schema"] = kept

    def _update_description(self, state: Json, update: Json) -> None:
        state["description"] = update["description"]
