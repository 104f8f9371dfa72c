"""HTTP in and out: what customers of a product are told before they ask."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, TypeAdapter

from shared import idempotency
from shared.api import Api, Body, Command
from shared.auth import STAFF, Caller
from shared.db import Transaction
from shared.events.announcements import AnnouncementMade, AnnouncementText
from shared.events.work import Actor
from shared.idempotency import Answer
from shared.ids import new_id
from shared.outbox import Outgoing, publish
from shared.paging import LAST_ID, Cursor, Limit, Page, cursor_of, key_in
from shared.problems import not_found
from shared.vocabulary import Role, Title, Word
from tier_queues.announcement_tables import ANNOUNCEMENTS
from tier_queues.api import Counter
from tier_queues.store import SOURCE

ANNOUNCERS: Final = frozenset({Role.LEAD, Role.ADMIN})
_KEY: Final = TypeAdapter(tuple[UUID])
_COLUMNS: Final = "id, title, text, product, category, account, plan, made_by, made_by_name, made_at"
NEWEST: Final = f"SELECT {_COLUMNS} FROM announcements WHERE id < $1 ORDER BY id DESC LIMIT $2"  # noqa: S608
_FIND: Final = f"SELECT {_COLUMNS} FROM announcements WHERE id = $1"  # noqa: S608


class AnnouncementBody(Body):
    """What all customers of a product are told; category, account and plan narrow whom it concerns."""

    title: Title
    text: AnnouncementText
    product: Word
    category: Word | None = None
    account: Word | None = None
    plan: Word | None = None


class AnnouncementView(BaseModel):
    """An announcement; how many customers it reached is at intake, under the same id."""

    id: UUID
    title: str
    text: str
    product: str
    category: str | None
    account: str | None
    plan: str | None
    made_by: str
    made_by_name: str
    made_at: datetime


def add_announcements(api: Api, counter: Counter) -> None:
    """Give the service its announcements."""
    staff = counter.tokens.allow(STAFF)

    @api.post(
        "/announcements", allow=counter.tokens.allow(ANNOUNCERS), status_code=202, response_model=AnnouncementView
    )
    async def announce(body: AnnouncementBody, command: Command) -> Response:
        """Tell every customer who has a product or asked about it, by mail and in their portal, each once."""

        async def act(tx: Transaction) -> Answer:
            made = await _make(tx, body, command.caller)
            where = ("location", f"/{api.service}/announcements/{made.id}")
            return Answer(202, made.model_dump_json().encode(), (where,))

        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.get("/announcements", allow=staff)
    async def list_announcements(limit: Limit = 50, after: Cursor = None) -> Page[AnnouncementView]:
        """What customers were told, newest first."""
        before = key_in(after, _KEY)[0] if after else LAST_ID
        async with counter.db.transaction() as tx:
            rows = await tx.fetch(NEWEST, before, limit + 1)
        more = cursor_of([rows[limit - 1].id]) if len(rows) > limit else None
        return Page(items=[_view(row) for row in rows[:limit]], next=more)

    @api.get("/announcements/{announcement}", allow=staff)
    async def show_announcement(announcement: UUID) -> AnnouncementView:
        """What customers were told."""
        async with counter.db.transaction() as tx:
            rows = await tx.fetch(_FIND, announcement)
        if not rows:
            raise not_found()
        return _view(rows[0])


async def _make(tx: Transaction, body: AnnouncementBody, caller: Caller) -> AnnouncementView:
    """Keep and publish an announcement; intake finds whom it concerns."""
    at, given = await tx.now(), body.model_dump()
    made = AnnouncementView(**given, id=new_id(), made_by=caller.id, made_by_name=caller.name, made_at=at)
    actor = Actor(kind="agent", id=caller.id, name=caller.name)
    await tx.insert(ANNOUNCEMENTS, [made.model_dump()])
    await publish(tx, [Outgoing(str(made.id), AnnouncementMade(**given, actor=actor, at=at), time=at)], source=SOURCE)
    return made


def _view(row: Any) -> AnnouncementView:
    return AnnouncementView(**dict(row))
