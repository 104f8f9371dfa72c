"""OUT: how far sending is behind, what deserves an alarm, and clearing away what nobody needs any more."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from notifications.settings import Settings
from shared.db import NOW, Transaction


@dataclass(frozen=True, slots=True)
class Backlog:
    """One channel's deliveries. waiting: not sent yet, retries included; failed: for good, lately."""

    channel: str
    waiting: int
    oldest_waiting_seconds: float
    failed: int


_WAITING: Final = f"""
SELECT channel, count(*), extract(epoch FROM {NOW} - min(created_at))::float
FROM delivery WHERE state = 'waiting' GROUP BY channel
"""  # noqa: S608
_FAILED: Final = f"""
WITH since AS MATERIALIZED (SELECT {NOW} - $1::interval AS at)
SELECT channel, count(*) FROM delivery
WHERE state <> 'waiting' AND settled_at > (SELECT at FROM since) AND state = 'failed' GROUP BY channel
"""  # noqa: S608


async def backlogs(tx: Transaction, failed_within: timedelta) -> list[Backlog]:
    """Mail, webhook and mail to staff, in this order."""
    waiting = {channel: (count, max(0.0, age)) for channel, count, age in await tx.fetch(_WAITING)}
    failed = {row[0]: row[1] for row in await tx.fetch(_FAILED, failed_within)}
    return [
        Backlog(channel, *waiting.get(channel, (0, 0.0)), failed.get(channel, 0))
        for channel in ("mail", "webhook", "staff")
    ]


async def alarms(tx: Transaction, settings: Settings) -> list[str]:
    """What an operator must look at, one sentence each."""
    found = []
    for one in await backlogs(tx, settings.alarm_failed_within):
        if one.failed:
            found.append(f"{one.failed} deliveries by {one.channel} failed for good lately.")
        if one.oldest_waiting_seconds > settings.alarm_waiting_longer.total_seconds():
            minutes = int(one.oldest_waiting_seconds / 60)
            found.append(f"{one.waiting} deliveries by {one.channel} wait, the oldest for {minutes} minutes.")
    return found


_DROP: Final = f"""
UPDATE delivery SET state = 'dropped', settled_at = {NOW}, lease = NULL, reason = 'the webhook was removed'
WHERE id IN (
    SELECT id FROM delivery WHERE state = 'waiting' AND channel = 'webhook'
    AND NOT EXISTS (SELECT FROM webhook WHERE webhook.application = delivery.application) LIMIT $1
) RETURNING 1
"""  # noqa: S608
_FORGET: Final = f"""
WITH since AS MATERIALIZED (SELECT {NOW} - $1::interval AS at)
DELETE FROM delivery WHERE id IN (
    SELECT id FROM delivery WHERE state <> 'waiting' AND settled_at < (SELECT at FROM since)
    ORDER BY settled_at LIMIT $2
) RETURNING 1
"""  # noqa: S608


async def drop_unheard(tx: Transaction, *, limit: int) -> int:
    """Settle webhooks whose client application listens no more. Returns how many."""
    return len(await tx.fetch(_DROP, limit))


async def forget_deliveries(tx: Transaction, kept: timedelta, *, limit: int) -> int:
    """Delete what was settled longer ago than `kept`, oldest first. Returns how many."""
    return len(await tx.fetch(_FORGET, kept, limit))
