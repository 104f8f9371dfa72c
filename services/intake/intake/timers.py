"""What is cleaned up by the clock: answers and sessions nobody asks for again, and uploads no message ever named."""

from intake import attachments
from intake.files import Files
from intake.settings import Settings
from shared import idempotency
from shared.db import Database
from shared.revocations import forget_revocations
from shared.service import Timer

FORGOTTEN_AT_ONCE = 5000
"""Answers forgotten in one transaction."""


def timers(db: Database, files: Files, settings: Settings) -> tuple[Timer, ...]:
    """Intake's timers."""

    async def forget_answers() -> bool:
        async with db.transaction() as tx:
            gone = await idempotency.forget(tx, settings.idempotency_window, limit=FORGOTTEN_AT_ONCE)
        return gone == FORGOTTEN_AT_ONCE

    async def forget_sessions() -> bool:
        async with db.transaction() as tx:
            await forget_revocations(tx)
        return False

    async def remove_unused_uploads() -> bool:
        async with db.transaction() as tx:
            unused = await attachments.abandon(tx, settings.unused_attachment_kept)
        await files.delete(unused)
        async with db.transaction() as tx:
            await attachments.forget(tx, unused)
        return len(unused) == attachments.CLEANED_AT_ONCE

    return (
        Timer(settings.cleaning_every, forget_answers, "forget answers"),
        Timer(settings.cleaning_every, forget_sessions, "forget sessions"),
        Timer(settings.cleaning_every, remove_unused_uploads, "remove unused uploads"),
    )
