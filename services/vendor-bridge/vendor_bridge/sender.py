"""Sends due deliveries: leased in one transaction, posted outside of any, recorded in another."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import TypeAdapter, ValidationError

from shared import webhooks
from shared.db import Database, Transaction, Unavailable
from shared.failpoint import AFTER_VENDOR_ACCEPTED, failpoint
from shared.http import NotReached, Outgoing, Reply
from shared.ids import new_id
from shared.retries import wait_before_retry
from shared.telemetry import log
from shared.together import Together
from shared.vocabulary import Word
from vendor_bridge import handlers, queue, registry
from vendor_bridge.contract import message_id
from vendor_bridge.queue import Claimed
from vendor_bridge.settings import Settings
from vendor_bridge.store import Attempted

REPLY_KEPT_BYTES: Final = 2048
"""What the log of attempts keeps of a reply."""
_WORD: Final = TypeAdapter(Word)


@dataclass(eq=False)
class Sender:
    """The deliveries that this process has on their way.

    A vendor takes up at most `deliveries_at_once` of them, so that one that hangs holds up nobody else.
    """

    db: Database
    settings: Settings
    outgoing: Outgoing
    key: bytes
    """Unseals the vendors' secrets."""
    _at_work: dict[asyncio.Task[None], str] = field(default_factory=dict)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a delivery has ended."""
    _record: Together[Attempted, None] = field(init=False)

    def __post_init__(self) -> None:
        self._record = Together(self.db, self._recorded, lanes=1)

    async def turn(self) -> bool:
        """Claim what is due and send it, woken by a commit, the end of a delivery, or after `delivery_poll`."""
        await self._woken()
        claimed, secrets = await self._claim()
        for delivery in claimed:
            task = asyncio.create_task(self._deliver(delivery, secrets[delivery.vendor]))
            self._at_work[task] = delivery.vendor
            task.add_done_callback(self._done)
        return True

    async def drain(self) -> None:
        """Wait for what is on its way; each ends within `outgoing_timeout`."""
        while self._at_work:
            await asyncio.wait(set(self._at_work))
        await self._record.close()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._at_work.pop(task, None)
        self._freed.set()
        if not task.cancelled() and task.exception() is not None:
            # The lease ends by itself and the delivery is tried again.
            log().error("delivery broke off", service=self.settings.SERVICE, exc_info=task.exception())

    async def _woken(self) -> None:
        """Until this process commits an event or ends a delivery, at most `delivery_poll`."""
        # While the broker is away `published` stays set; then it says nothing new.
        events = [self._freed] if self.db.published.is_set() else [self._freed, self.db.published]
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            seconds = self.settings.delivery_poll.total_seconds()
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._freed.clear()

    async def _claim(self) -> tuple[list[Claimed], dict[str, list[str]]]:
        async with self.db.transaction() as tx:
            claimed = await queue.claim(
                tx,
                lease=new_id(),
                span=self.settings.delivery_lease,
                at_once=self.settings.deliveries_at_once,
                busy=Counter(self._at_work.values()),
                probe_every=self.settings.breaker_probe_every,
            )
            vendors = sorted({delivery.vendor for delivery in claimed})
            return claimed, await registry.secrets_of(tx, vendors, "outgoing", self.key) if vendors else {}

    async def _deliver(self, delivery: Claimed, secrets: Sequence[str]) -> None:
        started = asyncio.get_running_loop().time()
        try:
            reply = await self._post(delivery, secrets)
            attempt = _answered(delivery, reply)
        except NotReached as error:
            attempt = _unanswered(delivery, error)
        if attempt.delivered:
            failpoint(AFTER_VENDOR_ACCEPTED)
        await self._keep(attempt, until=started + self.settings.delivery_lease.total_seconds())

    async def _post(self, delivery: Claimed, secrets: Sequence[str]) -> Reply:
        if not secrets:
            raise NotReached("There is no secret to sign with; renew the vendor's secrets.", timedelta())
        headers = webhooks.sign(secrets, message_id(delivery.id), datetime.now(UTC), delivery.body)
        return await self.outgoing.post(delivery.url, delivery.body, {"content-type": "application/json", **headers})

    async def _keep(self, attempt: Attempted, *, until: float) -> None:
        """Record an attempt, through a short absence of the database; after the lease it would be too late."""
        while True:
            try:
                return await self._record.submit(attempt)
            except Unavailable as error:
                if asyncio.get_running_loop().time() >= until:
                    log().warning("attempt not recorded", service=self.settings.SERVICE, cause=repr(error))
                    return None
                await asyncio.sleep(self.settings.retry_wait.total_seconds())

    async def _recorded(self, tx: Transaction, attempts: Sequence[Attempted]) -> Sequence[None]:
        return await handlers.record(tx, attempts, self.settings)


def _answered(delivery: Claimed, reply: Reply) -> Attempted:
    body = reply.body[:REPLY_KEPT_BYTES].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    return _attempted(
        delivery,
        delivered=reply.accepted,
        status=reply.status,
        reply=body,
        reason=None if reply.accepted else f"HTTP {reply.status}",
        reference=_reference(reply.body) if reply.accepted else None,
        took=reply.took,
        retry_after=reply.retry_after,
    )


def _unanswered(delivery: Claimed, error: NotReached) -> Attempted:
    return _attempted(
        delivery, delivered=False, status=None, reply=None, reason=error.reason, reference=None, took=error.took
    )


def _attempted(
    delivery: Claimed,
    *,
    delivered: bool,
    status: int | None,
    reply: str | None,
    reason: str | None,
    reference: str | None,
    took: timedelta,
    retry_after: timedelta | None = None,
) -> Attempted:
    return Attempted(
        delivery=delivery.id,
        case_id=delivery.case_id,
        vendor=delivery.vendor,
        lease=delivery.lease,
        number=delivery.attempts + 1,
        delivered=delivered,
        status=status,
        reply=reply,
        reason=reason,
        reference=reference,
        took=took,
        wait=wait_before_retry(delivery.id, delivery.failures + 1, retry_after),
    )


def _reference(body: bytes) -> str | None:
    """The vendor's own reference in the answer to a delivery, if it is a usable one."""
    try:
        answer = json.loads(body)
        return _WORD.validate_python(answer["reference"]) if isinstance(answer, dict) else None
    except (ValueError, KeyError, RecursionError, ValidationError):
        return None
