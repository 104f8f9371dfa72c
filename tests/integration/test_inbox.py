"""Effects happen once and in order; poison is kept aside with what follows it, and nothing else waits."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from shared import dead_letters
from shared.bus import Consumer
from shared.db import Database, Transaction
from shared.dead_letters import Record
from shared.events import Envelope, issues, work
from shared.ids import new_id
from support.events import customer_replied, envelope, record, worked
from support.infrastructure import Infrastructure
from support.ledger import POISON, consumer, effects, ledger, settings_of


@pytest.fixture
async def db(infrastructure: Infrastructure) -> AsyncIterator[Database]:
    async with ledger(settings_of(infrastructure)) as made:
        yield made


def reply(key: str, seq: int, text: str = "Any news?") -> Record:
    fact: issues.CustomerReplied = customer_replied(text=text)
    return record(envelope(fact, subject=key, seq=seq), offset=next(_offsets))


_offsets = iter(range(1_000_000))


async def open_letters(db: Database) -> list[tuple[str, str]]:
    async with db.transaction() as tx:
        rows = await tx.fetch("SELECT type, state FROM dead_letter WHERE state IN ('dead', 'parked') ORDER BY position")
    return [tuple(row) for row in rows]


async def first_letter(db: Database) -> UUID:
    async with db.transaction() as tx:
        rows = await tx.fetch("SELECT id FROM dead_letter WHERE state = 'dead' ORDER BY position")
    found: UUID = rows[0][0]
    return found


async def test_an_event_that_comes_again_has_no_second_effect(db: Database) -> None:
    key = str(new_id())
    first, second = reply(key, 1), reply(key, 2)
    reader = consumer(db)
    await reader.handle([first, second, first])
    await reader.handle([second])
    assert await effects(db) == [(key, "intake", 1), (key, "intake", 2)]


async def test_two_producers_of_one_issue_are_counted_apart(db: Database) -> None:
    key = str(new_id())
    claimed = record(envelope(worked(work.IssueClaimed), subject=key, seq=1), offset=next(_offsets))
    await consumer(db).handle([reply(key, 1), claimed])
    assert await effects(db) == [(key, "intake", 1), (key, "tier-queues", 1)]


async def test_poison_parks_only_what_follows_it_in_its_issue(db: Database) -> None:
    sick, healthy = str(new_id()), str(new_id())
    await consumer(db).handle([reply(sick, 1), reply(sick, 2, POISON), reply(healthy, 1), reply(sick, 3)])
    await consumer(db).handle([reply(sick, 4), reply(healthy, 2)])
    assert await effects(db) == [(sick, "intake", 1), (healthy, "intake", 1), (healthy, "intake", 2)]
    assert [state for _, state in await open_letters(db)] == ["dead", "parked", "parked"]


async def test_a_discarded_letter_lets_the_parked_ones_through_in_order(db: Database) -> None:
    key = str(new_id())
    reader = consumer(db)
    await reader.handle([reply(key, 1, POISON), reply(key, 2), reply(key, 3)])
    settled = await dead_letters.settle(
        db, await first_letter(db), "discarded", apply=reader.replay, by="olga", reason="spam"
    )
    assert len(settled) == 3
    assert await effects(db) == [(key, "intake", 2), (key, "intake", 3)]
    assert await open_letters(db) == []


async def test_a_letter_that_fails_again_stays_dead_and_keeps_the_others_parked(db: Database) -> None:
    key = str(new_id())
    reader = consumer(db)
    await reader.handle([reply(key, 1, POISON), reply(key, 2)])
    assert await dead_letters.settle(db, await first_letter(db), "replayed", apply=reader.replay, by="olga") == []
    assert await effects(db) == []
    assert [state for _, state in await open_letters(db)] == ["dead", "parked"]


async def test_a_repaired_service_replays_everything_in_order(db: Database) -> None:
    key = str(new_id())
    await consumer(db).handle([reply(key, 1, POISON), reply(key, 2)])

    async def repaired(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
        for event in events:
            place = (event.subject, event.source, event.seq)
            await tx.fetch("INSERT INTO effect (key, source, seq) VALUES ($1, $2, $3)", *place)

    fixed = replace(consumer(db), apply=repaired)
    await dead_letters.settle(db, await first_letter(db), "replayed", apply=fixed.replay, by="olga")
    assert await effects(db) == [(key, "intake", 1), (key, "intake", 2)]


HOSTILE = [
    pytest.param({"body": b""}, id="empty"),
    pytest.param({"body": b"{"}, id="cut short"),
    pytest.param({"body": b"\xff\xfe"}, id="no text"),
    pytest.param({"body": b"null"}, id="null"),
    pytest.param({"body": b"[]"}, id="a list"),
    pytest.param({"body": b'{"data":{}}'}, id="no envelope"),
    pytest.param({"body": b"\x00" * 200_000}, id="zeros"),
    pytest.param({"body": b"[" * 100_000}, id="deep"),
    pytest.param({"key": "somebody-else"}, id="another key"),
    pytest.param({"type": work.IssueClaimed.TYPE}, id="another type"),
]


@pytest.mark.parametrize("damage", HOSTILE)
async def test_a_malformed_record_is_kept_with_its_bytes_and_blocks_nobody(
    db: Database, damage: dict[str, object]
) -> None:
    healthy = reply(str(new_id()), 1)
    broken = replace(reply(str(new_id()), 1), **damage)  # type: ignore[arg-type]
    await consumer(db).handle([broken, healthy])
    assert [key for key, _, _ in await effects(db)] == [healthy.key]
    async with db.transaction() as tx:
        rows = await tx.fetch("SELECT body, state FROM dead_letter")
    assert [(bytes(body), state) for body, state in rows] == [(broken.body, "dead")]


async def test_an_unknown_type_is_skipped_and_not_a_dead_letter(db: Database) -> None:
    await consumer(db).handle([replace(reply(str(new_id()), 1), type="tierdesk.from-the-future.v1")])
    assert await effects(db) == []
    assert await open_letters(db) == []


async def test_a_consumer_stops_when_most_of_what_arrives_is_poison(db: Database) -> None:
    reader: Consumer = consumer(db)
    for _ in range(12):
        await reader.handle([reply(str(new_id()), 1, POISON) for _ in range(10)])
    assert reader.halted is not None
    assert len(await open_letters(db)) == 100


async def test_a_dead_letter_is_copied_to_the_topic_for_tools(db: Database) -> None:
    await consumer(db).handle([reply(str(new_id()), 1, POISON)])
    async with db.transaction() as tx:
        rows = await tx.fetch("SELECT aggregatetype, type FROM outbox")
    assert [tuple(row) for row in rows] == [("support.issues.dlq", "tierdesk.dead-letter.v1")]
