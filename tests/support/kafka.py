"""What is on the broker, read from the beginning."""

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events import Envelope, decode
from shared.settings import ServiceSettings
from shared.topics import PARTITIONS

READ_MILLISECONDS = 200


async def published(settings: ServiceSettings, topic: str, key: str | None = None) -> list[Envelope[Any]]:
    """The events on a topic so far, of one key or of all; per key in order.

    topic: without namespace.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    async with consumer:
        places = [TopicPartition(settings.namespace + topic, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[Envelope[Any]] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=READ_MILLISECONDS)).values():
                found += [decode(dict(record.headers)["type"].decode(), record.value) for record in records]
    return [event for event in found if key is None or event.subject == key]
