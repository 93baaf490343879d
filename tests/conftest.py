"""How the processes of a run share two cores: what each leaves out, and what is handed out first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# a pool of threads beside that of the other processes makes all of them slower
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which files and classes are handed out: what is long first, so that the end is short.

    One file that needs the demo's warehouse begins, and makes it. Those that do without come next, then the
    others that need it, and the quick unit tests fill up the end. In each group files with a test that is
    marked `slow` go first; the sort keeps the order of what is alike.
    """
    units = Path(__file__).parent / "unit"
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    on_demo = {item.path for item in items if "demo" in getattr(item, "fixturenames", ())}
    maker = next((item.path for item in items if item.path in on_demo & slow), None)

    def place(item: pytest.Item) -> tuple[bool, ...]:
        path = item.path
        is_slow = path in slow
        return (path != maker, units in path.parents and not is_slow, path in on_demo, not is_slow)

    items.sort(key=place)
