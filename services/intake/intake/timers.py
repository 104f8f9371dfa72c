"""What intake cleans up by the clock: uploads that no message ever named."""

from intake import attachments
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

    return (Timer(settings.cleaning_every, remove_unused_uploads, "remove unused uploads"),)
