"""OUT, for the senders and the API: claiming due deliveries, settling them, looking at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from notifications.mails import Recipient
from notifications.notices import OF_NO_ISSUE, Notice
from notifications.staff_notices import StaffNotice
from shared.db import NOW, Transaction
from shared.events import deliveries as facts
from shared.outbox import Outgoing, publish
from shared.retries import wait_before_retry

SOURCE: Final = "notifications"
Channel = Literal["mail", "webhook", "staff"]
State = Literal["waiting", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is to be sent now. attempts: the present one included."""

    id: UUID
    position: int
    cause: UUID
    channel: Channel
    attempts: int
    notice: Notice | StaffNotice
    recipient: Recipient
    agent: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. wait: until the next one, where the delivery goes on waiting."""

    due: Due
    state: State
    attempts: int
    reason: str | None = None
    wait: timedelta = timedelta()


def delivered(due: Due) -> Outcome:
    """The receiving server took it."""
    return Outcome(due, "delivered", due.attempts)


def refused(due: Due, reason: str) -> Outcome:
    """Refused for good."""
    return Outcome(due, "failed", due.attempts, reason)


def later(due: Due, reason: str, retry_after: timedelta | None = None) -> Outcome:
    """Not this time: once more by the schedule, or failed when that was the last attempt planned."""
    wait = wait_before_retry(due.id, due.attempts, retry_after)
    if wait is None:
        return refused(due, reason)
    return Outcome(due, "waiting", due.attempts, reason, wait)


def released(due: Due) -> Outcome:
    """Not tried: due again at once, and the attempt does not count."""
    return Outcome(due, "waiting", due.attempts - 1)


_CUSTOMER: Final = "recipient.name, recipient.address, recipient.language"
_AGENT: Final = "directory.body ->> 'name', coalesce(directory.body ->> 'address', ''), 'en'"


def _claim(which: str, receiver: str = _CUSTOMER, tables: str = "", where: str = "") -> str:
    """Only the first waiting delivery of an issue, channel and receiver is due, which keeps their order.

    It is asked for as a subquery per row, and not as a join, so that no plan reads the whole queue.
    """
    return f"""
WITH present AS MATERIALIZED (SELECT {NOW} AS now), due AS (
    SELECT id FROM delivery
    WHERE state = 'waiting' AND {which} AND next_attempt_at <= (SELECT now FROM present)
    AND position = (
        SELECT min(line.position) FROM delivery AS line
        WHERE line.issue = delivery.issue AND line.channel = delivery.channel AND line.state = 'waiting'
            AND line.agent IS NOT DISTINCT FROM delivery.agent
    )
    ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE delivery SET lease = $1, attempts = attempts + 1, next_attempt_at = present.now + $3::interval
FROM due, present, recipient{tables} WHERE delivery.id = due.id AND recipient.issue = delivery.issue{where}
RETURNING delivery.id, delivery.position, delivery.cause, delivery.channel, delivery.attempts, delivery.content,
    delivery.agent, recipient.reference, recipient.issue, recipient.number, recipient.title, {receiver},
    recipient.first
"""  # noqa: S608


_CLAIM_MAILS: Final = _claim("channel = 'mail'")
_CLAIM_WEBHOOKS: Final = _claim("channel = 'webhook' AND application = $4")

# Not before the issue is known, whose number and title the mail names.
_KNOWN: Final = "EXISTS (SELECT FROM recipient WHERE recipient.issue = delivery.issue AND number IS NOT NULL)"
_CLAIM_STAFF: Final = _claim(
    f"channel = 'staff' AND {_KNOWN}",
    _AGENT,
    ", directory",
    " AND directory.kind = 'agent' AND directory.entity = delivery.agent",
)


async def claim_staff_mails(tx: Transaction, lease: UUID, *, limit: int, span: timedelta) -> list[Due]:
    """As `claim_mails`, to members of staff."""
    return _due(await tx.fetch(_CLAIM_STAFF, lease, limit, span))


async def claim_mails(tx: Transaction, lease: UUID, *, limit: int, span: timedelta) -> list[Due]:
    """Take at most `limit` due mails, oldest first; nobody else gets them until `span` has passed."""
    return _due(await tx.fetch(_CLAIM_MAILS, lease, limit, span))


async def claim_webhooks(tx: Transaction, application: str, lease: UUID, *, limit: int, span: timedelta) -> list[Due]:
    """Take at most `limit` due webhooks of one application, oldest first."""
    return _due(await tx.fetch(_CLAIM_WEBHOOKS, lease, limit, span, application))


def _due(rows: Sequence[Any]) -> list[Due]:
    due = [
        Due(delivery, place, cause, channel, attempts, _notice(channel, content), Recipient(*to), agent, reference)
        for delivery, place, cause, channel, attempts, content, agent, reference, *to in rows
    ]
    return sorted(due, key=lambda one: one.position)


def _notice(channel: Channel, content: str) -> Notice | StaffNotice:
    return (StaffNotice if channel == "staff" else Notice).model_validate_json(content)


_APPLICATIONS_WITH_DUE: Final = f"""
WITH present AS MATERIALIZED (SELECT {NOW} AS now)
SELECT application FROM webhook WHERE EXISTS (
    SELECT FROM delivery WHERE state = 'waiting' AND channel = 'webhook'
    AND delivery.application = webhook.application AND next_attempt_at <= (SELECT now FROM present)
)
"""  # noqa: S608


async def applications_with_due(tx: Transaction) -> list[str]:
    """Client applications for which webhooks are due."""
    return [row[0] for row in await tx.fetch(_APPLICATIONS_WITH_DUE)]


_SETTLE: Final = f"""
UPDATE delivery SET state = outcome.state, attempts = outcome.attempts, reason = outcome.reason, lease = NULL,
    next_attempt_at = {NOW} + outcome.wait, settled_at = CASE WHEN outcome.state <> 'waiting' THEN {NOW} END
FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::text[], $6::interval[])
    AS outcome (id, state, attempts, reason, wait)
