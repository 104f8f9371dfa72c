"""The servers that tests run on can be treated as a crash would treat them, and keep address and data."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition

from support.infrastructure import Infrastructure, own_infrastructure

TOPIC = "kept"


@pytest.fixture(scope="module")
async def own() -> AsyncIterator[Infrastructure]:
    async with own_infrastructure() as servers:
        yield servers


async def test_a_killed_database_comes_back_with_what_was_committed(own: Infrastructure) -> None:
    connection = await asyncpg.connect(own.database_url)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
    await connection.execute("INSERT INTO kept VALUES ('committed')")
    assert own.database is not None
    await own.database.kill()
    connection.terminate()
    await own.database.start()
    connection = await asyncpg.connect(own.database_url)
    assert await connection.fetchval("SELECT value FROM kept") == "committed"
    await connection.close()


async def test_a_killed_broker_comes_back_with_what_was_acknowledged(own: Infrastructure) -> None:
    await _make_topic(own.kafka_bootstrap)
    async with AIOKafkaProducer(bootstrap_servers=own.kafka_bootstrap, enable_idempotence=True) as producer:
        await producer.send_and_wait(TOPIC, b"acknowledged")
    assert own.broker is not None
    await own.broker.kill()
    await own.broker.start()
    async with AIOKafkaConsumer(bootstrap_servers=own.kafka_bootstrap) as consumer:
        consumer.assign([TopicPartition(TOPIC, 0)])
        await consumer.seek_to_beginning()
        assert (await consumer.getone()).value == b"acknowledged"


async def test_a_paused_database_answers_again_when_it_is_resumed(own: Infrastructure) -> None:
    connection = await asyncpg.connect(own.database_url)
    assert own.database is not None
    await own.database.pause()
    with pytest.raises(TimeoutError):
        await connection.fetchval("SELECT 1", timeout=0.2)
    await own.database.resume()
    connection.terminate()
    connection = await asyncpg.connect(own.database_url)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def _make_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    await admin.close()
