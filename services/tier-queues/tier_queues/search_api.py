"""HTTP in and out: issues by their words, by what they are, by their ids; as pages and as CSV."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from shared.api import Api, CallerOf
from shared.auth import STAFF
from shared.paging import Cursor, Limit, Page
from shared.vocabulary import IssueState, Priority, Tier, Word
from tier_queues import search, spreadsheet, store, views
from tier_queues.api import Counter
from tier_queues.lists import IssueRow
from tier_queues.search import Filters
from tier_queues.views import IssueView

IDS_LIMIT: Final = 100
"""Issues read at once by their ids."""
EXPORT_PAGE: Final = 1000
"""Rows of an export that are read at once."""
CSV: Final = "text/csv"
WordQuery = Annotated[Word | None, Query()]
_EXPORTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "All that fits, newest first.", "content": {CSV: {"example": spreadsheet.header()}}}
}


def _filters(
    q: Annotated[Word | None, Query(description='Words; `"a phrase"`, `or` and `-not` work.')] = None,
    tier: Annotated[Tier | None, Query()] = None,
    team: WordQuery = None,
    state: Annotated[IssueState | None, Query()] = None,
    priority: Annotated[Priority | None, Query()] = None,
    category: WordQuery = None,
    tag: WordQuery = None,
    account: WordQuery = None,
    owner: WordQuery = None,
) -> Filters:
    return Filters(
        q=q,
        tier=tier,
        team=team,
        state=state,
        priority=priority,
        category=category,
        tag=tag,
        account=account,
        owner=owner,
    )


Filtered = Annotated[Filters, Depends(_filters)]


def add_search(api: Api, counter: Counter) -> None:
    """Give the service its search, its export and the reading of many issues at once."""
    staff = counter.tokens.allow(STAFF)

    @api.get("/search", allow=staff)
    async def search_issues(filters: Filtered, limit: Limit = 50, after: Cursor = None) -> Page[IssueRow]:
        """Issues that fit, newest first. New words are found about a second after they were written."""
        wanted = search.page(filters, after, limit)
        async with counter.db.transaction() as tx:
            return await search.read(tx, wanted, limit)

    @api.get("/export", allow=staff, responses=_EXPORTED, response_class=StreamingResponse)
    async def export_issues(filters: Filtered) -> StreamingResponse:
        """The same as CSV, all of it, while it is read."""
        pages = search.every_page(counter.db, filters, EXPORT_PAGE)
        # The first page is read before the answer begins, so that a database that is away is still a proper refusal.
        first = await anext(pages)
        headers = {"content-disposition": 'attachment; filename="issues.csv"'}
        return StreamingResponse(_csv(first, pages), media_type=CSV, headers=headers)

    @api.get("/issues", allow=staff)
    async def read_issues(
        caller: CallerOf,
        ids: Annotated[list[UUID], Query(min_length=1, max_length=IDS_LIMIT, description="Repeat it: ids=…&ids=…")],
    ) -> list[IssueView]:
        """Many issues at once, in the order asked; those that do not exist are left out."""
        async with counter.db.transaction() as tx:
            found = await store.find_all(tx, ids)
        wanted = dict.fromkeys(ids)
        return [views.view_of(found[issue], caller, counter.rules.policies) for issue in wanted if issue in found]


async def _csv(first: Sequence[IssueRow], others: AsyncIterator[Sequence[IssueRow]]) -> AsyncIterator[str]:
    yield spreadsheet.header() + spreadsheet.lines(first)
    async for rows in others:
        yield spreadsheet.lines(rows)
