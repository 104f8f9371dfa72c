"""HTTP out: what customers were told before they asked."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, TypeAdapter

from intake.applications import Applications
from shared.api import Api, CallerOf
from shared.auth import STAFF, StaffTokens
from shared.db import Database
from shared.paging import LAST_ID, Cursor, Limit, Page, cursor_of, key_in
from shared.problems import not_found

_KEY: Final = TypeAdapter(tuple[UUID])
CONCERNING: Final = """
SELECT announcement.id, title, text, product, made_at FROM announcement_customer
JOIN announcement ON announcement.id = announcement_id
WHERE customer_id = (SELECT id FROM customer WHERE id = $1 AND application IN ('', $2)) AND announcement_id < $3
ORDER BY announcement_id DESC LIMIT $4
"""
_PROGRESS: Final = "SELECT id, title, product, made_at, addressed, done FROM announcement WHERE id = $1"


class AnnouncementView(BaseModel):
    """What a customer was told."""

    id: UUID
    title: str
    text: str
    product: str
    made_at: datetime


class ProgressView(BaseModel):
    """How many customers an announcement was addressed to so far; done: all of them."""

    id: UUID
    title: str
    product: str
    made_at: datetime
    addressed: int
    done: bool


def add_announcements(api: Api, db: Database, applications: Applications, tokens: StaffTokens) -> None:
    """What customers were told, for client applications; how far it is, for staff."""

    @api.get("/announcements", allow=applications.allow())
    async def list_announcements(
        caller: CallerOf,
        customer: Annotated[UUID, Query(description="Whom they concern.")],
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[AnnouncementView]:
        """What one of the application's customers was told before they asked, newest first."""
        before = key_in(after, _KEY)[0] if after else LAST_ID
        async with db.transaction() as tx:
            rows = await tx.fetch(CONCERNING, customer, caller.id, before, limit + 1)
        more = cursor_of([rows[limit - 1].id]) if len(rows) > limit else None
        return Page(items=[AnnouncementView(**dict(row)) for row in rows[:limit]], next=more)

    @api.get("/announcements/{announcement}", allow=tokens.allow(STAFF))
    async def show_progress(announcement: UUID) -> ProgressView:
        """How many customers an announcement was addressed to so far."""
        async with db.transaction() as tx:
            rows = await tx.fetch(_PROGRESS, announcement)
        if not rows:
            raise not_found()
        return ProgressView(**dict(rows[0]))
