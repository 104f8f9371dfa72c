"""A part of an issue that support makes an issue of its own: submitted like every other, for the same customer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from intake import store
from intake.accepting import SOURCE
from intake.store import Accepted
from intake.visible import Message, from_support
from shared import outbox
from shared.db import NOW, Transaction
from shared.events import Envelope
from shared.events.issues import IssueSubmitted, Submission
from shared.events.tidying import IssueSplit
from shared.outbox import Outgoing

_DRAW: Final = f"""
SELECT asked.id, nextval('issue_number'), {NOW}, origin.submission::text
FROM unnest($1::uuid[], $2::uuid[]) AS asked (id, origin) JOIN issue AS origin ON origin.id = asked.origin
WHERE (SELECT true FROM issue WHERE issue.id = asked.id) IS NULL
"""  # noqa: S608
"""The origins are locked, so that of two who hear of the same split the second one finds its issue there."""


async def submit(tx: Transaction, events: Sequence[Envelope[Any]]) -> list[Message]:
    """Submit what was split off, once for each split, and say so in the conversation of its origin.

    The issues that it was split from are locked. Returns what their customers are told; no statement without a split.
    """
    splits = {event.data.issue: event for event in events if isinstance(event.data, IssueSplit)}
    if not splits:
        return []
    rows = await tx.fetch(_DRAW, list(splits), [UUID(event.subject) for event in splits.values()])
    made = [(splits[row[0]], _accepted(splits[row[0]], row[1], row[2], row[3])) for row in rows]
    await store.insert_issues(tx, [issue for _, issue in made])
    await outbox.publish(tx, [_outgoing(event, issue) for event, issue in made], source=SOURCE)
    return [_told(event, issue) for event, issue in made]


def _accepted(event: Envelope[Any], number: int, at: datetime, origin: str) -> Accepted:
    """Who asks, about which product and how are the origin's; what was said of the whole is not said of a part."""
    said: IssueSplit = event.data
    whole = Submission.model_validate_json(origin)
    submission = Submission(
        number=number,
        accepted_at=at,
        application=whole.application,
        customer=whole.customer,
        channel=whole.channel,
        language=whole.language,
        verified=whole.verified,
        product=whole.product,
        category=said.category,
        title=said.title,
        text=said.text,
        split_from=UUID(event.subject),
    )
    return Accepted(said.issue, submission, submission.model_dump_json())


def _outgoing(event: Envelope[Any], issue: Accepted) -> Outgoing:
    fact, at = IssueSubmitted(submission=issue.submission), issue.submission.accepted_at
    return Outgoing(str(issue.id), fact, time=at, traceparent=event.traceparent)


def _told(event: Envelope[Any], issue: Accepted) -> Message:
    submission = issue.submission
    text = f"We treat a part of this as a request of its own, #{submission.number}: {submission.title}"
    return from_support(event, event.id, text, ())
