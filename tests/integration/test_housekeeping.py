"""What every service forgets by itself, and what it keeps."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from router.app import build
from shared import directories
from shared.db import Database
from shared.events.directory import SessionRevoked, VendorListed
from shared.idempotency import Answer, Key, store
from shared.ids import new_id
from support.infrastructure import Infrastructure
from support.router import settings_of
from support.running import prepare, rows, running, wait_until

SOON: Final = timedelta(seconds=20)
MINUTE: Final = timedelta(minutes=1)
ANSWER: Final = Answer(200, b"{}")


@pytest.fixture(scope="module")
async def db(infrastructure: Infrastructure) -> AsyncIterator[Database]:
    """The database of a running service; the router, because it forgets nothing else."""
    settings = settings_of(infrastructure).model_copy(update={"housekeeping_every": timedelta(milliseconds=100)})
    await prepare(settings)
    service = build(settings)
    async with running(service, roles=frozenset({"background"})):
        yield service.db


def revoked(*, expires_in: timedelta) -> SessionRevoked:
    session, expires_at = new_id(), datetime.now(UTC) + expires_in
    return SessionRevoked(entity=str(session), version=1, session=session, expires_at=expires_at)


async def test_a_revoked_session_is_forgotten_once_its_last_token_has_ended(db: Database) -> None:
    over, live = revoked(expires_in=-MINUTE), revoked(expires_in=MINUTE)
    vendor = VendorListed(entity="acme-cloud", version=1, name="Acme Cloud", products=(), active=True)
    async with db.transaction() as tx:
        await directories.keep(tx, [over, live, vendor])

    async def forgotten() -> bool:
        return not await rows(db, "SELECT 1 FROM directory WHERE entity = $1", over.entity)

    await wait_until(forgotten, SOON, "the revocation is forgotten")
    kept = await rows(db, "SELECT entity FROM directory WHERE entity = ANY($1)", [live.entity, vendor.entity])
    assert len(kept) == 2


async def test_an_answer_is_forgotten_after_its_window_and_not_before(db: Database) -> None:
    keys = [Key("staff:ada", str(new_id()), b"digest") for _ in range(2)]
    old, fresh = (key.key for key in keys)
    async with db.transaction() as tx:
        await store(tx, [(key, ANSWER) for key in keys])
        past = db.settings.idempotency_window + MINUTE
        await tx.fetch("UPDATE idempotency SET created_at = now() - $2::interval WHERE key = $1", old, past)
        nearly = db.settings.idempotency_window - MINUTE
        await tx.fetch("UPDATE idempotency SET created_at = now() - $2::interval WHERE key = $1", fresh, nearly)

    async def forgotten() -> bool:
        return not await rows(db, "SELECT 1 FROM idempotency WHERE key = $1", old)

    await wait_until(forgotten, SOON, "the answer is forgotten")
    assert await rows(db, "SELECT 1 FROM idempotency WHERE key = $1", fresh)
