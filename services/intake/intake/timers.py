"""What intake does by the clock: finds whom announcements concern, and removes uploads that no message ever named."""

from intake import announcing, attachments
from intake.files import Files
from intake.settings import Settings
from shared.db import Database
from shared.service import Timer


def timers(db: Database, files: Files, settings: Settings) -> tuple[Timer, ...]:
    """Intake's timers."""

    async def remove_unused_uploads() -> bool:
        async with db.transaction() as tx:
            unused = await attachments.abandon(tx, settings.unused_attachment_kept)
        await files.delete(unused)
        async with db.transaction() as tx:
            await attachments.forget(tx, unused)
        return len(unused) == attachments.CLEANED_AT_ONCE

    async def address_announcements() -> bool:
        async with db.transaction() as tx:
            return await announcing.address(tx, limit=settings.announcement_batch)

    return (
        Timer(settings.cleaning_every, remove_unused_uploads, "remove unused uploads"),
        Timer(settings.announcement_poll, address_announcements, "address announcements"),
    )
