"""HTTP in and out: problems, feature requests, and issues that are similar."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, StringConstraints

from shared import idempotency
from shared.api import Api, Body, Command, CommandHeaders, etag
from shared.auth import AGENTS, STAFF
from shared.db import Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page
from shared.problems import not_found
from shared.vocabulary import Text, Title, Word
from tier_queues import problem_list, problem_store, problem_work, store
from tier_queues.answers import problem_of
from tier_queues.api import Counter, WordQuery
from tier_queues.issue import Refused
from tier_queues.problem import Kind, Problem, State, allowed_in
from tier_queues.problem_changes import CHANGES, Change
from tier_queues.problem_list import HistoryEntry, LinkedIssue, ProblemRow, Requester, Wanted
from tier_queues.problem_work import New
from tier_queues.similar import SimilarIssue, similar

ISSUES_LIMIT: Final = 100
"""Issues that one problem may be made from; more are linked one by one."""
SIMILAR_LIMIT: Final = 50
SEARCH_LIMIT: Final = 200
"""Characters of a search."""
SearchQuery = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=SEARCH_LIMIT, pattern=r"^[^\x00]*$")] | None,
    Query(description="Words that must all be there."),
]


class NewProblemBody(Body):
    """A problem, or a feature request, and the issues that it is made from."""

    kind: Kind = Kind.PROBLEM
    title: Title
    description: Text
    product: Word | None = None
    issues: Annotated[tuple[UUID, ...], Field(max_length=ISSUES_LIMIT)] = ()


class PersonView(BaseModel):
    """An agent."""

    id: str
    name: str


class ReproductionView(BaseModel):
    """An attempt to make it happen again."""

    at: datetime
    by: PersonView
    steps: str
    environment: str
    version: str
    outcome: str
    findings: str | None


class ReferenceView(BaseModel):
    """A link. what: code, design, release, other."""

    what: str
    title: str
    url: str


class VerdictView(BaseModel):
    """Whether it will be fixed, and why."""

    fix: bool
    reason: str
    at: datetime
    by: PersonView


class ProblemView(BaseModel):
    """A problem with everything but its issues and its history. allowed: changes that are possible now."""

    id: UUID
    number: int
    version: int
    kind: Kind
    state: State
    title: str
    description: str
    product: str | None
    made_at: datetime
    made_by: PersonView
    updated_at: datetime
    root_cause: str | None
    workaround: str | None
    verdict: VerdictView | None
    reproductions: list[ReproductionView]
    references: list[ReferenceView]
    release: UUID | None
    release_name: str | None
    merged_into: UUID | None
    allowed: list[str]

    @classmethod
    def of(cls, problem: Problem) -> "ProblemView":
        """What is shown."""
        plain = {name: getattr(problem, name) for name in cls.model_fields if name != "allowed"}
        return cls.model_validate(plain | {"allowed": allowed_in(problem)}, from_attributes=True)


class CountedProblemView(ProblemView):
    """A problem, and how many issues, customers and accounts it concerns."""

    issues: int
    customers: int
    accounts: int


def add_problems(api: Api, counter: Counter) -> None:
    """Give the service its problems: any agent makes and links them, experts and leads change them."""
    agents, staff = counter.tokens.allow(AGENTS), counter.tokens.allow(STAFF)

    @api.post("/problems", allow=agents, status_code=201, response_model=ProblemView)
    async def create_problem(body: NewProblemBody, command: Command) -> Response:
        """Make a problem or a feature request, from issues or without."""
        act = partial(_create, counter, body, command)
        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.get("/problems", allow=staff)
    async def list_problems(
        kind: Annotated[Kind | None, Query()] = None,
        state: Annotated[State | None, Query()] = None,
        product: WordQuery = None,
        release: Annotated[UUID | None, Query(description="Only what this release fixes.")] = None,
        text: SearchQuery = None,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[ProblemRow]:
        """Newest first."""
        wanted = problem_list.page(Wanted(kind, state, product, release, text, after, limit))
        async with counter.db.transaction() as tx:
            return await problem_list.read(tx, wanted, limit)

    @api.get("/problems/export", allow=staff, response_class=StreamingResponse, responses=CSV)
    async def export_problems(kind: Annotated[Kind, Query()] = Kind.FEATURE_REQUEST) -> Response:
        """All of a kind as CSV, with the issues, customers and accounts that each concerns."""
        headers = {"content-disposition": f'attachment; filename="{kind}s.csv"'}
        return StreamingResponse(problem_list.exported(counter.db, kind), media_type="text/csv", headers=headers)

    @api.get("/problems/{problem}", allow=staff)
    async def show_problem(problem: UUID, response: Response) -> CountedProblemView:
        async with counter.db.transaction() as tx:
            found = await problem_store.find(tx, problem)
            if found is None:
                raise not_found()
            counted = await problem_list.counts(tx, problem)
        response.headers.update(dict([etag(found.version)]))
        return CountedProblemView.model_validate(dict(ProblemView.of(found)) | counted, from_attributes=True)

    for name, kind in CHANGES.items():
        api.post(
            f"/problems/{{problem}}/{name}",
            allow=agents,
            response_model=ProblemView,
            name=name,
            summary=(kind.__doc__ or name).partition("\n")[0].partition(";")[0].rstrip(".:"),
        )(_changing(counter, kind))


CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "CSV with a header.", "content": {"text/csv": {"example": ",".join(ProblemRow.model_fields)}}}
}


def add_problem_lists(api: Api, counter: Counter) -> None:
    """Give problems their issues, accounts and histories, and issues those that are similar."""
    staff = counter.tokens.allow(STAFF)

    @api.get("/problems/{problem}/issues", allow=staff)
    async def list_issues_of_problem(problem: UUID, limit: Limit = 50, after: Cursor = None) -> Page[LinkedIssue]:
        wanted = problem_list.of_issues(problem, after, limit)
        async with counter.db.transaction() as tx:
            await _check(tx, problem)
            return await problem_list.issues(tx, wanted, limit)

    @api.get("/problems/{problem}/accounts", allow=staff)
    async def list_accounts_of_problem(problem: UUID, limit: Limit = 50, after: Cursor = None) -> Page[Requester]:
        """Whom it concerns: accounts with their customers and issues counted."""
        wanted = problem_list.of_accounts(problem, after, limit)
        async with counter.db.transaction() as tx:
            await _check(tx, problem)
            return await problem_list.accounts(tx, wanted, limit)

    @api.get("/problems/{problem}/history", allow=staff)
    async def show_history(problem: UUID, limit: Limit = 50, after: Cursor = None) -> Page[HistoryEntry]:
        """Every change, oldest first."""
        async with counter.db.transaction() as tx:
            await _check(tx, problem)
            return await problem_list.history(tx, problem, after, limit)

    @api.get("/issues/{issue}/similar", allow=staff)
    async def list_similar(
        issue: UUID, text: SearchQuery = None, limit: Annotated[int, Query(ge=1, le=SIMILAR_LIMIT)] = 10
    ) -> list[SimilarIssue]:
        """Issues that share telling words of title and first message with this one, best first; or that hold `text`."""
        async with counter.db.transaction() as tx:
            if not await store.exists(tx, issue):
                raise not_found()
            return await similar(tx, issue, text=text, limit=limit)


def _changing(counter: Counter, kind: type[Change]) -> Any:
    async def change_problem(problem: UUID, body: kind, command: Command) -> Response:  # type: ignore[valid-type]
        act = partial(_change, problem, body, command)
        return (await idempotency.once(counter.db, command.key, act)).response()

    return change_problem


async def _create(counter: Counter, body: NewProblemBody, command: CommandHeaders, tx: Transaction) -> Answer:
    issues = tuple(dict.fromkeys(body.issues))
    new = New(body.kind, body.title, body.description, body.product, issues)
    try:
        problem = await problem_work.create(tx, new, command.caller, policies=counter.rules.policies)
    except Refused as refused:
        raise problem_of(refused) from refused
    return _answer(201, problem)


async def _change(problem: UUID, wanted: Change, command: CommandHeaders, tx: Transaction) -> Answer:
    try:
        changed = await problem_work.change(tx, problem, wanted, command.caller, expected=command.expected)
    except Refused as refused:
        raise problem_of(refused) from refused
    return _answer(200, changed)


def _answer(status: Literal[200, 201], problem: Problem) -> Answer:
    return Answer(status, ProblemView.of(problem).model_dump_json().encode(), (etag(problem.version),))


async def _check(tx: Transaction, problem: UUID) -> None:
    if not await problem_list.exists(tx, problem):
        raise not_found()
