"""A stub of DataLens on the shop's tables."""

from __future__ import annotations

import copy

import pytest
from datalens_shop import Deploys, shop_stub
from datalens_stub import Stub


@pytest.fixture
def deploys() -> Deploys:
    """An empty workbook."""
    return Deploys(shop_stub())


@pytest.fixture(scope="session")
def deployed_once() -> Stub:
    """A workbook after the first deploy."""
    deploys = Deploys(shop_stub())
    deploys.run()
    return deploys.stub


@pytest.fixture
def deployed(deployed_once: Stub) -> Deploys:
    """A workbook of one's own after the first deploy."""
    return Deploys(copy.deepcopy(deployed_once))
