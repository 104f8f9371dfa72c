"""Fixtures of the contracts that are tried on running services."""

from collections.abc import AsyncIterator

import pytest

from support.infrastructure import Infrastructure
from support.whole import Whole, running_whole


@pytest.fixture(scope="session")
async def whole(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """All five services behind one port; tests leave in place what they find."""
    async with running_whole(infrastructure, tmp_path_factory.mktemp("files")) as running:
        yield running


@pytest.fixture(scope="module")
async def nothing_is_left_behind(whole: Whole) -> AsyncIterator[None]:
    """Refused requests have no effect whatever: the tables hold what they held."""
    before = await whole.rows()
    yield
    assert await whole.rows() == before
