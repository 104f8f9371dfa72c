"""PostgreSQL and Kafka come and go in the middle of the work: what was accepted is not lost, and nothing is doubled."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from onebox.demo.vendors import Vendor
from support.desk import Desk, desk
from support.infrastructure import Infrastructure, own_infrastructure
from support.journal import Intent, Journal
from support.scale import scaled
from support.servers import Server
from support.storm import storm, vendor_beside
from support.verdict import told
from support.waiting import until

ISSUES = scaled(400, least=16)
CRASHES = scaled(5)
BETWEEN = 5
"""Issues accepted between two faults, so that each finds work in progress."""
OUTAGE = timedelta(seconds=scaled(30, least=5))


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[Infrastructure]:
    async with own_infrastructure() as own:
        yield own


@pytest.fixture(scope="module")
async def shaken(servers: Infrastructure) -> AsyncIterator[Desk]:
    """A desk whose servers may be treated badly."""
    async with desk(servers) as made:
        yield made


@pytest.fixture(scope="module")
async def their_vendor(shaken: Desk) -> AsyncIterator[Vendor]:
    async with vendor_beside(shaken) as made:
        yield made


async def at_work(journal: Journal) -> None:
    """Wait until a few more issues have been accepted."""
    enough = len(journal.of("issue")) + BETWEEN

    async def accepted() -> bool:
        return len(journal.of("issue")) >= enough

    await until(accepted, f"{enough} issues are accepted")


async def crash(server: Server, journal: Journal) -> None:
    """SIGKILL it and start it again, as often as the scale says."""
    for _ in range(CRASHES):
        await at_work(journal)
        await server.kill()
        await server.start()
    await at_work(journal)


def owned(server: Server | None) -> Server:
    assert server is not None
    return server


async def test_a_broker_that_is_killed_and_started_again_in_the_middle_costs_nothing(
    servers: Infrastructure, shaken: Desk, their_vendor: Vendor
) -> None:
    journal, found = await storm(shaken, their_vendor, lambda log: crash(owned(servers.broker), log), issues=ISSUES)
    assert not found, told(found)
    assert set(journal.statuses()) <= {200, 202, 204}


async def test_a_database_server_that_is_killed_and_restarted_in_the_middle_costs_nothing(
    servers: Infrastructure, shaken: Desk, their_vendor: Vendor
) -> None:
    server = owned(servers.database)

    async def crashes(journal: Journal) -> None:
        await crash(server, journal)
        await server.restart()
        await at_work(journal)

    journal, found = await storm(shaken, their_vendor, crashes, issues=ISSUES)
    assert not found, told(found)
    assert set(journal.statuses()) <= {200, 202, 204, 503}


async def test_while_kafka_is_away_every_post_is_accepted_and_all_of_it_arrives_afterwards(
    servers: Infrastructure, shaken: Desk, their_vendor: Vendor
) -> None:
    meanwhile: list[Intent] = []

    async def outage(journal: Journal) -> None:
        await at_work(journal)
        await owned(servers.broker).stop()
        before = len(journal.intents)
        await asyncio.sleep(OUTAGE.total_seconds())
        meanwhile.extend(journal.intents[before:])
        await owned(servers.broker).start()
        await at_work(journal)

    _, found = await storm(shaken, their_vendor, outage, issues=ISSUES)
    assert not found, told(found)
    posts = [intent for intent in meanwhile if intent.kind != "resolution"]
    assert len(posts) >= 2 * OUTAGE.total_seconds()
    assert {tuple(intent.statuses) for intent in posts} == {(202,)}
