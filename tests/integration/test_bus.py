"""One consumer group on the real broker: members come, go and die, and each event has one effect, in order."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.bus import Consumer
from shared.db import Database
from shared.ids import new_id
from shared.topics import create_topics
from support.events import customer_replied, envelope
from support.infrastructure import Infrastructure
from support.ledger import POISON, consumer, effects, ledger, producer, settings_of
from support.waiting import until

ISSUES = 20


@pytest.fixture
async def db(infrastructure: Infrastructure) -> AsyncIterator[Database]:
    namespaced = f"{infrastructure.namespace.removesuffix('.')}b."
    settings = settings_of(infrastructure, TIERDESK_NAMESPACE=namespaced)
    await create_topics(settings.kafka_bootstrap, settings.namespace)
    async with ledger(settings) as made:
        yield made


@asynccontextmanager
async def member(db: Database, instance: str) -> AsyncIterator[Consumer]:
    """A running member of the group with a name of its own."""
    own = Database(db.settings.model_copy(update={"instance": instance}))
    running, stopping = consumer(own), asyncio.Event()
    task = asyncio.create_task(running.run(stopping))
    try:
        yield running
    finally:
        stopping.set()
        await task
        await own.close()


async def send(
    db: Database, infrastructure: Infrastructure, keys: list[str], seqs: range, text: str = "Hello?"
) -> None:
    """Publish the same numbered replies for each issue, each twice, as a relay that lost its lock would."""
    async with producer(infrastructure) as made:
        for seq in seqs:
            for key in keys:
                event = envelope(customer_replied(text=text), subject=key, seq=seq)
                for _ in range(2):
                    await made.send(
                        f"{db.settings.namespace}support.issues",
                        event.model_dump_json().encode(),
                        key=key.encode(),
                        headers=[("type", event.type.encode()), ("id", str(event.id).encode())],
                    )
        await made.flush()


async def until_effects(db: Database, count: int) -> dict[str, list[int]]:
    """The applied `seq` of each issue, once there are `count` effects in all."""

    async def enough() -> list[tuple[str, str, int]]:
        found = await effects(db)
        return found if len(found) >= count else []

    found = await until(enough, f"{count} effects")
    seqs: dict[str, list[int]] = defaultdict(list)
    for key, _, seq in found:
        seqs[key].append(seq)
    return seqs


async def test_members_that_come_and_go_take_each_event_once_and_in_order(
    db: Database, infrastructure: Infrastructure
) -> None:
    keys = [str(new_id()) for _ in range(ISSUES)]
    async with member(db, "first"):
        await send(db, infrastructure, keys, range(1, 6))
        await until_effects(db, ISSUES)
        async with member(db, "second"):
            await send(db, infrastructure, keys, range(6, 11))
            await until_effects(db, 6 * ISSUES)
        await send(db, infrastructure, keys, range(11, 16))
        applied = await until_effects(db, 15 * ISSUES)
    assert applied == {key: list(range(1, 16)) for key in keys}


async def test_a_member_that_starts_again_goes_on_where_it_was(db: Database, infrastructure: Infrastructure) -> None:
    keys = [str(new_id()) for _ in range(ISSUES)]
    await send(db, infrastructure, keys, range(1, 4))
    async with member(db, "only"):
        await until_effects(db, 3 * ISSUES)
    await send(db, infrastructure, keys, range(4, 6))
    async with member(db, "only"):
        applied = await until_effects(db, 5 * ISSUES)
    assert applied == {key: list(range(1, 6)) for key in keys}


async def test_poison_on_the_topic_does_not_hold_up_other_issues(db: Database, infrastructure: Infrastructure) -> None:
    sick, healthy = str(new_id()), [str(new_id()) for _ in range(ISSUES)]
    await send(db, infrastructure, [sick], range(1, 3), POISON)
    await send(db, infrastructure, [sick, *healthy], range(3, 5))
    async with member(db, "only") as running:
        applied = await until_effects(db, 2 * ISSUES)
        assert running.halted is None
    assert applied == {key: [3, 4] for key in healthy}
    async with db.transaction() as tx:
        rows = await tx.fetch("SELECT state, count(*)::int FROM dead_letter GROUP BY state ORDER BY state")
    assert dict(rows)["dead"] == 1
