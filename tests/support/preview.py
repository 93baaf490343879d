"""`telemetry preview` as a process of its own, and a headless Chromium that can reach nothing else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, Route
from project import BIN, Project

from business_telemetry.dashboard.snapshot import browser_arguments, find_browser


@contextmanager
def running(project: Project) -> Iterator[str]:
    """The address of a preview of the project's warehouse."""
    command = [str(BIN / "telemetry"), "preview", "--port", "0"]
    environment = project.environment | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=project.home, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        process.terminate()
        process.wait(20)


def launch(playwright: object) -> Browser:
    """The system's Chromium."""
    browser: Browser = playwright.chromium.launch(  # type: ignore[attr-defined]
        executable_path=find_browser(), args=browser_arguments()
    )
    return browser


@dataclass
class Visit:
    """A page and everything that should not have happened on it."""

    page: Page
    address: str
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, tab: str, **choice: str) -> None:
        """Show a tab with filters and wait until every chart has answered."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#{urlencode({'tab': tab} | choice)}")
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector("body[data-ready=true]", timeout=60_000)

    def state(self, chart: str) -> str | None:
        return self.page.get_attribute(f"section[data-testid={chart}]", "data-state")

    def rows(self, chart: str) -> int:
        return int(self.page.get_attribute(f"section[data-testid={chart}]", "data-rows") or -1)

    def number(self, chart: str) -> float:
        """The unrounded value of an indicator."""
        value = self.page.get_attribute(f"section[data-testid={chart}] strong", "data-value")
        return float(value or "nan")


@contextmanager
def visiting(browser: Browser, address: str, width: int = 1440) -> Iterator[Visit]:
    """A page that refuses foreign requests; leaving asserts that it made none and logged no error."""
    page = browser.new_page(viewport={"width": width, "height": 900}, locale="ru-RU")
    visit = Visit(page, address)

    def guard(route: Route) -> None:
        if route.request.url.startswith(address):
            route.continue_()
        else:
            visit.foreign.append(route.request.url)
            route.abort()

    page.route("**/*", guard)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("console", lambda entry: visit.errors.append(entry.text) if entry.type == "error" else None)
    yield visit
    page.close()
    assert visit.foreign == []
    assert visit.errors == []
