"""The lists of problems: keyset pages in the order of an index, with whom each concerns counted for the page alone."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter

from shared.db import Database, Transaction
from shared.paging import Page, cursor_of, key_in
from shared.vocabulary import IssueState, Word
from tier_queues.problem import Kind, State

INT64_LIMIT: Final = 2**63 - 1
VERSION_LIMIT: Final = 2**31 - 1
EXPORT_PAGE: Final = 500
"""Rows of an export that are read in one transaction."""


class ProblemRow(BaseModel):
    """A problem in a list. issues, customers, accounts: how many it concerns."""

    id: UUID
    number: int
    version: int
    kind: Kind
    state: State
    product: str | None
    title: str
    release: UUID | None
    updated_at: datetime
    issues: int
    customers: int
    accounts: int


class Requester(BaseModel):
    """An account that a problem concerns."""

    account: str
    customers: int
    issues: int


class HistoryEntry(BaseModel):
    """A change of a problem."""

    version: int
    at: datetime
    actor: str
    actor_name: str
    what: str
    content: dict[str, Any]


class LinkedIssue(BaseModel):
    """An issue of a problem."""

    id: UUID
    number: int
    title: str
    state: IssueState
    tier: int
    team: str
    owner: str | None
    owner_name: str | None
    account: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of problems, newest first. text: words that all are in title or description."""

    kind: Kind | None = None
    state: State | None = None
    product: str | None = None
    release: UUID | None = None
    text: str | None = None
    after: str | None = None
    limit: int = 50


Statement = tuple[str, list[Any]]
_COLUMNS: Final = "id, number, version, kind, state, product, title, release_id, updated_at"
_COUNTS: Final = "count(*) AS issues, count(DISTINCT customer) AS customers, count(DISTINCT account) AS accounts"
_NUMBER: Final = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=INT64_LIMIT)]])
_VERSION: Final = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=VERSION_LIMIT)]])
_ACCOUNT: Final = TypeAdapter(tuple[Word])
_ISSUE: Final = TypeAdapter(tuple[UUID])


def page(wanted: Wanted) -> Statement:
    """The statement for a page of problems, one row longer, and its parameters. Raises Problem 422."""
    terms, parameters = ["true"], list[Any]()
    for term, value in (
        ("kind = {}", wanted.kind),
        ("state = {}", wanted.state),
        ("product = {}", wanted.product),
        ("release_id = {}", wanted.release),
        ("words @@ plainto_tsquery('simple', {})", wanted.text),
        ("number < {}", key_in(wanted.after, _NUMBER)[0] if wanted.after else None),
    ):
        if value is not None:
            parameters.append(value)
            terms.append(term.format(f"${len(parameters)}"))
    # The page is cut before the counting, so that nothing is counted for rows that it does not show.
    return (
        f"SELECT page.*, counted.* FROM (SELECT {_COLUMNS} FROM problems WHERE {' AND '.join(terms)} "  # noqa: S608
        f"ORDER BY number DESC LIMIT {wanted.limit + 1}) AS page, "
        f"LATERAL (SELECT {_COUNTS} FROM problem_links WHERE problem_id = page.id) AS counted ORDER BY number DESC",
        parameters,
    )


async def read(tx: Transaction, statement: Statement, limit: int) -> Page[ProblemRow]:
    """The page of a statement of problems."""
    sql, parameters = statement
    names = tuple(ProblemRow.model_fields)
    rows = await tx.fetch(sql, *parameters)
    items = [ProblemRow(**dict(zip(names, row, strict=True))) for row in rows[:limit]]
    return Page(items=items, next=cursor_of([items[-1].number]) if len(rows) > limit else None)


async def counts(tx: Transaction, problem: UUID) -> dict[str, int]:
    """How many issues, customers and accounts a problem concerns."""
    rows = await tx.fetch(f"SELECT {_COUNTS} FROM problem_links WHERE problem_id = $1", problem)  # noqa: S608
    return dict(rows[0])


async def exists(tx: Transaction, problem: UUID) -> bool:
    """Whether there is such a problem."""
    return bool(await tx.fetch("SELECT 1 FROM problems WHERE id = $1", problem))


def of_accounts(problem: UUID, after: str | None, limit: int) -> Statement:
    """The statement for a page of whom a problem concerns, by account, one row longer. Raises Problem 422."""
    behind = key_in(after, _ACCOUNT)[0] if after else ""
    return (
        "SELECT account, count(DISTINCT customer), count(*) FROM problem_links "  # noqa: S608
        f"WHERE problem_id = $1 AND account > $2 GROUP BY account ORDER BY account LIMIT {limit + 1}",
        [problem, behind],
    )


async def accounts(tx: Transaction, statement: Statement, limit: int) -> Page[Requester]:
    """The page of a statement of accounts."""
    sql, parameters = statement
    rows = await tx.fetch(sql, *parameters)
    items = [Requester(account=row[0], customers=row[1], issues=row[2]) for row in rows[:limit]]
    return Page(items=items, next=cursor_of([items[-1].account]) if len(rows) > limit else None)


def of_issues(problem: UUID, after: str | None, limit: int) -> Statement:
    """The statement for a page of a problem's issues, by id, one row longer. Raises Problem 422."""
    behind = key_in(after, _ISSUE)[0] if after else UUID(int=0)
    return (
        "SELECT id, number, title, state, tier, team, owner, owner_name, account, at FROM ("  # noqa: S608
        "SELECT issue_id, account, at FROM problem_links WHERE problem_id = $1 AND issue_id > $2 "
        f"ORDER BY issue_id LIMIT {limit + 1}) AS page JOIN issues ON id = issue_id ORDER BY id",
        [problem, behind],
    )


async def issues(tx: Transaction, statement: Statement, limit: int) -> Page[LinkedIssue]:
    """The page of a statement of issues."""
    sql, parameters = statement
    names = tuple(LinkedIssue.model_fields)
    rows = await tx.fetch(sql, *parameters)
    items = [LinkedIssue(**dict(zip(names, row, strict=True))) for row in rows[:limit]]
    return Page(items=items, next=cursor_of([items[-1].id]) if len(rows) > limit else None)


async def history(tx: Transaction, problem: UUID, after: str | None, limit: int) -> Page[HistoryEntry]:
    """A page of a problem's changes, oldest first. Raises Problem 422."""
    behind = key_in(after, _VERSION)[0] if after else 0
    rows = await tx.fetch(
        "SELECT version, at, actor, actor_name, what, content FROM problem_history "
        "WHERE problem_id = $1 AND version > $2 ORDER BY version LIMIT $3",
        problem,
        behind,
        limit + 1,
    )
    names = tuple(HistoryEntry.model_fields)
    items = [HistoryEntry(**dict(zip(names, row, strict=True))) for row in rows[:limit]]
    return Page(items=items, next=cursor_of([items[-1].version]) if len(rows) > limit else None)


async def exported(db: Database, kind: Kind) -> AsyncIterator[str]:
    """All problems of a kind as CSV with a header, newest first, a page at a time: no transaction outlives its page."""
    columns = tuple(ProblemRow.model_fields)
    yield _csv(columns)
    after: str | None = None
    while True:
        async with db.transaction() as tx:
            found = await read(tx, page(Wanted(kind=kind, after=after, limit=EXPORT_PAGE)), EXPORT_PAGE)
        yield "".join(_csv([getattr(row, column) for column in columns]) for row in found.items)
        after = found.next
        if after is None:
            return


def _csv(values: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_harmless(value) for value in values])
    return line.getvalue()


def _harmless(value: object) -> object:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
