"""What is on the broker, read from the beginning."""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.events import Envelope, decode
from shared.settings import ServiceSettings

READ_MILLISECONDS = 200


async def published(settings: ServiceSettings, topic: str, key: str | None = None) -> list[Envelope[Any]]:
    """The events on a topic so far, of one key or of all; per key in order.

    topic: without namespace.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    async with consumer:
        places = await places_of(settings.kafka_bootstrap, [settings.namespace + topic])
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[Envelope[Any]] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=READ_MILLISECONDS)).values():
                found += [decode(dict(record.headers)["type"].decode(), record.value) for record in records]
    return [event for event in found if key is None or event.subject == key]


async def places_of(bootstrap: str, topics: Sequence[str]) -> list[TopicPartition]:
    """Every partition of topics. topics: with namespace."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    return [TopicPartition(topic["topic"], place["partition"]) for topic in described for place in topic["partitions"]]
