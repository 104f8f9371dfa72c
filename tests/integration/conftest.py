"""Running services for tests: one of each for all tests of a file, with somebody new for each test."""

from collections.abc import AsyncIterator

import pytest

from support.bridge import Bridge, vendor_bridge
from support.infrastructure import Infrastructure
from support.intake import Intake, Shop, intake_settings, running_intake
from support.post_office import PostOffice, post_office
from support.queue_service import QueueService, Staff, running_queues
from support.vendor import TestVendor, vendor_server


@pytest.fixture(scope="module")
async def intake(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Intake]:
    async with running_intake(intake_settings(infrastructure, tmp_path_factory.mktemp("files"))) as started:
        yield started


@pytest.fixture
async def shop(intake: Intake) -> Shop:
    return await intake.application("shop")


@pytest.fixture
async def bank(intake: Intake) -> Shop:
    return await intake.application("bank")


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(infrastructure) as started:
        yield started


@pytest.fixture
async def ada(queues: QueueService) -> Staff:
    return await queues.staff("ada", teams=["frontline"])


@pytest.fixture(scope="module")
async def vendor() -> AsyncIterator[TestVendor]:
    async with vendor_server() as running:
        yield running


@pytest.fixture(scope="module")
async def bridge(infrastructure: Infrastructure, vendor: TestVendor) -> AsyncIterator[Bridge]:
    async with vendor_bridge(infrastructure, vendor) as running:
        yield running


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as opened:
        yield opened
