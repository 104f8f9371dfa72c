"""HTTP in and out: one command for many issues."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field, model_validator

from shared import idempotency
from shared.api import Api, Command
from shared.auth import AGENTS, STAFF
from shared.db import Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page
from shared.problems import not_found
from tier_queues import bulk_store
from tier_queues.api import Counter
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
    """A job and how far it is. done, refused: issues so far; finished_at: None while some are left."""

    id: UUID
    command: str
    asked_by: str
    asked_by_name: str
    total: int
    done: int
    refused: int
    made_at: datetime
    finished_at: datetime | None

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
