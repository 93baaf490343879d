"""SQL that the long-term versions of ClickHouse run too."""

from __future__ import annotations

from project import ROOT


def test_no_comparison_that_needs_a_join() -> None:
    """ClickHouse 24.8 to 25.8 know isNotDistinctFrom and `<=>` in JOIN ON only."""
    files = [path for folder in ("models", "macros", "tests/dbt") for path in (ROOT / folder).rglob("*.sql")]
    texts = {path: path.read_text(encoding="utf-8").lower() for path in files}
    assert len(texts) > 100
    assert [path for path, text in texts.items() if "distinctfrom" in text or "<=>" in text] == []
