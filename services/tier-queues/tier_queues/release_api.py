"""HTTP in and out: the register of releases, and bulletins of new fixes."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, BeforeValidator

from shared import idempotency
from shared.api import Api, Body, CallerOf, Command, CommandHeaders
from shared.auth import AGENTS, STAFF
from shared.db import Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page
from shared.problems import not_found
from shared.vocabulary import Moment, Role, Text, Word
from tier_queues import bulletins, releases
from tier_queues.api import Counter, WordQuery, check_empty
from tier_queues.bulletins import BulletinView, Reader
from tier_queues.command_parts import no_number
from tier_queues.problem import Person
from tier_queues.releases import Release
from tier_queues.side_commands import Link

REGISTRARS: Final = frozenset({Role.LEAD, Role.ADMIN})


class ReleaseBody(Body):
    """A release of a product."""

    product: Word
    name: Word
    released_at: Annotated[Moment, BeforeValidator(no_number)]
    notes: Text
    url: Link | None = None


class ReleaseView(BaseModel):
    """A release; what it fixes are the problems with this `release`."""

    id: UUID
    product: str
    name: str
    released_at: datetime
    notes: str
    url: str | None
    made_by: str
    made_by_name: str
    made_at: datetime

    @classmethod
    def of(cls, release: Release) -> "ReleaseView":
        """What is shown."""
        return cls(**{name: getattr(release, name) for name in cls.model_fields})


def add_releases(api: Api, counter: Counter) -> None:
    """Give the service its register of releases."""
    staff = counter.tokens.allow(STAFF)

    @api.post("/releases", allow=counter.tokens.allow(REGISTRARS), status_code=201, response_model=ReleaseView)
    async def register_release(body: ReleaseBody, command: Command) -> Response:
        act = partial(_register, body, command)
        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.get("/releases", allow=staff)
    async def list_releases(product: WordQuery = None, limit: Limit = 50, after: Cursor = None) -> Page[ReleaseView]:
        """Newest first; what one fixes is `GET /problems?release=`."""
        wanted = releases.page(product=product, after=after, limit=limit)
        async with counter.db.transaction() as tx:
            found = await releases.read(tx, wanted, limit)
        return Page(items=[ReleaseView.of(release) for release in found.items], next=found.next)

    @api.get("/releases/{release}", allow=staff)
    async def show_release(release: UUID) -> ReleaseView:
        async with counter.db.transaction() as tx:
            found = await releases.find(tx, release)
        if found is None:
            raise not_found()
        return ReleaseView.of(found)


def add_bulletins(api: Api, counter: Counter) -> None:
    """Give the service its bulletins."""
    staff = counter.tokens.allow(STAFF)

    @api.get("/bulletins", allow=staff)
    async def list_bulletins(
        caller: CallerOf,
        unread: Annotated[bool, Query(description="Only those that the caller has not acknowledged.")] = False,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[BulletinView]:
        """New fixes, newest first."""
        wanted = bulletins.page(caller.id, unread=unread, after=after, limit=limit)
        async with counter.db.transaction() as tx:
            return await bulletins.read(tx, wanted, limit)

    @api.post("/bulletins/{bulletin}/acknowledge", allow=counter.tokens.allow(AGENTS), status_code=204)
    async def acknowledge_bulletin(bulletin: UUID, request: Request, command: Command) -> Response:
        """Say that you have read it."""
        await check_empty(request)

        async def act(tx: Transaction) -> Answer:
            if not await bulletins.acknowledge(tx, bulletin, command.caller.id):
                raise not_found()
            return Answer(204, b"")

        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.get("/bulletins/{bulletin}/readers", allow=staff)
    async def list_readers(
        bulletin: UUID,
        missing: Annotated[bool, Query(description="Only those who have not acknowledged it.")] = False,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[Reader]:
        """Active agents for whom it is, by sign-in name, and when they acknowledged it."""
        async with counter.db.transaction() as tx:
            found = await bulletins.readers(tx, bulletin, missing=missing, after=after, limit=limit)
        if found is None:
            raise not_found()
        return found


async def _register(body: ReleaseBody, command: CommandHeaders, tx: Transaction) -> Answer:
    made = await releases.register(
        tx,
        product=body.product,
        name=body.name,
        released_at=body.released_at.astimezone(UTC),
        notes=body.notes,
        url=body.url,
        by=Person(command.caller.id, command.caller.name),
    )
    return Answer(201, ReleaseView.of(made).model_dump_json().encode())
