"""One generated log with everything in it."""

from __future__ import annotations

import pytest
from generated_log import GeneratedLog, read

from shop_simulator import LogConfig, write_log


@pytest.fixture(scope="session")
def crowded_log(tmp_path_factory: pytest.TempPathFactory) -> GeneratedLog:
    """Thirteen months of a small shop with seasons, incidents, promotions and one malformed row in fifty."""
    config = LogConfig(
        sessions=12_000, users=150, days=396, seed=7, bad_rate=0.02, promotions=True, incidents="dense"
    )
    path = tmp_path_factory.mktemp("generate") / "log.csv"
    return read(config, path, write_log(config, path))
