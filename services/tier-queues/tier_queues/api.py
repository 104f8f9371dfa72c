"""HTTP in and out: lists, views and commands of issues."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response

from shared import idempotency
from shared.api import Api, CallerOf, CommandHeaders, StrictRequest, etag
from shared.api import Command as Commanding
from shared.auth import AGENTS, STAFF, StaffTokens
from shared.db import Database, Transaction
from shared.idempotency import Answer
from shared.outbox import EventTooLarge
from shared.paging import Cursor, Limit, Page
from shared.problems import Problem, invalid, not_found
from shared.together import Together
from shared.vocabulary import Priority, Tier, Word
from tier_queues import handlers, lists, store, views
from tier_queues.answers import IssueShort, answer_of, problem_of
from tier_queues.commands import COMMANDS, Command
from tier_queues.handlers import Order
from tier_queues.issue import Refused
from tier_queues.lists import Counts, IssueRow, Listed, TierCounts, Wanted
from tier_queues.presence import Presence
from tier_queues.rules import Rules
from tier_queues.views import IssueView, TimelineEntry

Orders = Together[Order, Answer]
TierPath = Annotated[int, Path(ge=0, le=9)]
PriorityQuery = Annotated[Priority | None, Query()]
WordQuery = Annotated[Word | None, Query()]


@dataclass(eq=False)
class Counter:
    """What the endpoints of issues need."""

    db: Database
    tokens: StaffTokens
    rules: Rules
    orders: Orders
    counts: Counts
    presence: Presence


def add_lists(api: Api, counter: Counter) -> None:
    """Give the service its lists and views; every member of staff may read every issue."""
    staff = counter.tokens.allow(STAFF)

    @api.get("/tiers", allow=staff)
    async def count_tiers() -> list[TierCounts]:
        return list(await counter.counts.read())

    @api.get("/tiers/{tier}/issues", allow=staff)
    async def list_tier(
        tier: TierPath,
        state: Listed = Listed.CLAIMABLE,
        priority: PriorityQuery = None,
        team: WordQuery = None,
        category: WordQuery = None,
        tag: WordQuery = None,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[IssueRow]:
        wanted = lists.of_tier(Wanted(tier, state, priority, team, category, after, limit, tag))
        async with counter.db.transaction() as tx:
            await _check_served(counter, tx, tier)
            return await lists.read(tx, wanted, limit)

    @api.get("/queue", allow=staff)
    async def list_queue(caller: CallerOf, limit: Limit = 50, after: Cursor = None) -> Page[IssueRow]:
        """What can be claimed at any of the caller's tiers, and what is offered to them by name, as one list."""
        wanted = lists.of_queues(caller.tiers, caller.id, after, limit)
        async with counter.db.transaction() as tx:
            return await lists.read(tx, wanted, limit)

    @api.get("/mine", allow=staff)
    async def list_mine(caller: CallerOf, limit: Limit = 50, after: Cursor = None) -> Page[IssueRow]:
        wanted = lists.of_owner(caller.id, after, limit)
        async with counter.db.transaction() as tx:
            return await lists.read(tx, wanted, limit)

    @api.get("/issues/{issue}", allow=staff)
    async def show_issue(issue: UUID, caller: CallerOf, response: Response) -> IssueView:
        async with counter.db.transaction() as tx:
            found = await store.find(tx, issue)
        if found is None:
            raise not_found()
        response.headers.update(dict([etag(found.version)]))
        return views.view_of(found, caller, counter.rules.policies)

    @api.get("/issues/{issue}/timeline", allow=staff)
    async def show_timeline(issue: UUID, limit: Limit = 100, after: Cursor = None) -> Page[TimelineEntry]:
        async with counter.db.transaction() as tx:
            if not await store.exists(tx, issue):
                raise not_found()
            return await views.timeline(tx, issue, after=after, limit=limit)


def add_commands(api: Api, counter: Counter) -> None:
    """Give the service one endpoint per command, and claim next."""
    agents = counter.tokens.allow(AGENTS)
    for name, kind in COMMANDS.items():
        endpoint = _with_body(counter, kind) if kind.model_fields else _without_body(counter, kind)
        api.post(
            f"/issues/{{issue}}/{name}",
            allow=agents,
            response_model=IssueShort,
            name=name,
            summary=(kind.__doc__ or name).partition(";")[0].rstrip("."),
        )(endpoint)

    nothing = {204: {"description": "Nothing there for this agent."}}

    @api.post("/tiers/{tier}/claim-next", allow=agents, response_model=IssueShort, responses=nothing)
    async def claim_next(tier: TierPath, command: Commanding) -> Response:
        """Claim what comes first for you: by priority, then nearest deadline, offers included."""
        answer = await idempotency.once(counter.db, command.key, partial(_claim_next, counter, tier, command))
        return answer.response()

    @api.post("/queue/claim-next", allow=agents, response_model=IssueShort, responses=nothing)
    async def claim_next_anywhere(command: Commanding) -> Response:
        """Claim what comes first for you at any of your tiers, and of what is offered to you by name."""
        answer = await idempotency.once(counter.db, command.key, partial(_claim_anywhere, counter, command))
        return answer.response()


Endpoint = Callable[..., Coroutine[Any, Any, Response]]


def _with_body(counter: Counter, kind: type[Command]) -> Endpoint:
    async def obey(issue: UUID, body: kind, command: Commanding) -> Response:  # type: ignore[valid-type]
        return await _obey(counter, issue, body, command)

    return obey


def _without_body(counter: Counter, kind: type[Command]) -> Endpoint:
    only = kind()

    async def obey(issue: UUID, request: Request, command: Commanding) -> Response:
        await check_empty(request)
        return await _obey(counter, issue, only, command)

    return obey


async def check_empty(request: Request) -> None:
    """A command without content takes no body, or an empty object."""
    assert isinstance(request, StrictRequest), "every endpoint gets the strict request"
    if await request.body() and await request.json() != {}:
        raise invalid("This command takes no content.")


async def _obey(counter: Counter, issue: UUID, command: Command, headers: CommandHeaders) -> Response:
    try:
        answer = await counter.orders.submit(Order(issue, command, headers.caller, headers.key, headers.expected))
    except EventTooLarge as error:
        raise invalid("Together this is too long to be passed on; shorten it or attach a file.") from error
    return answer.response()


async def _claim_next(counter: Counter, tier: int, command: CommandHeaders, tx: Transaction) -> Answer:
    await _check_served(counter, tx, tier)
    return await _claim_at(counter, [tier], command, tx, named=False)


async def _claim_anywhere(counter: Counter, command: CommandHeaders, tx: Transaction) -> Answer:
    return await _claim_at(counter, sorted(command.caller.tiers), command, tx, named=True)


async def _claim_at(
    counter: Counter, tiers: Sequence[int], command: CommandHeaders, tx: Transaction, *, named: bool
) -> Answer:
    try:
        issue = await handlers.claim_next(tx, command.caller, tiers, named=named, policies=counter.rules.policies)
    except Refused as refused:
        raise problem_of(refused) from refused
    return Answer(204, b"") if issue is None else answer_of(issue)


async def _check_served(counter: Counter, tx: Transaction, tier: Tier) -> None:
    if not await counter.presence.serves(tx, tier):
        raise Problem(404, "tier-not-served", "Another process serves this tier.", tier=tier)
