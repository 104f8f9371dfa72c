"""Waits until an instance has come to rest: nothing to publish, to read, to send or to hear any more."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx2
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from onebox.routes import SERVICES
from shared.topics import PARTITIONS, TOPICS
from support.desk import Desk, databases
from support.traces import Connections
from support.waiting import until

QUIET_WITHIN: Final = timedelta(seconds=200)
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
    seen: list[Rest] = []

    async def quiet() -> bool:
        seen.append(await _rest(desk, vendor_log))
        return seen[-1].is_quiet and seen[-2:-1] == seen[-1:]

    try:
        await until(quiet, "everything has come to rest", within=within)
    except AssertionError as error:
        raise AssertionError(f"{error}: {seen[-1]}") from error


async def _rest(desk: Desk, vendor_log: str) -> Rest:
    async with databases(desk, SERVICES) as connections:
        unpublished = sum([await _count(connections, each, "SELECT count(*) FROM outbox") for each in SERVICES])
        unsent = sum([await _count(connections, service, sql) for service, sql in WAITING.items()])
    unread, records = await _unread(desk)
    return Rest(unpublished, unread, unsent, await _unsaid(vendor_log), records)


async def _count(connections: Connections, service: str, sql: str) -> int:
    return int(await connections[service].fetchval(sql))


async def _unsaid(vendor_log: str) -> int:
    """Words that the vendor still has to say: each case that it took gets two, each until it is taken."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        log = (await client.get(vendor_log)).raise_for_status().json()
    said = [row for row in log["callbacks"] if row["status"] is not None and row["status"] < 300]
    return 2 * len(log["received"]) - len(said)


async def _unread(desk: Desk) -> tuple[int, int]:
    """Records that a service's group has not committed yet, of all groups, and records in all."""
    namespace, bootstrap = desk.infrastructure.namespace, desk.infrastructure.kafka_bootstrap
    places = {topic: [TopicPartition(namespace + topic.name, n) for n in range(PARTITIONS)] for topic in TOPICS}
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        ends = await consumer.end_offsets([place for each in places.values() for place in each])
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        unread = 0
        for service in SERVICES:
            committed = await admin.list_consumer_group_offsets(namespace + service)
            for topic in (topic for topic in TOPICS if service in topic.consumers):
                for place in places[topic]:
                    offset = committed[place].offset if place in committed else 0
                    unread += ends[place] - max(0, offset)
    finally:
        await admin.close()
    return unread, sum(ends.values())
