"""Published once committed, in order per issue: writers race, transactions roll back, relays die in the middle."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared import outbox, trace
from shared.db import Database
from shared.events import Envelope, decode, issues
from shared.ids import new_id
from shared.outbox import EventTooLarge, Outgoing, Relay
from shared.topics import create_topics
from support.events import customer_replied, submitted
from support.infrastructure import Infrastructure
from support.ledger import ledger, settings_of
from support.waiting import until

WRITERS = 24
COMMITS_PER_WRITER = 60
ISSUES = 12


class RolledBack(Exception):
    """The writer changed its mind."""


@pytest.fixture
async def db(infrastructure: Infrastructure) -> AsyncIterator[Database]:
    await create_topics(infrastructure.kafka_bootstrap, infrastructure.namespace)
    async with ledger(settings_of(infrastructure, pool_size=WRITERS)) as made:
        yield made


async def published(infrastructure: Infrastructure, source: str, count: int) -> list[Envelope[issues.CustomerReplied]]:
    """The events of one source on support.issues, as soon as there are `count`; per partition in order."""
    topic = infrastructure.namespace + "support.issues"
    consumer = AIOKafkaConsumer(bootstrap_servers=infrastructure.kafka_bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in await _partitions(consumer, topic)])
        found: list[Envelope[issues.CustomerReplied]] = []
        async with asyncio.timeout(30):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    events = [decode(dict(record.headers)["type"].decode(), record.value) for record in records]
                    found += [event for event in events if event.source == source]
        return found
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    found: set[int] = consumer._client.cluster.partitions_for_topic(topic) or set()
    return found


async def write(db: Database, keys: list[str], source: str, chance: random.Random) -> int:
    """Commit events for random issues, now and then slowly, now and then not at all. Returns how many committed."""
    committed = 0
    for _ in range(COMMITS_PER_WRITER):
        try:
            async with db.transaction() as tx:
                await outbox.publish(tx, [Outgoing(chance.choice(keys), customer_replied())], source=source)
                if chance.random() < 0.2:
                    await tx.fetch("SELECT pg_sleep($1)", chance.random() * 0.05)
                if chance.random() < 0.1:
                    raise RolledBack
            committed += 1
        except RolledBack:
            continue
    return committed


async def relays_that_die(db: Database, stopping: asyncio.Event, chance: random.Random) -> None:
    """A relay that is cancelled in the middle of whatever it does, again and again; at last one that finishes."""
    while not stopping.is_set():
        running = asyncio.create_task(Relay(db).run(asyncio.Event()))
        await asyncio.wait([running], timeout=0.1 + chance.random() * 0.4)
        running.cancel()
        await asyncio.wait([running])
    await Relay(db).run(stopping)


async def test_racing_writers_and_dying_relays_lose_nothing_and_keep_each_issues_order(
    db: Database, infrastructure: Infrastructure
) -> None:
    chance = random.Random(7)
    keys = [str(new_id()) for _ in range(ISSUES)]
    source = f"race-{new_id()}"
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(relays_that_die(db, done, chance))
        writers = [asyncio.create_task(write(db, keys, source, chance)) for _ in range(WRITERS)]
        committed = sum(await asyncio.gather(*writers))
        done.set()
    events = await published(infrastructure, source, committed)
    applied: dict[str, list[int]] = defaultdict(list)
    for event in events:
        if not applied[event.subject] or event.seq > applied[event.subject][-1]:
            applied[event.subject].append(event.seq)
    assert sum(len(seqs) for seqs in applied.values()) == committed
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in applied.values())


async def test_events_of_one_transaction_are_numbered_in_the_order_given(
    db: Database, infrastructure: Infrastructure
) -> None:
    key, source = str(new_id()), f"order-{new_id()}"
    async with db.transaction() as tx:
        await outbox.publish(tx, [Outgoing(key, customer_replied(text=f"{n}")) for n in range(5)], source=source)
    await finished(Relay(db))
    events = await published(infrastructure, source, 5)
    assert [(event.seq, event.data.text) for event in events] == [(n + 1, str(n)) for n in range(5)]


async def test_a_trace_goes_on_behind_the_topic(db: Database, infrastructure: Infrastructure) -> None:
    source = f"trace-{new_id()}"
    with trace.continued("00-" + "a" * 32 + "-" + "b" * 16 + "-01"):
        async with db.transaction() as tx:
            await outbox.publish(tx, [Outgoing(str(new_id()), customer_replied())], source=source)
    await finished(Relay(db))
    event = (await published(infrastructure, source, 1))[0]
    assert event.traceparent is not None
    assert event.traceparent.startswith("00-" + "a" * 32)


async def test_an_event_beyond_the_limit_is_refused_before_anything_is_written(db: Database) -> None:
    form = {str(n): "x" * 1000 for n in range(140)}
    with pytest.raises(EventTooLarge):
        async with db.transaction() as tx:
            await outbox.publish(tx, [Outgoing(str(new_id()), submitted(form=form))], source="large")
    async with db.transaction() as tx:
        assert (await tx.fetch("SELECT count(*) FROM outbox"))[0][0] == 0


@pytest.mark.parametrize("only_own", [False, True])
async def test_a_commit_wakes_the_relay_without_waiting_for_its_poll(
    infrastructure: Infrastructure, only_own: bool
) -> None:
    await create_topics(infrastructure.kafka_bootstrap, infrastructure.namespace)
    source, stopping = f"wake-{new_id()}", asyncio.Event()
    async with ledger(settings_of(infrastructure, relay_poll=timedelta(hours=1))) as db, asyncio.TaskGroup() as group:
        group.create_task(Relay(db, only_own=only_own).run(stopping))
        for _ in range(3):
            async with db.transaction() as tx:
                await outbox.publish(tx, [Outgoing(str(new_id()), customer_replied())], source=source)
            await emptied(db)
        stopping.set()
    assert len(await published(infrastructure, source, 3)) == 3


async def finished(relay: Relay) -> None:
    """Let a relay publish what there is and end."""
    stopping = asyncio.Event()
    stopping.set()
    await relay.run(stopping)


async def emptied(db: Database) -> None:
    """Wait until the outbox holds nothing."""

    async def empty() -> bool:
        async with db.transaction() as tx:
            return bool((await tx.fetch("SELECT count(*) = 0 FROM outbox"))[0][0])

    await until(empty, "an empty outbox")
