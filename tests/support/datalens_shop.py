"""A small catalogue with every chart type, the tables under it, and a deploy of it to a stub."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from datalens_sdk import StaticYCIAMAuthProvider
from datalens_stub import ORGANISATION, TOKEN, WORKBOOK, Stub

from business_telemetry.dashboard.catalogue import FORMULA_FIELD, Catalogue
from business_telemetry.datalens.apply import deploy
from business_telemetry.datalens.client import Clients
from business_telemetry.datalens.context import Change
from business_telemetry.datalens.settings import ClickHouse

PASSWORD = "pa55-of-the-read-only-user"
SHOP: dict[str, Any] = {
    "version": 1,
    "connection": {"name": "shop_clickhouse"},
    "parameters": {
        "scale": {"title": "Масштаб", "options": {"day": "День", "month": "Месяц"}, "default": "day"}
    },
    "datasets": {
        "sales": {
            "title": "Продажи",
            "table": "fct_sales",
            "date": "event_date",
            "parameters": ["scale"],
            "dimensions": {
                "event_date": {"title": "День", "type": "date"},
                "city": {"title": "Город"},
                "gender": {"title": "Пол", "labels": {"Ж": "Женщины", "М": "Мужчины"}},
                "local_hour": {"title": "Час", "type": "integer"},
                "geopoint": {"title": "Точка", "type": "geopoint", "hidden": True},
            },
            "calculated": {
                "period": {
                    "title": "Период",
                    "type": "date",
                    "sql": "event_date",
                    "datalens": (
                        'IF [scale] = "month" THEN DATETRUNC([event_date], "month") ELSE [event_date] END'
                    ),
                },
                "weekday": {
                    "title": "День недели",
                    "type": "integer",
                    "labels": {"1": "пн", "2": "вт"},
                    "sql": "toDayOfWeek(event_date)",
                    "datalens": "DAYOFWEEK([event_date])",
                },
            },
            "measures": {
                # on purpose before the measures that it names
                "m_aov": {
                    "title": "Средний чек",
                    "sql": "@m_revenue / @m_orders",
                    "datalens": "[m_revenue] / [m_orders]",
                    "format": {"kind": "money"},
                },
                "m_revenue": {"title": "Выручка", "sql": "sum(revenue)", "datalens": "SUM([revenue])"},
                "m_orders": {
                    "title": "Заказы",
                    "type": "integer",
                    "sql": "uniqExact(order_key)",
                    "datalens": "COUNTD([order_key])",
                },
                "m_share": {
                    "title": "Доля",
                    "sql": "1",
                    "datalens": "SUM([revenue]) / SUM(SUM([revenue]) TOTAL)",
                    "format": {"kind": "percent", "precision": 1},
                },
            },
        },
        "funnel": {
            "title": "Воронка",
            "table": "fct_funnel",
            "date": "session_date",
            "dimensions": {
                "session_date": {"title": "День сессии", "type": "date"},
                "month": {"title": "Месяц", "type": "date"},
                "week_start": {"title": "Неделя", "type": "date"},
                "city": {"title": "Город"},
            },
            "measures": {
                "m_sessions": {"title": "Сессии", "sql": "count()", "datalens": "COUNTD([session_key])"},
                "m_ordered": {
                    "title": "С заказом",
                    "sql": "1",
                    "datalens": "COUNTD_IF([session_key], [step_level] >= 4)",
                },
            },
        },
    },
    "charts": {
        "kpi": {
            "title": "Выручка",
            "type": "indicator",
            "dataset": "sales",
            "y": ["m_revenue"],
            "compare": True,
        },
        "trend": {
            **{"title": "Динамика", "type": "line", "dataset": "sales", "x": ["period"]},
            **{"y": ["m_revenue"], "y2": ["m_aov"], "note": "Чек справа"},
        },
        "banded": {
            **{"title": "Коридор", "type": "line", "dataset": "sales", "x": ["period"], "y": ["m_revenue"]},
            **{"band": ["m_aov", "m_share"], "flag": "m_orders"},
        },
        "areas": {
            "title": "Область",
            "type": "area",
            "dataset": "sales",
            "x": ["period"],
            "y": ["m_revenue"],
        },
        "columns": {
            **{
                "title": "Столбцы",
                "type": "column",
                "dataset": "sales",
                "x": ["weekday"],
                "y": ["m_revenue"],
            },
            **{"color": "gender", "stacked": True},
        },
        "pareto": {
            **{"title": "Парето", "type": "column", "dataset": "sales", "x": ["city"], "y": ["m_revenue"]},
            **{"y2": ["m_share"], "sort": "-m_revenue"},
        },
        "bars": {"title": "Полосы", "type": "bar", "dataset": "sales", "y": ["m_revenue", "m_orders"]},
        "donut": {
            "title": "Кольцо",
            "type": "donut",
            "dataset": "sales",
            "x": ["gender"],
            "y": ["m_revenue"],
        },
        "steps": {
            "title": "Воронка",
            "type": "funnel",
            "dataset": "funnel",
            "y": ["m_sessions", "m_ordered"],
        },
        "cities": {
            **{
                "title": "Города",
                "type": "table",
                "dataset": "sales",
                "x": ["city"],
                "y": ["m_revenue", "m_share"],
            },
            **{"bars": ["m_revenue"], "sort": "-m_revenue", "limit": 20, "where": {"gender": ["Ж"]}},
        },
        "cr": {
            **{"title": "Конверсия", "type": "pivot", "dataset": "funnel", "rows": ["month", "week_start"]},
            **{"y": ["m_sessions", "m_ordered"], "heat": {"m_ordered": "green-orange-red"}},
        },
        "hours": {
            **{"title": "Часы", "type": "heatmap", "dataset": "sales", "rows": ["weekday"]},
            **{"columns": ["local_hour"], "y": ["m_orders"]},
        },
        "map": {
            **{"title": "Карта", "type": "map", "dataset": "sales", "x": ["city"], "point": "geopoint"},
            **{"y": ["m_revenue", "m_orders"]},
        },
        "paths": {
            "title": "Пути",
            "type": "sankey",
            "dataset": "funnel",
            "x": ["month", "city"],
            "y": ["m_sessions"],
        },
    },
    "selectors": {
        "f_date": {"title": "Период", "element": "date", "dataset": "sales"},
        "f_city": {"title": "Город", "dataset": "sales", "field": "city"},
        "f_scale": {"title": "Масштаб", "param": "scale", "multi": False},
        "f_gender": {"title": "Пол", "dataset": "sales", "field": "gender", "tabs": ["sales"]},
    },
    "dashboard": {
        "name": "Интернет-магазин",
        "tabs": [
            {
                "id": "sales",
                "title": "Продажи",
                "rows": [
                    {"h": 6, "items": ["kpi", "trend", "banded"]},
                    {"h": 10, "items": ["areas", "columns", "pareto"]},
                    {"h": 10, "items": ["cities", "map"], "w": [20, 16]},
                ],
            },
            {"id": "marketing", "title": "Маркетинг", "rows": [{"items": ["steps", "cr", "hours", "paths"]}]},
            {"id": "anomalies", "title": "Аномалии", "rows": [{"items": ["bars", "donut"]}]},
        ],
    },
}


def shop() -> dict[str, Any]:
    """A copy of the catalogue's YAML to edit."""
    return copy.deepcopy(SHOP)


