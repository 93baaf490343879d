"""A log of dates alone: all that a day's guests did stands in one second, under one user."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import random_shop
from project import Project

ROWS, DIFFERENT = 20_000, 12_500
#: Bytes that a query may take: a few kB a row are plenty, a number for each pair of rows would be 3.2 GB.
MEMORY = 500_000_000
GUESTS = f"""
    insert into telemetry_raw.events ({random_shop.EVENT_COLUMNS})
    select 'guests', 'log.csv', number + 1, number + 1, 'guest', '',
        toDateTime('2022-03-01 00:00:00', 'Europe/Moscow'), 'product',
        number % {DIFFERENT}, 1, '', '', '', null, '', ''
    from numbers({ROWS})
"""


@pytest.fixture(scope="module")
def project(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = tmp_path_factory.mktemp("crowded") / "project"
    project = Project(shutil.copytree(seeded, home, symlinks=True))
    project.ask(commands=(GUESTS, random_shop.publish("guests", "guests")))
    profile = home / "profiles.yml"
    settings = "custom_settings: {"
    text = profile.read_text(encoding="utf-8")
    assert settings in text
    profile.write_text(text.replace(settings, f"{settings}max_memory_usage: {MEMORY}, "), encoding="utf-8")
    project.run("dbt", "run", "--quiet", "-s", "+int_events", "+mart_notebook_parity")
    return project


def test_copies_are_told_from_events(project: Project) -> None:
    counts, deepest, parity = project.ask(
        """select raw_row_count, count(), min(value), max(value)
        from telemetry_staging.stg_events group by raw_row_count order by raw_row_count""",
        "select value from telemetry_staging.stg_events where is_deepest_of_second",
        """select raw_row_count, distinct_row_count, event_count, key_event_count
        from telemetry_marts.mart_notebook_parity""",
    )
    twice = ROWS - DIFFERENT
    found = [[int(rows), int(number), float(low), float(high)] for rows, number, low, high in counts]
    assert found == [[1, DIFFERENT - twice, twice, DIFFERENT - 1], [2, twice, 0, twice - 1]]
    assert [float(value) for (value,) in deepest] == [DIFFERENT - 1]
    assert parity == [[ROWS, DIFFERENT, DIFFERENT, 1]]


def test_events_stand_as_in_the_log(project: Project) -> None:
    ((events, numbers, unlike),) = project.ask("""
        select count(), uniqExact(event_no), countIf(event_no != value + 1)
        from telemetry_intermediate.int_events
    """)[0]
    assert (events, numbers, unlike) == (DIFFERENT, DIFFERENT, 0)
