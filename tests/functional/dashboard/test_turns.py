"""A page that asks for charts all the time keeps no job out of the warehouse, and shows what it did."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import Project

#: Four loaders of a page, without the pause of a page: each asks what it has not asked before, and how many
#: nights there are, which the gate remembers.
PREVIEW = """
import sys, threading, time
from pathlib import Path
from business_telemetry.dashboard.gate import Gate, NoAnswer

gate, answered = Gate(None, Path.cwd()), Path("answered")

def load(loader):
    for turn in range(1_000_000):
        try:
            asked = {"loader": loader, "turn": turn}
            gate.run("select {loader:UInt32} + {turn:UInt32}, sleep(0.02)", asked)
            (nights,), = gate.run("select count() from default.nights", {}).rows
            answered.write_text(str(nights))
        except NoAnswer as error:
            assert error.state == "busy", error.message
            time.sleep(0.02)

for loader in range(4):
    threading.Thread(target=load, args=(loader,), daemon=True).start()
sys.stdin.read()
"""


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Project]:
    """A project whose small warehouse a preview is reading all the time."""
    project = Project(tmp_path)
    project.ask(commands=("create table default.nights (night UInt8) engine MergeTree order by night",))
    preview = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PREVIEW],
        cwd=project.home,
        env=project.environment,
        stdin=subprocess.PIPE,
    )
    yield project
    assert preview.poll() is None, "the preview died"
    preview.kill()
    preview.wait()


def is_read(project: Project, nights: int) -> None:
    """Wait until the preview has the warehouse and knows of so many nights."""
    answered, deadline = project.home / "answered", time.monotonic() + 60
    answered.write_text("")
    while answered.read_text() != str(nights):
        assert time.monotonic() < deadline, f"the preview answers {answered.read_text()!r}, not {nights}"
        time.sleep(0.02)


def test_steps_of_a_job_follow_each_other_while_a_page_asks_all_the_time(shown: Project) -> None:
    for night in range(4):
        is_read(shown, night)
        shown.ask(commands=(f"insert into default.nights values ({night})",))
    # one right after the other: the page comes between them, or does not
    for night in range(4, 8):
        shown.ask(commands=(f"insert into default.nights values ({night})",))
    is_read(shown, 8)
    assert shown.ask("select groupArray(night) from (select night from default.nights order by night)") == [
        [[[0, 1, 2, 3, 4, 5, 6, 7]]]
    ]
