"""HTTP: the blind audit. Somebody says what an issue is about who does not see here what was decided."""

from typing import Final
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, TypeAdapter

from router import quality_store
from router.auditing import OUT_OF_SCOPE
from router.handlers import Desk
from router.words import name_of
from shared.api import Api, Body, Command
from shared.auth import AGENTS, StaffTokens
from shared.db import Database, Transaction
from shared.idempotency import Answer, once
from shared.paging import LAST_ID, Cursor, Limit, Page, cursor_of, key_in
from shared.problems import conflict, invalid, not_found
from shared.vocabulary import IssueId, Word

_KEY: Final = TypeAdapter(tuple[UUID])


class ToJudge(BaseModel):
    """An issue as its customer wrote it."""

    issue: UUID
    title: str
    text: str
    product: str | None
    language: str


class Judgement(Body):
    """What the issue is about: a category of the active policy, or null when none of them fits."""

    category: Word | None


class Judged(BaseModel):
    """What was decided and what was said; agrees: whether both go to the same tier, or to another channel."""

    issue: UUID
    decided: str
    confirmed: str
    agrees: bool


def add_audit(api: Api, db: Database, tokens: StaffTokens, desk: Desk) -> None:
    """The audit's list and its answers, for agents and leads."""
    agents = tokens.allow(AGENTS)

    @api.get("/audit", allow=agents)
    async def list_audit(limit: Limit = 50, after: Cursor = None) -> Page[ToJudge]:
        """Automatic decisions that wait for somebody's judgement, newest first, without what was decided."""
        before = key_in(after, _KEY)[0] if after else LAST_ID
        async with db.transaction() as tx:
            rows = await quality_store.waiting(tx, before=before, limit=limit + 1)
        more = cursor_of([rows[limit - 1].issue]) if len(rows) > limit else None
        shown = [ToJudge(issue=row.issue, **row.submission.model_dump(include=_SHOWN)) for row in rows[:limit]]
        return Page(items=shown, next=more)

    @api.post("/audit/{issue}", allow=agents, response_model=Judged)
    async def judge(issue: IssueId, body: Judgement, command: Command) -> Response:
        """Say what an issue of the audit is about; once. The answer tells what had been decided."""
        by = command.caller.id

        async def act(tx: Transaction) -> Answer:
            judged = await _judge(tx, issue, body.category, by, desk)
            return Answer(200, judged.model_dump_json().encode())

        return (await once(db, command.key, act)).response()


_SHOWN: Final = {"title", "text", "product", "language"}


async def _judge(tx: Transaction, issue: IssueId, said: str | None, by: str, desk: Desk) -> Judged:
    sampled = await quality_store.lock_sampled(tx, issue)
    if sampled is None:
        raise not_found()
    if sampled.confirmed is not None:
        raise conflict("judged-already", "Somebody has judged this decision.")
    category = OUT_OF_SCOPE if said is None else name_of(said)
    if said is not None and category not in desk.policy.categories:
        raise invalid(f"Policy {desk.policy.version} has no category {category}.")
    # What was decided is where the issue goes: categories of one destination speak for it together.
    agrees = category == sampled.category or str(desk.policy.destinations.get(category)) == sampled.destination
    await quality_store.answer(tx, issue, category, by, agrees=agrees)
    return Judged(issue=issue, decided=sampled.category, confirmed=category, agrees=agrees)
