"""HTTP in and out: questions to others, mentions, drafts, and what a handover or a question is prefilled with."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import AfterValidator, BaseModel, StringConstraints

from shared import idempotency
from shared.api import Api, Body, CallerOf, Command, CommandHeaders, etag
from shared.auth import AGENTS, STAFF
from shared.db import Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page
from shared.problems import not_found
from shared.vocabulary import TEXT_LIMIT, Tier, Word, without_control_characters
from tier_queues import briefing, consult_list, drafts, mention_list, store
from tier_queues.api import Counter
from tier_queues.briefing import Prefilled
from tier_queues.command_parts import AttachedFiles
from tier_queues.consult_list import Asked, ConsultView
from tier_queues.drafts import Draft
from tier_queues.mention_list import MentionView

BeganText = Annotated[
    str, StringConstraints(min_length=1, max_length=TEXT_LIMIT), AfterValidator(without_control_characters)
]
"""What was typed so far, spaces at its ends included."""


class DraftBody(Body):
    """What an agent has written so far. seen: the customer's newest message that they have read."""

    text: BeganText
    attachments: AttachedFiles = ()
    seen: UUID | None = None


class DraftView(BaseModel):
    """A draft of the caller."""

    version: int
    text: str
    attachments: list[dict[str, Any]]
    seen: UUID | None
    updated_at: datetime


def add_asides(api: Api, counter: Counter) -> None:
    """Give the service the lists of questions and mentions, and the briefing of an issue."""
    staff = counter.tokens.allow(STAFF)

    @api.get("/consults", allow=staff)
    async def list_consults(
        caller: CallerOf,
        tier: Annotated[Tier | None, Query()] = None,
        team: Annotated[Word | None, Query()] = None,
        mine: Annotated[bool, Query(description="Only those that name the caller.")] = False,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[ConsultView]:
        """Open questions, those due first."""
        asked = Asked(tier, team, caller.id if mine else None, after, limit)
        async with counter.db.transaction() as tx:
            return await consult_list.read(tx, consult_list.open_ones(asked), limit)

    @api.get("/issues/{issue}/consults", allow=staff)
    async def list_consults_of_issue(issue: UUID, limit: Limit = 50, after: Cursor = None) -> Page[ConsultView]:
        """What was asked about an issue and what was answered, oldest first."""
        async with counter.db.transaction() as tx:
            if not await store.exists(tx, issue):
                raise not_found()
            return await consult_list.read(tx, consult_list.of_issue(issue, after, limit), limit, by="asked_at")

    @api.get("/issues/{issue}/briefing", allow=staff)
    async def brief(issue: UUID) -> Prefilled:
        """What a question's briefing and a handover's five parts may begin with, from the timeline."""
        async with counter.db.transaction() as tx:
            found = await store.find(tx, issue)
            if found is None:
                raise not_found()
            return briefing.prefilled(found, await briefing.read(tx, issue))

    @api.get("/mentions", allow=staff)
    async def list_mentions(caller: CallerOf, limit: Limit = 50, after: Cursor = None) -> Page[MentionView]:
        """Notes that name the caller, newest first."""
        async with counter.db.transaction() as tx:
            return await mention_list.read(tx, mention_list.of_agent(caller.id, after, limit), limit)


def add_drafts(api: Api, counter: Counter) -> None:
    """Give the service the callers' drafts: one for each agent and issue."""
    agents = counter.tokens.allow(AGENTS)

    @api.get("/issues/{issue}/draft", allow=agents)
    async def show_draft(issue: UUID, caller: CallerOf, response: Response) -> DraftView:
        async with counter.db.transaction() as tx:
            found = await drafts.find(tx, issue, caller.id)
        if found is None:
            raise not_found()
        response.headers.update(dict([etag(found.version)]))
        return _view(found)

    @api.put("/issues/{issue}/draft", allow=agents, response_model=DraftView)
    async def keep_draft(issue: UUID, body: DraftBody, command: Command) -> Response:
        """Keep what was written so far; with If-Match only over that version, "0" where there must be none."""

        async def act(tx: Transaction) -> Answer:
            kept = await _keep(tx, issue, body, command)
            return Answer(200, _view(kept).model_dump_json().encode(), (etag(kept.version),))

        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.delete("/issues/{issue}/draft", allow=agents, status_code=204)
    async def throw_draft_away(issue: UUID, command: Command) -> Response:
        async def act(tx: Transaction) -> Answer:
            if not await drafts.throw_away(tx, issue, command.caller.id, expected=command.expected):
                raise not_found()
            return Answer(204, b"")

        return (await idempotency.once(counter.db, command.key, act)).response()


async def _keep(tx: Transaction, issue: UUID, body: DraftBody, command: CommandHeaders) -> Draft:
    kept = await drafts.keep(
        tx,
        issue,
        command.caller.id,
        text=body.text,
        attachments=[file.model_dump(mode="json") for file in body.attachments],
        seen=body.seen,
        expected=command.expected,
    )
    if kept is None:
        raise not_found()
    return kept


def _view(draft: Draft) -> DraftView:
    return DraftView(
        version=draft.version,
        text=draft.text,
        attachments=list(draft.attachments),
        seen=draft.seen,
        updated_at=draft.updated_at,
    )
