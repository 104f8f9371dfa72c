"""Sends due webhooks, each client application in a lane of its own, so that one that hangs delays nobody else."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from notifications import deliveries, sending
from notifications.deliveries import Due, Outcome
from notifications.listeners import Endpoint, Listeners
from notifications.notices import Notice
from notifications.payloads import payload
from notifications.sending import Lease
from notifications.settings import Settings
from shared.db import Database, Transaction, Unavailable
from shared.http import NotReached, Outgoing
from shared.telemetry import FAULTS, log
from shared.webhooks import SecretMalformed, sign

REPLY_KEPT: Final = 300
"""Characters of a refusing reply that are kept as the reason."""


@dataclass(eq=False)
class WebhookSender:
    """One task per application with something due; it ends when nothing is."""

    db: Database
    settings: Settings
    outgoing: Outgoing
    listeners: Listeners
    _lanes: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _ending: bool = False

    async def start_lanes(self) -> bool:
        """Start a lane for each application with something due that has none. Raises what a lane could not name."""
        for application, lane in list(self._lanes.items()):
            if lane.done():
                del self._lanes[application]
                lane.result()
        async with self.db.transaction() as tx:
            waiting = await deliveries.applications_with_due(tx)
        for application in waiting:
            if application not in self._lanes:
                self._lanes[application] = asyncio.create_task(self._work(application))
        return False

    async def drain(self) -> None:
        """Let the batches under way end, and begin no other."""
        self._ending = True
        await asyncio.gather(*self._lanes.values())

    async def _work(self, application: str) -> None:
        try:
            while not self._ending and await self.send_batch(application):
                pass
        except Unavailable as error:
            FAULTS.labels(self.settings.SERVICE, "timer").inc()
            log().warning("webhooks wait", application=application, cause=repr(error))

    async def send_batch(self, application: str) -> bool:
        """Send one application what is due, `webhook_batch` at a time. Returns whether more may be due at once."""
        lease = Lease(self.settings.lease)
        async with self.db.transaction() as tx:
            endpoint = await self._endpoint(tx, application)
            if endpoint is None:
                return False
            due = await deliveries.claim_webhooks(
                tx, application, lease.token, limit=self.settings.webhook_batch, span=lease.span
            )
        if not due:
            return False
        outcomes = await asyncio.gather(*(self._outcome(endpoint, one) for one in due))
        await sending.settle(self.db, lease, outcomes)
        return any(outcome.state == "delivered" for outcome in outcomes)

    async def _endpoint(self, tx: Transaction, application: str) -> Endpoint | None:
        """None too when it was sealed with another root secret: what is due then waits, and raises an alarm."""
        try:
            return await self.listeners.endpoint(tx, application)
        except SecretMalformed:
            log().error("webhook secret not readable", application=application)
            return None

    async def _outcome(self, endpoint: Endpoint, due: Due) -> Outcome:
        recipient = due.recipient
        assert isinstance(due.notice, Notice), "members of staff have no webhook"
        body = payload(due.notice, issue=recipient.issue, number=recipient.number, reference=due.reference)
        headers = sign(endpoint.secrets, str(due.id), datetime.now(UTC), body) | {"content-type": "application/json"}
        try:
            reply = await self.outgoing.post(endpoint.url, body, headers)
        except NotReached as error:
            return deliveries.later(due, error.reason)
        if reply.accepted:
            return deliveries.delivered(due)
        said = reply.body.decode("utf-8", "backslashreplace").replace("\x00", "")[:REPLY_KEPT]
        return deliveries.later(due, f"{reply.status} {said}".strip(), reply.retry_after)
