"""Every card at every width: nothing is cut or lies on something else, and everybody can use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from preview import visiting
from project import ROOT

from business_telemetry.dashboard.load import load_catalogue

TABS = ["overview", *(tab.id for tab in load_catalogue(ROOT / "dashboard").dashboard.tabs)]
WHOLE = {"from": "2021-12-01", "to": "2022-12-31"}
FORTNIGHT = {"from": "2022-03-01", "to": "2022-03-14"}  # as many kinds of cells, and fewer of each
BROKEN = Path(__file__).with_name("layout.js").read_text(encoding="utf-8").split("\n", 1)[1]
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("tab", TABS)
def test_nothing_is_cut_or_covered(browser: Browser, address: str, tab: str, width: int) -> None:
    with visiting(browser, address, width=width) as visit:
        visit.open(tab, **WHOLE)
        assert visit.page.evaluate(BROKEN) == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light")])
@pytest.mark.parametrize("tab", TABS)
def test_everybody_can_use_it(browser: Browser, address: str, tab: str, width: int, scheme: Any) -> None:
    """WCAG 2.2 AA, as far as a machine can tell; the pictures themselves have labels of their own."""
    with visiting(browser, address, width=width) as visit:
        visit.page.emulate_media(color_scheme=scheme)
        visit.open(tab, **FORTNIGHT)
        context = {"exclude": [[".body svg"]]}
        found = Axe().run(visit.page, context=context, options=WCAG).response["violations"]
        told = [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found]
        assert told == []


def test_dark_mode_reaches_every_chart(browser: Browser, address: str) -> None:
    """The page redraws at the browser's next frame, so the new colours are waited for."""
    cards = "[...document.querySelectorAll('.card:has(.body svg[width]) .body')]"
    fills = f"{cards}.map(e => [...e.querySelectorAll('svg text')].map(t => t.getAttribute('fill')).join())"
    with visiting(browser, address) as visit:
        for tab in TABS[1:]:
            visit.page.emulate_media(color_scheme="light")
            visit.open(tab, **WHOLE)
            light = visit.page.evaluate(f"() => {fills}")
            assert light and all(light)
            visit.page.emulate_media(color_scheme="dark")
            visit.page.wait_for_function(
                f"light => {{ const dark = {fills};"
                " return dark.length === light.length && dark.every((fill, i) => fill !== light[i]) }",
                arg=light,
            )


def test_a_tab_prints_as_a_document(browser: Browser, address: str, tmp_path: Path) -> None:
    """Tables unfold, no card is divided between pages but the long tables, controls stay away."""
    with visiting(browser, address) as visit:
        visit.open("sales", **WHOLE)
        visit.page.emulate_media(media="print")
        hidden = "e => e.filter(x => x.offsetParent !== null).length"
        assert visit.page.eval_on_selector_all(".menu, .hint, #print, #theme, .reset", hidden) == 0
        cut = "e => e.filter(x => x.scrollHeight > x.clientHeight + 1).length"
        assert visit.page.eval_on_selector_all(".scroll", cut) == 0
        divided = """cards => cards.filter(card => getComputedStyle(card).breakInside !== 'avoid'
            || card.getBoundingClientRect().height > 718).map(card => card.dataset.testid)"""
        visit.page.set_viewport_size({"width": 1047, "height": 718})  # A4 on its side within its margins
        long = ":not(.type-table):not(.type-pivot):not(.type-incidents)"
        assert visit.page.eval_on_selector_all(f".card{long}", divided) == []
        pages = visit.page.pdf(path=tmp_path / "sales.pdf", prefer_css_page_size=True)
        assert pages.startswith(b"%PDF")
        assert (
            4
            <= pages.count(b"/Type /Page\n") + pages.count(b"/Type /Page>") + pages.count(b"/Type /Page ")
            <= 30
        )
