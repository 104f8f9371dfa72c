"""One desk for all runs that leave the servers alone, with a vendor beside it."""

from collections.abc import AsyncIterator

import pytest

from onebox.demo.vendors import Vendor
from support.desk import Desk, desk
from support.infrastructure import Infrastructure
from support.queue_service import own_namespace
from support.storm import vendor_beside


@pytest.fixture(scope="session")
async def running(infrastructure: Infrastructure) -> AsyncIterator[Desk]:
    async with own_namespace(infrastructure) as own, desk(own) as made:
        yield made


@pytest.fixture(scope="session")
async def vendor(running: Desk) -> AsyncIterator[Vendor]:
    async with vendor_beside(running) as made:
        yield made
