"""How the driver is set up; what Spark does then is tested in functional/ingest."""

from __future__ import annotations

import pytest

from business_telemetry.ingest.spark import settings


@pytest.mark.parametrize("master", ["local", "local[*]", "local[2]", "local-cluster[2,1,1024]"])
def test_a_driver_of_this_machine_listens_on_loopback(master: str) -> None:
    found = settings(master)
    assert found["spark.driver.host"] == found["spark.driver.bindAddress"] == "127.0.0.1"


@pytest.mark.parametrize("master", ["spark://host:7077", "yarn", "k8s://https://host:443"])
def test_executors_elsewhere_can_reach_the_driver(master: str) -> None:
    """Two executors on other machines would look for it on themselves."""
    found = settings(master)
    assert found["spark.ui.enabled"] == "false"
    assert "127.0.0.1" not in found.values()
    assert not {name for name in found if name.startswith("spark.driver") and name != "spark.driver.memory"}
