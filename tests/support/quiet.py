"""Waits until an instance has come to rest: nothing to publish, to read, to send or to hear any more."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx2
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from onebox.routes import SERVICES
from shared.topics import TOPICS, Topic
from support.desk import Desk, databases
from support.traces import Connections
from support.waiting import until

QUIET_WITHIN: Final = timedelta(seconds=200)
LOOK_EVERY: Final = timedelta(milliseconds=250)
WAITING: Final = {
    "vendor-bridge": "SELECT count(*) FROM delivery WHERE state = 'due'",
    "notifications": "SELECT count(*) FROM delivery WHERE state = 'waiting'",
}
"""What a service still has to send to others."""


@dataclass(frozen=True)
class Rest:
    """What is left to do, and how far the broker's topics have grown."""

    unpublished: int
    unread: int
    unsent: int
    unsaid: int
    records: int

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is left."""
        return not (self.unpublished or self.unread or self.unsent or self.unsaid)


async def until_quiet(desk: Desk, *, vendor_log: str, within: timedelta = QUIET_WITHIN) -> None:
    """Return once nothing is left, twice in a row and without a new record in between. Raises AssertionError."""
    async with AsyncExitStack() as stack:
        look = await _look(stack, desk, vendor_log)
        seen: list[Rest] = []

        async def quiet() -> bool:
            seen.append(await look.rest())
            return seen[-1].is_quiet and seen[-2:-1] == seen[-1:]

        try:
            await until(quiet, "everything has come to rest", within=within, every=LOOK_EVERY)
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen[-1]}") from error


async def _look(stack: AsyncExitStack, desk: Desk, vendor_log: str) -> "_Look":
    bootstrap = desk.infrastructure.kafka_bootstrap
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    stack.push_async_callback(admin.close)
    return _Look(
        desk.infrastructure.namespace,
        vendor_log,
        await stack.enter_async_context(databases(desk, SERVICES)),
        await stack.enter_async_context(AIOKafkaConsumer(bootstrap_servers=bootstrap)),
        admin,
        await stack.enter_async_context(httpx2.AsyncClient(trust_env=False)),
    )


@dataclass(frozen=True)
class _Look:
    """Connections to everything that may have something left to do."""

    namespace: str
    vendor_log: str
    connections: Connections
    consumer: AIOKafkaConsumer
    admin: AIOKafkaAdminClient
    http: httpx2.AsyncClient

    async def rest(self) -> Rest:
        """What is left now."""
        unpublished = sum([await self._count(service, "SELECT count(*) FROM outbox") for service in SERVICES])
        unsent = sum([await self._count(service, sql) for service, sql in WAITING.items()])
        unread, records = await self._unread()
        return Rest(unpublished, unread, unsent, await self._unsaid(), records)

    async def _count(self, service: str, sql: str) -> int:
        return int(await self.connections[service].fetchval(sql))

    async def _unsaid(self) -> int:
        """Words that the vendor still has to say: two about each case that it took, each until we take it."""
        log = (await self.http.get(self.vendor_log)).raise_for_status().json()
        said = [row for row in log["callbacks"] if row["status"] is not None and row["status"] < 300]
        return 2 * len(log["received"]) - len(said)

    async def _unread(self) -> tuple[int, int]:
        """Records that a service's group has not committed yet, of all groups, and records in all."""
        places = {topic: await self._places(topic) for topic in TOPICS}
        ends = await self.consumer.end_offsets([place for each in places.values() for place in each])
        unread = 0
        for service in SERVICES:
            committed = await self.admin.list_consumer_group_offsets(self.namespace + service)
            for place in (place for topic in TOPICS if service in topic.consumers for place in places[topic]):
                offset = committed[place].offset if place in committed else 0
                unread += ends[place] - max(0, offset)
        return unread, sum(ends.values())

    async def _places(self, topic: Topic) -> list[TopicPartition]:
        described = await self.admin.describe_topics([self.namespace + topic.name])
        return [TopicPartition(described[0]["topic"], place["partition"]) for place in described[0]["partitions"]]
