"""What the log as a whole can tell: its currency, the steps that it has, the dimensions that it knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from business_telemetry.dashboard.catalogue import Catalogue, Chart
from business_telemetry.dashboard.derive import to_sql
from business_telemetry.dashboard.gate import Gate, NoAnswer
from business_telemetry.dashboard.russian import DEFAULT_CURRENCY

UNKNOWN = "Не определено"  # as readers see what a log does not tell
COLUMNS = "select name from system.columns where database = {marts:String} and table = 'dim_log'"
# a dimension -> how a sentence calls it
UNTOLD = "В журнале нет данных о поле «{}», поэтому график по нему показывать нечего."


@dataclass(frozen=True)
class Facts:
    """Facts about the log.

    Attributes:
        currency: ISO code of all money.
        flags: of `dim_log`, such as `has_checkout`, where any log has it; one that is not there is granted.
        untold: dimensions whose every member in the whole log is unknown.
    """

    currency: str = DEFAULT_CURRENCY
    flags: dict[str, bool] = field(default_factory=dict)
    untold: frozenset[str] = frozenset()

    def tells(self, needs: str | None) -> bool:
        return needs is None or self.flags.get(needs, True)


def read_facts(gate: Gate, catalogue: Catalogue) -> Facts:
    """Facts of the log in the warehouse; the gate remembers what it asks."""
    columns = {name for (name,) in gate.run(COLUMNS, {"marts": gate.marts}).rows}
    logs: list[dict[str, object]] = []
    if columns:
        table = gate.run("select * from {marts:Identifier}.dim_log", {"marts": gate.marts})
        logs = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    flags = {
        name: any(log[name] for log in logs) for name in (logs[0] if logs else ()) if name.startswith("has_")
    }
    currencies = Counter(str(log.get("currency") or DEFAULT_CURRENCY) for log in logs)
    currency = currencies.most_common(1)[0][0] if currencies else DEFAULT_CURRENCY
    return Facts(currency, flags, frozenset(_untold(gate, catalogue)))


def _untold(gate: Gate, catalogue: Catalogue) -> set[str]:
    """Of the dimensions that readers filter by."""
    found = set()
    for selector in catalogue.selectors.values():
        if selector.field is None or selector.dataset is None or selector.tabs:
            continue
        dataset = catalogue.datasets[selector.dataset]
        column = to_sql(dataset, selector.field)
        sql = f"select groupUniqArray(2)(toString({column})) from {{marts:Identifier}}.{dataset.table}"
        try:
            ((members,),) = gate.run(sql, {"marts": gate.marts}).rows
        except NoAnswer:
            continue
        if members and all(member in (UNKNOWN, "") for member in members):
            found.add(selector.field)
    return found


def untold_message(catalogue: Catalogue, chart: Chart, facts: Facts) -> str | None:
    """Why the chart has nothing to show, or None."""
    dataset = catalogue.datasets[chart.dataset]
    for name in chart.dimension_names:
        dimension = dataset.dimension(name)
        if dimension is not None and (name in facts.untold or not facts.tells(dimension.needs)):
            return UNTOLD.format(dimension.title)
    return None
