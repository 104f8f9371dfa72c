"""Every process follows the sessions that tier-queues revoked, so that a signed-out token dies within seconds."""

import asyncio
from typing import Final
from uuid import UUID

from shared.auth import StaffTokens
from shared.db import Database, Transaction, Unavailable
from shared.telemetry import log

EVERY: Final = 2.0
"""Seconds between two looks at the directory."""


async def follow_revocations(db: Database, tokens: StaffTokens, stopping: asyncio.Event) -> None:
    """Keep `tokens.revoked` as the service's directory has it, until stopping."""
    while not stopping.is_set():
        try:
            async with db.transaction() as tx:
                rows = await tx.fetch("SELECT entity FROM directory WHERE kind = 'revoked-session'")
            tokens.revoked.clear()
            tokens.revoked.update(UUID(row[0]) for row in rows)
        except Unavailable as error:
            log().info("revocations not read", cause=repr(error))
        try:
            async with asyncio.timeout(EVERY):
                await stopping.wait()
        except TimeoutError:
            continue


async def forget_revocations(tx: Transaction) -> None:
    """Forget revoked sessions whose last token has ended by itself."""
    await tx.fetch(
        "DELETE FROM directory WHERE kind = 'revoked-session' "
        "AND (body ->> 'expires_at')::timestamptz < clock_timestamp()"
    )
