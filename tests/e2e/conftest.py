"""One instance for all journeys."""

from collections.abc import AsyncIterator

import pytest

from support.infrastructure import Infrastructure
from support.town import Town, town


@pytest.fixture(scope="session")
async def here(infrastructure: Infrastructure) -> AsyncIterator[Town]:
    async with town(infrastructure) as made:
        yield made
