"""The dashboard as files: a static page with its data, and a PNG picture of each tab."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from business_telemetry.dashboard.answers import answer
from business_telemetry.dashboard.app import STATIC
from business_telemetry.dashboard.bundle import bundle
from business_telemetry.dashboard.catalogue import Catalogue
from business_telemetry.dashboard.choice import Choice
from business_telemetry.dashboard.compile import Filters, View
from business_telemetry.dashboard.describe import bounds, default_period, describe
from business_telemetry.dashboard.events import read_incidents
from business_telemetry.dashboard.facts import read_facts
from business_telemetry.dashboard.gate import Gate
from business_telemetry.dashboard.overview import overview

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SCRIPTS = '<script src="static/data.js"></script>\n  <script src="static/page.js">'
WIDTH, HEIGHT = 1440, 900


class SnapshotFailed(Exception):
    """No browser, or the page did not draw."""


def write_snapshot(catalogue: Catalogue, gate: Gate, directory: Path) -> list[Path]:
    """Write `index.html`, its parts, and `<tab>.png` of each tab into the directory; returns the pictures.

    Raises:
        NoAnswer: the warehouse has no answer.
        SnapshotFailed: no browser to take pictures with.
    """
    browser = find_browser()
    data = collect(catalogue, gate)
    gate.close()
    shutil.copytree(STATIC / "vendor", directory / "static" / "vendor", dirs_exist_ok=True)
    shutil.copy(STATIC / "style.css", directory / "static")
    (directory / "static" / "page.js").write_text(bundle(STATIC, "app"), encoding="utf-8")
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    page = page.replace('<script type="module" src="static/app.js">', SCRIPTS)
    (directory / "index.html").write_text(page, encoding="utf-8")
    script = f"window.SNAPSHOT = {json.dumps(data, ensure_ascii=False)};\n"
    (directory / "static" / "data.js").write_text(script, encoding="utf-8")
    first = ["overview"] if catalogue.overview else []
    return take_pictures(directory, [*first, *(tab.id for tab in catalogue.dashboard.tabs)], browser)


def collect(catalogue: Catalogue, gate: Gate) -> dict[str, Any]:
    """The description and every chart's answer for the default period."""
    described = describe(gate, catalogue)
    first, last = bounds(gate, catalogue)
    facts = read_facts(gate, catalogue)
    period = default_period(first, last)
    incidents = read_incidents(gate, catalogue, facts, *period)
    # of all that a reader could press, the one that touched most
    nothing: dict[str, Any] = {"key": None, "choice": {}}
    widest = max(incidents, key=lambda incident: int(incident["touched"]), default=nothing)
    charts: dict[str, Any] = {}
    for tab in catalogue.dashboard.tabs:
        values = single_choices(described, catalogue, tab.id, widest["choice"])
        choice = Choice(Filters(*period, values=values), event=widest["key"])
        for name in tab.items:
            charts[name] = answer(gate, View(catalogue, catalogue.charts[name]), choice, (first, last), facts)
    sentences = overview(gate, catalogue, facts, (first, last))
    return {"dashboard": described, "charts": charts, "overview": sentences, "event": widest["key"]}


def single_choices(
    described: dict[str, Any], catalogue: Catalogue, tab: str, chosen: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """What is chosen in each filter of a tab that always has a value, or else its default."""
    defaults = {shown["id"]: shown["default"] for shown in described["selectors"]}
    return {
        selector.field: tuple(chosen.get(name, [defaults[name]]))
        for name, selector in catalogue.selectors.items()
        if defaults.get(name) is not None and selector.field and (not selector.tabs or tab in selector.tabs)
    }


def find_browser() -> str:
    """Path of a Chromium on this machine."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise SnapshotFailed("Pictures need Chromium; install it, e.g. `apt-get install chromium`.")


def browser_arguments() -> list[str]:
    """How Chromium starts: quiet, and for root without the sandbox, which it refuses to be in."""
    quiet = ("gpu", "background-networking", "component-update", "sync")
    return [*(f"--disable-{part}" for part in quiet), *["--no-sandbox"] * (os.geteuid() == 0)]


def take_pictures(directory: Path, tabs: list[str], browser: str) -> list[Path]:
    """A PNG of each tab, as tall as the tab."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise SnapshotFailed("Pictures need Playwright: `pip install playwright`.") from error

    pictures = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=browser_arguments())
        for tab in tabs:
            page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            page.goto(f"{(directory / 'index.html').resolve().as_uri()}#tab={tab}")
            page.wait_for_selector("body[data-ready=true]")
            pictures.append(directory / f"{tab}.png")
            page.screenshot(path=pictures[-1], full_page=True)
            page.close()
        chromium.close()
    return pictures
