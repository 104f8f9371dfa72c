"""What a poll takes from Kafka, and what is left there."""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

POLL: Final = 1.0
"""Seconds that a poll waits for a first record."""
FRESH_WITHIN: Final = 0.005
"""Seconds that a poll waits for what came since its first records were fetched."""


async def polled(consumer: AIOKafkaConsumer, stopping: asyncio.Event, limit: int) -> list[ConsumerRecord]:
    """Records of one poll, per partition in order; returns early and empty when stopping."""
    polling = asyncio.ensure_future(_poll(consumer, limit))
    ending = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((polling, ending), return_when=asyncio.FIRST_COMPLETED)
        return polling.result() if polling.done() else []
    finally:
        ending.cancel()
        polling.cancel()


async def _poll(consumer: AIOKafkaConsumer, limit: int) -> list[ConsumerRecord]:
    """What lies ready was fetched while the last poll was in work; then what has come since shares this one."""
    ready = _flat(await consumer.getmany())
    if not ready:
        return _flat(await consumer.getmany(timeout_ms=int(POLL * 1000)))
    if len(ready) < limit:
        ready += _flat(await consumer.getmany(timeout_ms=int(FRESH_WITHIN * 1000), max_records=limit - len(ready)))
    return ready


def _flat(polled: Mapping[TopicPartition, list[ConsumerRecord]]) -> list[ConsumerRecord]:
    return [record for records in polled.values() for record in records]


def behind(consumer: AIOKafkaConsumer, place: TopicPartition) -> int:
    """Records of a partition that were not polled yet, as far as the last fetch knew."""
    high = consumer.highwater(place)
    position = consumer._subscription.subscription.assignment.state_value(place)
    if high is None or position is None or not position.has_valid_position:
        return 0
    return max(0, int(high) - int(position.position))
