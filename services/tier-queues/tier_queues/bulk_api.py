"""HTTP in and out: one command for many issues."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field, model_validator

from shared import idempotency
from shared.api import Api, CallerOf, Command
from shared.auth import AGENTS, STAFF
from shared.db import Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page
from shared.problems import conflict, forbidden, not_found
from shared.vocabulary import Role
from tier_queues import bulk_store
from tier_queues.api import Counter, check_empty
from tier_queues.bulk_store import PARTS_LIMIT, Job, NewJob
from tier_queues.steps import Step

EXAMPLE: Final = ["01930001-7a10-7c3e-8b5f-2d6e9a4c0001", "01930001-7a10-7c3e-8b5f-2d6e9a4c0002"]


class BulkBody(Step):
    """A command for many issues. content: the body of its request."""

    issues: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=PARTS_LIMIT, examples=[EXAMPLE])]

    @model_validator(mode="after")
    def _each_issue_once(self) -> Self:
        if len(set(self.issues)) < len(self.issues):
            raise ValueError("an issue is named twice")
        return self


class BulkView(BaseModel):
    """A job and how far it is. done, refused: issues so far; finished_at: None while some are left to be done.

    cancelled_by: who wanted the rest not done, or None.
    """

    id: UUID
    command: str
    asked_by: str
    asked_by_name: str
    total: int
    done: int
    refused: int
    made_at: datetime
    finished_at: datetime | None
    cancelled_by: str | None

    @classmethod
    def of(cls, job: Job) -> "BulkView":
        """What is shown."""
        return cls(**{name: getattr(job, name) for name in cls.model_fields})


class FailureView(BaseModel):
    """An issue for which the command was refused. problem: what a single command would have answered."""

    issue: UUID
    problem: dict[str, Any]


def add_bulk(api: Api, counter: Counter) -> None:
    """Give the service commands for many issues at once."""
    staff = counter.tokens.allow(STAFF)

    @api.post("/bulk", allow=counter.tokens.allow(AGENTS), status_code=202, response_model=BulkView)
    async def give_in_bulk(body: BulkBody, command: Command) -> Response:
        """Give one command to up to 1,000 issues, soon and in this order; each may be refused by itself."""

        async def act(tx: Transaction) -> Answer:
            caller, now = command.caller, await tx.now()
            job = NewJob(caller.id, caller.name, body.command, body.content, body.issues, now)
            (made,) = await bulk_store.add(tx, [job])
            found = await bulk_store.find(tx, made)
            assert found is not None, "it was written just now"
            where = ("location", f"/{api.service}/bulk/{made}")
            return Answer(202, BulkView.of(found).model_dump_json().encode(), (where,))

        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.get("/bulk", allow=staff)
    async def list_bulk(caller: CallerOf, limit: Limit = 50, after: Cursor = None) -> Page[BulkView]:
        """The caller's jobs, newest first; a lead sees everybody's."""
        wanted = bulk_store.given(None if caller.role is Role.LEAD else caller.id, after, limit)
        async with counter.db.transaction() as tx:
            page = await bulk_store.read_given(tx, wanted, limit)
        return Page(items=[BulkView.of(job) for job in page.items], next=page.next)

    @api.post("/bulk/{job}/cancel", allow=counter.tokens.allow(AGENTS), response_model=BulkView)
    async def cancel_bulk(job: UUID, request: Request, command: Command) -> Response:
        """Leave the rest of a job undone; what was done stays. For who gave it, and for leads."""
        await check_empty(request)

        async def act(tx: Transaction) -> Answer:
            found, caller = await bulk_store.find(tx, job), command.caller
            if found is None:
                raise not_found()
            if found.asked_by != caller.id and caller.role is not Role.LEAD:
                raise forbidden()
            cancelled = await bulk_store.cancel(tx, job, caller.id)
            if cancelled is None:
                raise conflict("bulk-finished", "Nothing of it is left to be done.")
            return Answer(200, BulkView.of(cancelled).model_dump_json().encode())

        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.get("/bulk/{job}", allow=staff)
    async def show_bulk(job: UUID) -> BulkView:
        """How far a job is."""
        async with counter.db.transaction() as tx:
            found = await bulk_store.find(tx, job)
        if found is None:
            raise not_found()
        return BulkView.of(found)

    @api.get("/bulk/{job}/failures", allow=staff)
    async def list_failures(job: UUID, limit: Limit = 50, after: Cursor = None) -> Page[FailureView]:
        """The issues for which the command was refused, in the order asked."""
        wanted = bulk_store.failures(job, after, limit)
        async with counter.db.transaction() as tx:
            if await bulk_store.find(tx, job) is None:
                raise not_found()
            page = await bulk_store.read_failures(tx, wanted, limit)
        return Page(items=[FailureView(issue=one.issue, problem=one.problem) for one in page.items], next=page.next)