WHERE delivery.id = outcome.id AND delivery.lease = $1
RETURNING delivery.id, delivery.settled_at, delivery.next_attempt_at
"""  # noqa: S608

_HOLD_BACK: Final = """
UPDATE delivery SET next_attempt_at = before.next_attempt_at
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[])
    AS before (issue, channel, position, next_attempt_at, agent)
WHERE delivery.issue = before.issue AND delivery.channel = before.channel AND delivery.position > before.position
AND delivery.agent IS NOT DISTINCT FROM before.agent
AND delivery.state = 'waiting' AND delivery.next_attempt_at < before.next_attempt_at
"""
"""Those behind a delivery that is tried again later need not be looked at until then."""


async def settle(tx: Transaction, lease: UUID, outcomes: Sequence[Outcome]) -> None:
    """Write what became of a batch and publish it. What somebody else has taken over meanwhile is left to them."""
    ours = sorted(outcomes, key=lambda outcome: outcome.due.id)
    rows = await tx.fetch(
        _SETTLE,
        lease,
        [outcome.due.id for outcome in ours],
        [outcome.state for outcome in ours],
        [outcome.attempts for outcome in ours],
        [outcome.reason for outcome in ours],
        [outcome.wait for outcome in ours],
    )
    written = {delivery: (settled_at, next_attempt_at) for delivery, settled_at, next_attempt_at in rows}
    kept = [outcome for outcome in ours if outcome.due.id in written]
    retried = [outcome for outcome in kept if outcome.wait]
    if retried:
        await tx.fetch(
            _HOLD_BACK,
            [outcome.due.recipient.issue for outcome in retried],
            [outcome.due.channel for outcome in retried],
            [outcome.due.position for outcome in retried],
            [written[outcome.due.id][1] for outcome in retried],
            [outcome.due.agent for outcome in retried],
        )
    # What became of messages about no issue is no news about one.
    settled = [one for one in kept if one.state != "waiting" and one.due.notice.about not in OF_NO_ISSUE]
    await publish(
        tx,
        [Outgoing(str(one.due.recipient.issue), _fact(one, written[one.due.id][0])) for one in settled],
        source=SOURCE,
    )


def _fact(outcome: Outcome, at: datetime) -> facts.DeliveryFact:
    due = outcome.due
    common: dict[str, Any] = {
        "delivery": due.id,
        "channel": due.channel,
        "cause": due.cause,
        "about": str(due.notice.about),
        "attempts": outcome.attempts,
        "at": at,
    }
    if outcome.state == "delivered":
        return facts.NotificationDelivered(**common)
    return facts.NotificationFailed(**common, reason=outcome.reason or "")
