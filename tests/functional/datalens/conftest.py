"""A stub of DataLens on the shop's tables, with ids of columns chosen in either way the server may."""

from __future__ import annotations

import pytest
from datalens_shop import Deploys, shop, tables_of
from datalens_stub import Stub

from business_telemetry.dashboard.catalogue import Catalogue


@pytest.fixture(params=["named", "random"])
def deploys(request: pytest.FixtureRequest) -> Deploys:
    """An empty workbook."""
    tables = tables_of(Catalogue.model_validate(shop()))
    return Deploys(Stub(tables, random_guids=request.param == "random"))


@pytest.fixture
def deployed(deploys: Deploys) -> Deploys:
    """A workbook after the first deploy."""
    deploys.run()
    return deploys
