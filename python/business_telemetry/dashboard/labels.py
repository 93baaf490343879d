"""Titles and orders of codes, from the seeds: each stands in one place, for charts and for SQL."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from business_telemetry.dashboard.marked_yaml import CatalogueError, Marked

LISTS = "labels"  # the seed that holds lists of labels: list, code, label, sort_order
FIELDS = ("dimensions", "calculated")


def read_lists(declared: dict[str, dict[str, str]], seeds: Path) -> dict[str, dict[str, str]]:
    """List -> code -> title, in the order to show.

    Args:
        declared: list -> `{seed, code, label}`; rows of `labels.csv` with the list's name follow.
        seeds: the directory of the seeds.
    """
    found: dict[str, dict[str, str]] = {}
    for name, source in declared.items():
        code = source["code"]
        found[name] = {
            row[code]: row[source.get("label", code)] for row in _rows(seeds / f"{source['seed']}.csv")
        }
    for row in _rows(seeds / f"{LISTS}.csv"):
        found.setdefault(row["list"], {})[row["code"]] = row["label"]
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    """The seed's rows in their order; none when there is no such seed."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return sorted(rows, key=lambda row: int(row.get("sort_order") or 0))


def fill_datasets(merged: Marked, seeds: Path) -> None:
    """Replace what datasets share by what it stands for: `uses` of dimensions, and names of lists of labels.

    Raises:
        CatalogueError: a name that is nowhere.
    """
    shared = merged.data.pop("dimensions", {})
    lists = read_lists(merged.data.pop("labels", {}), seeds)
    for key, dataset in (merged.data.get("datasets") or {}).items():
        place = ("datasets", key)
        if not isinstance(dataset, dict):
            continue
        for name in dataset.pop("uses", ()):
            if name not in shared:
                raise CatalogueError(f"{merged.where((*place, 'uses'))}: no shared dimension `{name}`")
            dataset.setdefault("dimensions", {})[name] = dict(shared[name])
        for kind in FIELDS:
            for name, field in (dataset.get(kind) or {}).items():
                _fill(field, lists, merged.where((*place, kind, name)))


def _fill(field: Any, lists: dict[str, dict[str, str]], where: str) -> None:
    if isinstance(field, dict) and isinstance(field.get("labels"), str):
        if field["labels"] not in lists:
            raise CatalogueError(f"{where}: no list of labels `{field['labels']}` in the seeds")
        field["labels"] = lists[field["labels"]]
