"""IN: deadlines: due deliveries, and housekeeping."""

from collections.abc import Sequence

from notifications import upkeep
from notifications.mail_sender import MailSender
from notifications.settings import Settings
from notifications.webhook_sender import WebhookSender
from shared.db import Database
from shared.service import Timer


def timers(
    db: Database, settings: Settings, mails: MailSender, staff_mails: MailSender, webhooks: WebhookSender
) -> Sequence[Timer]:
    """Everything that happens without being asked."""

    async def keep_house() -> bool:
        limit = settings.housekeeping_limit
        async with db.transaction() as tx:
            cleared = [
                await upkeep.drop_unheard(tx, limit=limit),
                await upkeep.forget_deliveries(tx, settings.deliveries_kept, limit=limit),
            ]
        return limit in cleared

    return (
        Timer(settings.send_every, mails.send_batch, "send mails"),
        Timer(settings.send_every, staff_mails.send_batch, "send staff mails"),
        Timer(settings.send_every, webhooks.start_lanes, "send webhooks"),
        Timer(settings.housekeeping_every, keep_house, "housekeeping"),
    )
