"""Due deliveries are claimed by one process each, in order per case, and a lost lease records nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from uuid import UUID

import pytest

from shared.db import Database
from shared.ids import new_id
from shared.migrate import migrate
from support.events import envelope, forwarded, record
from support.infrastructure import Infrastructure
from vendor_bridge import handlers, queue, store, vendors
from vendor_bridge.consumer import consumer
from vendor_bridge.contract import OUR_WORDS
from vendor_bridge.queue import Claimed
from vendor_bridge.settings import Settings
from vendor_bridge.store import Attempted, NewDelivery
from vendor_bridge.vendors import Contract

DELIVERIES = 100
CLAIMS_AT_ONCE = 4
LEASE = timedelta(seconds=30)


@pytest.fixture
async def db(infrastructure: Infrastructure) -> AsyncIterator[Database]:
    namespace = f"{infrastructure.namespace.removesuffix('.')}{new_id().hex[-6:]}."
    settings = Settings.model_validate(infrastructure.environment() | {"TIERDESK_NAMESPACE": namespace})
    await migrate(settings)
    made = Database(settings)
    yield made
    await made.close()


def settings_of(db: Database) -> Settings:
    assert isinstance(db.settings, Settings)
    return db.settings


async def registered(db: Database) -> str:
    vendor = f"v{new_id().hex}"
    contract = Contract("Acme", "https://acme.example/", (), frozenset(), OUR_WORDS, active=True)
    async with db.transaction() as tx:
        await vendors.register(tx, vendor, contract, settings_of(db))
    return vendor


async def opened(db: Database, vendor: str, count: int) -> list[UUID]:
    """Cases, each with a delivery that is due."""
    cases = [new_id() for _ in range(count)]
    facts = [envelope(forwarded(case=case, vendor=vendor), subject=new_id()) for case in cases]
    await consumer(db, settings_of(db)).handle([record(fact, offset=place) for place, fact in enumerate(facts)])
    return cases


async def claim(db: Database, *, at_once: int = DELIVERIES, busy: Mapping[str, int] | None = None) -> list[Claimed]:
    async with db.transaction() as tx:
        return await queue.claim(
            tx, lease=new_id(), span=LEASE, at_once=at_once, busy=busy or {}, probe_every=timedelta(seconds=30)
        )


async def ahead(db: Database, span: timedelta) -> None:
    async with db.transaction() as tx:
        await tx.fetch("UPDATE clock SET ahead = ahead + $1", span)


async def record_attempt(db: Database, claimed: Claimed, *, delivered: bool) -> None:
    wait = None if delivered else timedelta(seconds=5)
    attempt = Attempted(
        delivery=claimed.id,
        case_id=claimed.case_id,
        vendor=claimed.vendor,
        lease=claimed.lease,
        number=claimed.attempts + 1,
        delivered=delivered,
        status=202 if delivered else 500,
        reply="",
        reason=None,
        reference=None,
        took=timedelta(seconds=1),
        wait=wait,
    )
    async with db.transaction() as tx:
        await handlers.record(tx, [attempt], settings_of(db))


async def state_of(db: Database, delivery: UUID) -> tuple[str, int]:
    async with db.transaction() as tx:
        (row,) = await tx.fetch("SELECT state, attempts FROM delivery WHERE id = $1", delivery)
    return row[0], row[1]


async def test_senders_that_race_get_every_delivery_once(db: Database) -> None:
    vendor = await registered(db)
    cases = await opened(db, vendor, DELIVERIES)

    rounds = [await asyncio.gather(*(claim(db, at_once=10) for _ in range(CLAIMS_AT_ONCE))) for _ in range(6)]

    claimed = [delivery for one in rounds for some in one for delivery in some]
    assert sorted(delivery.case_id for delivery in claimed) == sorted(cases)


async def test_what_is_on_its_way_to_a_vendor_counts_and_other_vendors_are_not_held_up(db: Database) -> None:
    busy, idle = await registered(db), await registered(db)
    await opened(db, busy, 5)
    await opened(db, idle, 5)

    claimed = await claim(db, at_once=3, busy={busy: 2})

    assert sorted(delivery.vendor for delivery in claimed) == sorted([busy] * 1 + [idle] * 3)


async def test_a_lease_that_ended_lets_another_send_and_the_first_record_nothing(db: Database) -> None:
    await opened(db, await registered(db), 1)
    (first,) = await claim(db)
    assert await claim(db) == []

    await ahead(db, LEASE)
    (second,) = await claim(db)
    await record_attempt(db, first, delivered=False)
    assert await state_of(db, first.id) == ("due", 0)
    await record_attempt(db, second, delivered=True)
    await record_attempt(db, first, delivered=False)

    assert await state_of(db, first.id) == ("delivered", 1)
    async with db.transaction() as tx:
        assert (await store.lock(tx, [first.case_id]))[first.case_id].state == "delivered"


async def test_the_next_message_of_a_case_waits_until_the_one_before_is_settled(db: Database) -> None:
    vendor = await registered(db)
    (case,) = await opened(db, vendor, 1)
    async with db.transaction() as tx:
        later = NewDelivery(new_id(), case, vendor, b"{}", await tx.now() - timedelta(hours=1))
        await store.add_deliveries(tx, [later])

    (first,) = await claim(db)
    assert first.id != later.id
    await record_attempt(db, first, delivered=False)
    assert await claim(db) == []
    await ahead(db, timedelta(seconds=5))
    (again,) = await claim(db)
    await record_attempt(db, again, delivered=True)

    (second,) = await claim(db)
    assert (again.id, second.id) == (first.id, later.id)


async def test_a_case_that_is_forwarded_again_under_its_id_stays_one_case(db: Database) -> None:
    vendor = await registered(db)
    (case,) = await opened(db, vendor, 1)

    again = envelope(forwarded(case=case, vendor=vendor), subject=new_id())
    await consumer(db, settings_of(db)).handle([record(again, offset=1)])

    assert len(await claim(db)) == 1