def tables_of(catalogue: Catalogue) -> dict[str, list[tuple[str, str]]]:
    """The tables that the catalogue's datasets read: its dimensions, and every other column of a formula."""
    found: dict[str, dict[str, str]] = {}
    for spec in catalogue.datasets.values():
        columns = found.setdefault(f"telemetry_marts.{spec.table}", {})
        in_server = {"geopoint": "string", "datetime": "genericdatetime"}
        columns |= {key: in_server.get(item.type, item.type) for key, item in spec.dimensions.items()}
        own = {*spec.calculated, *spec.measures, *spec.parameters}
        for item in (*spec.calculated.values(), *spec.measures.values()):
            for name in FORMULA_FIELD.findall(item.datalens):
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

    def run(
        self, yaml: dict[str, Any] | None = None, *, dry_run: bool = False, prune: bool = False
    ) -> list[str]:
        """One deploy as a process of its own would make it. Returns the writes, in order."""
        catalogue = Catalogue.model_validate(yaml or shop())
        auth = StaticYCIAMAuthProvider(org_id=ORGANISATION, token=TOKEN)
        clients = Clients(auth, self.stub.transport, self.slept.append)
        clickhouse = ClickHouse("clickhouse.example", 8443, "datalens_reader", PASSWORD, "telemetry_marts")
        self.stub.forget_calls()
        self.changes.clear()
        self.slept.clear()
        report = self.changes.append
        deploy(clients, catalogue, clickhouse, WORKBOOK, report, dry_run=dry_run, prune=prune)
        return self.stub.writes

    def told(self, what: str) -> dict[str, tuple[str, ...]]:
        """`kind name` -> details of the last deploy's changes of that sort."""
        return {f"{c.kind} {c.name}": c.details for c in self.changes if c.what == what}
