"""Where the words of an ingestion go: stdout belongs to programs when they ask for JSON."""

from __future__ import annotations

import json

import pytest

from business_telemetry.ingest.report import Report

NOTE = "log.csv: no column city; what it would tell is unknown"


@pytest.mark.parametrize(
    ("quiet", "as_json", "out", "err"),
    [
        (False, False, True, False),
        (False, True, False, True),
        (True, False, False, False),
        (True, True, False, False),
    ],
)
def test_notes_are_told_to_people_and_not_among_json(
    capsys: pytest.CaptureFixture[str], quiet: bool, as_json: bool, out: bool, err: bool
) -> None:
    report = Report(quiet=quiet, as_json=as_json)
    report.note(NOTE)
    report.result({"status": "loaded"})
    told = capsys.readouterr()
    assert (NOTE in told.out, NOTE in told.err) == (out, err)
    if as_json:
        assert json.loads(told.out) == {"status": "loaded"}
