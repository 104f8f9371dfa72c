"""Issues found by their words and by what they are: keyset pages, newest first."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from shared.db import Database, Transaction
from shared.paging import Page, cursor_of, key_in
from shared.vocabulary import IssueState, Priority, Tier, Word
from tier_queues.command_parts import INT64_LIMIT, Part
from tier_queues.lists import COLUMNS, IssueRow, Query, row_of

_KEY: Final = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=INT64_LIMIT)]])
_CUSTOM: Final = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"
"""How a search is best read depends on how rare its words are: a plan for any words would be wrong for most."""
_COLUMN_OF: Final = {
    "tier": "tier",
    "team": "team",
    "state": "state",
    "priority": "priority",
    "category": "category",
    "owner": "owner",
    "account": "account",
}
_ALSO: Final = {"owner": "state IN ('assigned', 'waiting')"}
"""What follows from a filter and lets a partial index serve it."""


class Filters(Part):
    """Which issues. q: words of number, title, first text and messages, as people type: `"a phrase"`, `or`, `-not`.

    account: the customer's; owner: a sign-in name.
    """

    q: Word | None = None
    tier: Tier | None = None
    team: Word | None = None
    state: IssueState | None = None
    priority: Priority | None = None
    category: Word | None = None
    tag: Word | None = None
    account: Word | None = None
    owner: Word | None = None


def page(filters: Filters, after: str | None, limit: int) -> Query:
    """The statement for a page of what fits, newest first, one row longer. Raises Problem 422 for another's cursor."""
    terms, parameters = _terms(filters)
    if after is not None:
        parameters.append(key_in(after, _KEY)[0])
        terms.append(f"place < ${len(parameters)}")
    where = f"WHERE {' AND '.join(terms)}" if terms else ""
    source = _searched() if filters.q or filters.account else "(SELECT *, number AS place FROM issues) AS issues"
    return Query(
        f"SELECT {COLUMNS} FROM {source} {where} ORDER BY place DESC LIMIT {limit + 1}",  # noqa: S608
        tuple(parameters),
    )


def _searched() -> str:
    return "(SELECT issue_id, number AS place, account, document FROM searchable) AS found JOIN issues ON id = issue_id"


def _terms(filters: Filters) -> tuple[list[str], list[Any]]:
    terms: list[str] = []
    parameters: list[Any] = []
    if filters.q is not None:
        parameters.append(filters.q)
        terms.append("document @@ websearch_to_tsquery('simple', $1)")
    if filters.tag is not None:
        parameters.append(json.dumps([filters.tag]))
        terms.append(f"tags @> ${len(parameters)}::jsonb AND tags IS NOT NULL")
    for name, column in _COLUMN_OF.items():
        if (value := getattr(filters, name)) is not None:
            parameters.append(value)
            terms.append(f"{column} = ${len(parameters)}")
            terms += [_ALSO[name]] if name in _ALSO else []
    return terms, parameters


async def read(tx: Transaction, query: Query, limit: int) -> Page[IssueRow]:
    """The page of a statement made here."""
    await tx.fetch(_CUSTOM)
    rows = await tx.fetch(query.sql, *query.parameters)
    more = cursor_of([rows[limit - 1].number]) if len(rows) > limit else None
    return Page(items=[row_of(row) for row in rows[:limit]], next=more)


async def every_page(db: Database, filters: Filters, limit: int) -> AsyncIterator[Sequence[IssueRow]]:
    """All that fits, page by page, each in a transaction of its own, so that a slow reader keeps nothing open."""
    after: str | None = None
    while True:
        async with db.transaction() as tx:
            found = await read(tx, page(filters, after, limit), limit)
        yield found.items
        if (after := found.next) is None:
            return
