"""Sends due mails, one batch over one connection; outside of any transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from notifications import deliveries, sending
from notifications.addresses import Addresses
from notifications.deliveries import Due, Outcome
from notifications.mails import Letterhead, Unsendable, mail
from notifications.sending import Lease
from notifications.settings import Settings
from notifications.smtp import MailServer, NotTaken, Refused
from shared.db import Database
from shared.failpoint import AFTER_MAIL_ACCEPTED, failpoint

Claim = Callable[..., Awaitable[list[Due]]]


def letterhead(settings: Settings) -> Letterhead:
    """What all mails of this installation have in common."""
    addresses = Addresses(settings.mail_domain, settings.common_key("mail-reply"))
    return Letterhead(settings.mail_from, addresses, settings.mail_replies_read)


@dataclass(frozen=True)
class MailSender:
    """A mail is sent at least once: after a crash between the server's acceptance and our mark it goes out again,
    under the same Message-ID. claim: takes what is due, to customers or to members of staff."""

    db: Database
    settings: Settings
    letterhead: Letterhead
    claim: Claim = deliveries.claim_mails

    async def send_batch(self) -> bool:
        """Send what is due, at most `mail_batch`. Returns whether more may be due at once. Raises Unavailable."""
        lease = Lease(self.settings.lease)
        async with self.db.transaction() as tx:
            due = await self.claim(tx, lease.token, limit=self.settings.mail_batch, span=lease.span)
        if not due:
            return False
        async with MailServer(self.settings) as server:
            outcomes = [await self._outcome(server, one, lease) for one in due]
        await sending.settle(self.db, lease, outcomes)
        await asyncio.sleep(max(0.0, len(due) / self.settings.mails_per_second - lease.age_seconds))
        return any(outcome.state == "delivered" for outcome in outcomes)

    async def _outcome(self, server: MailServer, due: Due, lease: Lease) -> Outcome:
        if not lease.is_safe:
            return deliveries.released(due)
        try:
            content = mail(due.notice, due.recipient, due.cause, self.letterhead)
            await server.send(self.letterhead.envelope_sender, due.recipient.address, content)
        except (Unsendable, Refused) as error:
            return deliveries.refused(due, str(error))
        except NotTaken as error:
            return deliveries.later(due, str(error))
        failpoint(AFTER_MAIL_ACCEPTED)
        return deliveries.delivered(due)
