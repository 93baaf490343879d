"""The pages about charts are what the catalogue says now."""

from __future__ import annotations

from pathlib import Path

from business_telemetry.dashboard.docs import EXCEPTIONS, pages
from business_telemetry.dashboard.fields import Calculated, Measure
from business_telemetry.dashboard.load import load_catalogue

ROOT = Path(__file__).parents[3]


def test_no_page_is_stale() -> None:
    stale = [path.name for path, text in pages(ROOT).items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `python -m business_telemetry.dashboard.docs`"


def test_every_formula_that_stands_twice_is_listed_with_its_reason() -> None:
    page = next(text for path, text in pages(ROOT).items() if path.name == "charts.md")
    listed = page.split(EXCEPTIONS)[1]
    for key, dataset in load_catalogue(ROOT / "dashboard").datasets.items():
        formulas: dict[str, Calculated | Measure] = {**dataset.calculated, **dataset.measures}
        for name, item in formulas.items():
            assert (f"| `{key}` | {item.title} (`{name}`) | {item.why} |" in listed) == bool(item.sql)
