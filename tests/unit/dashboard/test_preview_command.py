"""`telemetry preview` refuses what it cannot do with one line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from business_telemetry.dashboard.cli import preview


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_there_is_none_of(port: str) -> None:
    done = CliRunner().invoke(preview, ["--port", port])
    assert done.exit_code == 2
    assert done.output.splitlines()[-1] == (
        f"Error: Invalid value for '--port': {port} is not in the range 0<=x<=65535."
    )
