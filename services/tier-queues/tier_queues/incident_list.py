"""Major incidents that are not over, newest first, over HTTP."""

from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from shared.api import Api
from shared.auth import STAFF
from shared.paging import LAST_ID, Cursor, Limit, Page, cursor_of, key_in
from tier_queues.api import Counter
from tier_queues.lists import COLUMNS, IssueRow, Query, row_of

_KEY: Final = TypeAdapter(tuple[UUID])


def incidents(after: str | None, limit: int) -> Query:
    """The statement for a page of the major incidents, one row longer. Raises Problem 422."""
    before = key_in(after, _KEY)[0] if after else LAST_ID
    sql = f"SELECT {COLUMNS} FROM issues WHERE major AND id < $1 ORDER BY id DESC LIMIT {limit + 1}"  # noqa: S608
    return Query(sql, (before,))


def add_incidents(api: Api, counter: Counter) -> None:
    """Give the service the list of major incidents."""

    @api.get("/major-incidents", allow=counter.tokens.allow(STAFF))
    async def list_incidents(limit: Limit = 50, after: Cursor = None) -> Page[IssueRow]:
        """The major incidents of now, newest first."""
        query = incidents(after, limit)
        async with counter.db.transaction() as tx:
            rows = await tx.fetch(query.sql, *query.parameters)
        more = cursor_of([str(rows[limit - 1].id)]) if len(rows) > limit else None
        return Page(items=[row_of(row) for row in rows[:limit]], next=more)
