"""A small catalogue with every chart type, the tables under it, and a deploy of it to a stub."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from datalens_sdk import StaticYCIAMAuthProvider
from datalens_stub import ORGANISATION, TOKEN, Stub
from datalens_stub_entries import WORKBOOK

from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.dashboard.derive import FORMULA_FIELD, to_datalens
from business_telemetry.dashboard.fields import Calculated, Measure
from business_telemetry.datalens.apply import deploy
from business_telemetry.datalens.client import Clients
from business_telemetry.datalens.context import Change
from business_telemetry.datalens.settings import ClickHouse

PASSWORD = "pa55-of-the-read-only-user"
SHOP: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def shop() -> dict[str, Any]:
    """A copy of the catalogue's YAML to edit."""
    return copy.deepcopy(SHOP)


def by_hand(yaml: dict[str, Any], dataset: str, measure: str, datalens: str) -> None:
    """Give a measure a formula of its own."""
    held = yaml["datasets"][dataset]["measures"].get(measure, {"title": "Сумма", "hint": "Сумма."})
    kept = {key: held[key] for key in ("title", "hint")}
    formula = {"sql": "1", "datalens": datalens, "why": "a test", "type": "integer"}
    yaml["datasets"][dataset]["measures"][measure] = kept | formula


def tables_of(catalogue: Catalogue) -> dict[str, list[tuple[str, str]]]:
    """The tables that the catalogue's datasets read: its dimensions, and every other column of a formula."""
    found: dict[str, dict[str, str]] = {}
    for spec in catalogue.datasets.values():
        columns = found.setdefault(f"telemetry_marts.{spec.table}", {})
        in_server = {"geopoint": "string", "datetime": "genericdatetime"}
        columns |= {key: in_server.get(item.type, item.type) for key, item in spec.dimensions.items()}
        own = {*spec.calculated, *spec.measures, *spec.parameters}
        formulas: list[Calculated | Measure] = [*spec.calculated.values(), *spec.measures.values()]
        for item in formulas:
            for name in FORMULA_FIELD.findall(to_datalens(spec, item)):
                if name not in own:
                    columns.setdefault(name, "float")
    return {table: list(columns.items()) for table, columns in found.items()}


def shop_stub(*, random_guids: bool = True) -> Stub:
    """A server with the shop's tables. It may draw ids of columns' fields or derive them."""
    return Stub(tables_of(Catalogue.model_validate(shop())), random_guids=random_guids)


@dataclass
class Deploys:
    """Deploys to one stub."""

    stub: Stub
    changes: list[Change] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    clients: Clients = field(init=False)

    def __post_init__(self) -> None:
        auth = StaticYCIAMAuthProvider(org_id=ORGANISATION, token=TOKEN)
        self.clients = Clients(auth, self.stub.transport, self.slept.append)

    def run(
        self,
        edited: dict[str, Any] | None = None,
        *,
        dry_run: bool = False,
        prune: bool = False,
        currency: str = "RUB",
    ) -> list[str]:
        """One deploy. Returns the writes, in order."""
        catalogue = Catalogue.model_validate(edited or shop())
        clickhouse = ClickHouse(
            "clickhouse.example", 8443, "datalens_reader", PASSWORD, "telemetry_marts", currency
        )
        self.stub.forget_calls()
        self.changes.clear()
        self.slept.clear()
        report = self.changes.append
        deploy(self.clients, catalogue, clickhouse, WORKBOOK, report, dry_run=dry_run, prune=prune)
        return self.stub.writes

    def told(self, what: str) -> dict[str, tuple[str, ...]]:
        """`kind name` -> details of the last deploy's changes of that sort."""
        return {f"{c.kind} {c.name}": c.details for c in self.changes if c.what == what}
