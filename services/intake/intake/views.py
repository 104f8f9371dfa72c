"""What a client application may read of its own issues: pages and single views, in the customer's words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from intake import forms
from intake.forms import FormView
from intake.ratings import RatingView
from intake.store import ATTACHMENTS
from shared.customer_state import CustomerState
from shared.db import Transaction
from shared.events.issues import Attachment
from shared.paging import Page, cursor_of

MESSAGES_SHOWN: Final = 50
"""Newest messages in the view of an issue; older ones come by pages."""


class IssueLine(BaseModel):
    """An issue in a list."""

    id: UUID
    number: int
    title: str
    state: CustomerState
    reference: str | None
    accepted_at: datetime


class MessageView(BaseModel):
    """What the customer or support said. author: customer or support; name: as the other side may know it."""

    id: UUID
    author: str
    name: str
    text: str
    attachments: tuple[Attachment, ...]
    at: datetime


class CustomerView(BaseModel):
    """Whose issue it is."""

    name: str
    email: str


class IssueView(IssueLine):
    """An issue as its customer sees it. messages: newest first; the text it came in with is not among them.

    next_update_by: until when support has promised to write, if it has. forms: newest first.
    split_from: the issue that this one was a part of. rating: what the customer thought of the answer, if they said so.
    """

    customer: CustomerView
    text: str
    product: str | None
    category: str | None
    attachments: tuple[Attachment, ...]
    messages: Page[MessageView]
    next_update_by: datetime | None
    forms: list[FormView]
    split_from: UUID | None
    rating: RatingView | None


_OWN: Final = """
SELECT id, number, title, state, reference, accepted_at, submission, state_version, next_update_by,
    score, comment, rated_at
FROM issue LEFT JOIN rating ON rating.issue_id = issue.id
WHERE id = $1 AND application = $2
"""


async def issue_of(tx: Transaction, application: str, issue: UUID) -> tuple[IssueView, int] | None:
    """The view of one of the application's issues, and its version; None when it has no such issue."""
    for row in await tx.fetch(_OWN, issue, application):
        messages = await messages_of(tx, issue, limit=MESSAGES_SHOWN)
        return _view(row, messages, await forms.of_issue(tx, issue)), row.state_version
    return None


def _view(row: Any, messages: Page[MessageView], asked: list[FormView]) -> IssueView:
    given = row.submission
    return IssueView(
        **_line(row),
        text=given["text"],
        customer=CustomerView(name=given["customer"]["name"], email=given["customer"]["email"]),
        product=given["product"],
        category=given["category"],
        attachments=ATTACHMENTS.validate_python(given["attachments"]),
        messages=messages,
        next_update_by=row.next_update_by,
        forms=asked,
        split_from=given.get("split_from"),
        rating=RatingView(score=row.score, comment=row.comment, rated_at=row.rated_at) if row.score else None,
    )


def _line(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in IssueLine.model_fields}


_MESSAGES: Final = """
SELECT id, author, author_name, text, attachments, at FROM message
WHERE issue_id = $1 AND ($2::uuid IS NULL OR (at, id) < (SELECT at, id FROM message WHERE id = $2 AND issue_id = $1))
ORDER BY at DESC, id DESC LIMIT $3
"""


async def messages_of(tx: Transaction, issue: UUID, *, limit: int, after: UUID | None = None) -> Page[MessageView]:
    """Messages of an issue that is known to be the caller's, newest first, older than the message `after`."""
    rows = await tx.fetch(_MESSAGES, issue, after, limit + 1)
    items = [
        MessageView(id=row[0], author=row[1], name=row[2], text=row[3], attachments=row[4], at=row[5])
        for row in rows[:limit]
    ]
    return Page(items=items, next=_next(rows, items, limit))


async def exists(tx: Transaction, application: str, issue: UUID) -> bool:
    """Whether the application has such an issue."""
    return bool(await tx.fetch("SELECT 1 FROM issue WHERE id = $1 AND application = $2", issue, application))


_LIST: Final = """
SELECT page.* FROM unnest($4::text[]) AS wanted (state), LATERAL (
    SELECT id, number, title, state, reference, accepted_at FROM issue
    WHERE application = $1 AND issue.state = wanted.state {more}
    AND id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
    ORDER BY id DESC LIMIT $3
) AS page
ORDER BY id DESC LIMIT $3
"""
"""One index holds each state's issues by age; a page takes what it needs of each."""


async def issues_of(
    tx: Transaction,
    application: str,
    *,
    reference: str | None,
    state: CustomerState | None,
    limit: int,
    after: UUID | None,
) -> Page[IssueLine]:
    """The application's own issues, newest first, older than the issue `after`."""
    states = list(CustomerState) if state is None else [state]
    more, values = ("", ()) if reference is None else ("AND reference = $5", (reference,))
    rows = await tx.fetch(_LIST.format(more=more), application, after, limit + 1, states, *values)
    items = [IssueLine(**_line(row)) for row in rows[:limit]]
    return Page(items=items, next=_next(rows, items, limit))


def _next(rows: Sequence[Any], items: Sequence[IssueLine | MessageView], limit: int) -> str | None:
    return cursor_of([items[-1].id]) if len(rows) > limit else None
