"""One percent of poison: all of it is kept as it came, and everything healthy goes its way."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaProducer

from shared.events import issues
from shared.topics import ISSUES as TOPIC
from support.desk import Desk, databases, desk
from support.events import customer_replied, envelope, submitted
from support.infrastructure import Infrastructure
from support.poisoned import POISONS, Raw, poisoned, raw
from support.queue_service import own_namespace
from support.scale import scaled
from support.waiting import until

HEALTHY = scaled(20_000, least=2000)
POISON_EVERY = 100
HANDLED_WITHIN = timedelta(minutes=5)
READERS = {"router": issues.IssueSubmitted, "tier-queues": issues.CustomerReplied}
"""Service to a fact on support.issues that it acts on."""

Origin = tuple[int, int]
"""Partition and offset."""


@pytest.fixture(scope="module")
async def readers(infrastructure: Infrastructure) -> AsyncIterator[Desk]:
    """The router and the tier queues alone."""
    async with own_namespace(infrastructure) as own, desk(own, services=tuple(READERS)) as made:
        yield made


def records() -> list[tuple[Raw, str | None]]:
    """Every record in order, with the service for which it is poison."""
    kinds = list(POISONS)
    made: list[tuple[Raw, str | None]] = []
    for number in range(HEALTHY):
        event = envelope(submitted(number=number + 1))
        made.append((raw(event), None))
        if number % POISON_EVERY == 0:
            turn = number // POISON_EVERY
            service = list(READERS)[turn // len(kinds) % len(READERS)]
            fact = submitted() if service == "router" else customer_replied()
            made.append((poisoned(envelope(fact), kinds[turn % len(kinds)]), service))
    return made


async def sent(made: Desk, every: Sequence[tuple[Raw, str | None]]) -> dict[str, dict[Origin, bytes]]:
    """Send them all. By service: where its poison went, and its bytes."""
    name = made.infrastructure.namespace + TOPIC.name
    poison: dict[str, dict[Origin, bytes]] = {service: {} for service in READERS}
    async with AIOKafkaProducer(bootstrap_servers=made.infrastructure.kafka_bootstrap) as producer:
        sending = [
            await producer.send(name, record.body, key=record.key.encode(), headers=[("type", record.type.encode())])
            for record, _ in every
        ]
        for (record, service), acknowledged in zip(every, sending, strict=True):
            place = await acknowledged
            if service is not None:
                poison[service][place.partition, place.offset] = record.body
    return poison


async def test_poison_is_kept_with_its_bytes_and_holds_nothing_up(readers: Desk) -> None:
    poison = await sent(readers, records())
    async with databases(readers, tuple(READERS)) as connections:

        async def all_queued() -> bool:
            return bool(await connections["tier-queues"].fetchval("SELECT count(*) >= $1 FROM issues", HEALTHY))

        async def kept(service: str) -> dict[Origin, bytes]:
            rows = await connections[service].fetch(
                "SELECT partition, \"offset\", body FROM dead_letter WHERE state = 'dead' AND topic = $1", TOPIC.name
            )
            return {(partition, offset): body for partition, offset, body in rows}

        async def all_kept() -> bool:
            return all([len(await kept(service)) >= len(letters) for service, letters in poison.items()])

        await until(all_queued, f"{HEALTHY} healthy issues are queued", within=HANDLED_WITHIN)
        await until(all_kept, "all poison is kept", within=HANDLED_WITHIN)
        assert {service: await kept(service) for service in READERS} == poison
        parked = [
            await connections[service].fetchval("SELECT count(*) FROM dead_letter WHERE state = 'parked'")
            for service in READERS
        ]
        assert parked == [0, 0]
        assert await connections["tier-queues"].fetchval("SELECT count(*) FROM issues") == HEALTHY
