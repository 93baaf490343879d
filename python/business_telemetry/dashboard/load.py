"""Reads `dashboard/*.yml` into one checked catalogue. A chart may stand in any of the files."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.dashboard.labels import fill_datasets
from business_telemetry.dashboard.marked_yaml import CatalogueError, Marked, Place, load_marked
from business_telemetry.dashboard.references import find_problems

MAPS = ("parameters", "datasets", "charts", "selectors", "labels", "dimensions")


def load_catalogue(directory: Path, seeds: Path | None = None) -> Catalogue:
    """Read, merge and check every `*.yml` of the directory.

    Args:
        directory: the project's `dashboard/`.
        seeds: where titles of codes stand; `seeds/` beside the directory when not given.

    Raises:
        CatalogueError: all mistakes found, one a line, each with file and line.
    """
    files = sorted(directory.glob("*.yml"))
    if not files:
        raise CatalogueError(f"{directory}: no *.yml here; run from the project's directory")
    merged = _merge([load_marked(path) for path in files])
    fill_datasets(merged, seeds or directory.absolute().parent / "seeds")
    try:
        catalogue = Catalogue.model_validate(merged.data)
    except ValidationError as error:
        raise CatalogueError("\n".join(_sentence(merged, found) for found in error.errors())) from error
    problems = find_problems(catalogue)
    if problems:
        raise CatalogueError("\n".join(f"{merged.where(place)}: {message}" for place, message in problems))
    return catalogue


def _sentence(merged: Marked, found: ErrorDetails) -> str:
    unknown = found["type"] == "extra_forbidden"
    message = "unknown key" if unknown else found["msg"].removeprefix("Value error, ")
    return f"{merged.where(found['loc'])}: {'.'.join(map(str, found['loc']))}: {message}"


def _merge(files: list[Marked]) -> Marked:
    """One mapping of all files; `rows: {tab: [...]}` of each file is appended to that tab."""
    merged = Marked()
    for marked in files:
        merged.lines |= {place: line for place, line in marked.lines.items() if place[0] != "rows"}
        for key, value in marked.data.items():
            if key in MAPS and isinstance(value, dict):
                target = merged.data.setdefault(key, {})
                for name in value:
                    if name in target:
                        raise CatalogueError(f"{marked.where((key, name))}: `{name}` is given twice")
                target.update(value)
            elif key != "rows":
                if key in merged.data:
                    raise CatalogueError(f"{marked.where((key,))}: `{key}` is given twice")
                merged.data[key] = value
    for marked in files:
        _add_rows(marked, merged)
    return merged


def _add_rows(marked: Marked, merged: Marked) -> None:
    tabs = merged.data.get("dashboard", {}).get("tabs", [])
    positions = {tab.get("id"): index for index, tab in enumerate(tabs)}
    for tab_id, rows in (marked.data.get("rows") or {}).items():
        if tab_id not in positions:
            raise CatalogueError(f"{marked.where(('rows', tab_id))}: no tab `{tab_id}`")
        index = positions[tab_id]
        tabs[index] = dict(tabs[index])
        existing = list(tabs[index].get("rows", []))
        tabs[index]["rows"] = [*existing, *rows]
        for place, line in marked.lines.items():
            if place[:2] == ("rows", tab_id) and len(place) > 2 and isinstance(place[2], int):
                moved: Place = ("dashboard", "tabs", index, "rows", place[2] + len(existing), *place[3:])
                merged.lines[moved] = line
