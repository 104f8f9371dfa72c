"""HTTP in and out: what the caller watches."""

from functools import partial
from uuid import UUID

from fastapi import Request, Response

from shared import idempotency
from shared.api import Api, CallerOf, Command, CommandHeaders
from shared.auth import STAFF
from shared.db import Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page
from shared.problems import not_found
from tier_queues import store, watching
from tier_queues.api import Counter, check_empty
from tier_queues.lists import IssueRow


def add_watching(api: Api, counter: Counter) -> None:
    """Give the service the issues that its callers watch."""
    staff = counter.tokens.allow(STAFF)

    @api.post("/issues/{issue}/watch", allow=staff, status_code=204)
    async def watch(issue: UUID, request: Request, command: Command) -> Response:
        """Watch an issue: find it in `watched`, and hear when it is resolved, reopened or late; nobody else is told."""
        await check_empty(request)
        act = partial(_set, issue, command, True)
        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.post("/issues/{issue}/unwatch", allow=staff, status_code=204)
    async def unwatch(issue: UUID, request: Request, command: Command) -> Response:
        """Watch an issue no longer."""
        await check_empty(request)
        act = partial(_set, issue, command, False)
        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.get("/watched", allow=staff)
    async def list_watched(caller: CallerOf, limit: Limit = 50, after: Cursor = None) -> Page[IssueRow]:
        """What the caller watches, newest watch first."""
        wanted = watching.of_agent(caller.id, after, limit)
        async with counter.db.transaction() as tx:
            return await watching.read(tx, wanted, limit)


async def _set(issue: UUID, command: CommandHeaders, wanted: bool, tx: Transaction) -> Answer:
    if not await store.exists(tx, issue):
        raise not_found()
    await (watching.watch if wanted else watching.unwatch)(tx, command.caller.id, issue)
    return Answer(204, b"")
