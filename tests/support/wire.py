"""The topics as another service sees them: publish events as they are, and collect what a service publishes."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.events import Envelope, decode
from shared.settings import ServiceSettings
from shared.topics import TOPIC_OF, Topic
from support.waiting import until

HEARD_WITHIN = timedelta(seconds=30)


@dataclass
class Wire:
    """Topics of one namespace. heard: what came on the topic that is listened to, by subject, in order."""

    namespace: str
    producer: AIOKafkaProducer
    heard: dict[str, list[Envelope[Any]]] = field(default_factory=lambda: defaultdict(list))

    async def send(self, *events: Envelope[Any]) -> None:
        """Publish events, each on its topic, in order, and wait for the broker."""
        for event in events:
            await self._send(TOPIC_OF[event.type], event.subject, event.type, event.model_dump_json().encode())
        await self.producer.flush()

    async def send_raw(self, topic: Topic, key: str, type_: str, body: bytes) -> None:
        """Publish a record, whatever its body holds, and wait for the broker."""
        await self._send(topic, key, type_, body)
        await self.producer.flush()

    async def _send(self, topic: Topic, key: str, type_: str, body: bytes) -> None:
        headers = [("type", type_.encode())]
        await self.producer.send(f"{self.namespace}{topic.name}", body, key=key.encode(), headers=headers)

    async def heard_of(self, subject: UUID | str, number: int) -> Sequence[Envelope[Any]]:
        """The events of a subject, once there are at least so many."""

        async def enough() -> list[Envelope[Any]] | None:
            events = self.heard[str(subject)]
            return events if len(events) >= number else None

        return await until(enough, f"{number} events of {subject}", within=HEARD_WITHIN)

    async def listen(self, reader: AIOKafkaConsumer) -> None:
        """Collect until cancelled."""
        async for record in reader:
            event = decode(dict(record.headers)["type"].decode(), record.value)
            self.heard[event.subject].append(event)


@asynccontextmanager
async def wire(settings: ServiceSettings, listen_to: Topic) -> AsyncIterator[Wire]:
    """Producer on all topics, listener on one from its beginning. The topics must be there."""
    name = f"{settings.namespace}{listen_to.name}"
    async with (
        AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, enable_idempotence=True) as producer,
        AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, auto_offset_reset="earliest") as reader,
    ):
        partitions = await producer.partitions_for(name)
        reader.assign([TopicPartition(name, number) for number in partitions])
        made = Wire(settings.namespace, producer)
        listening = asyncio.create_task(made.listen(reader))
        try:
            yield made
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
