"""Issues that somebody of the staff watches: a list of theirs, and mails about what becomes of them.

The issue's body names its watchers, so that its facts can: who writes it anew has locked it. No version goes stale.
"""

from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from shared.db import NOW, Transaction
from shared.paging import KeyMoment, Page, cursor_of, key_in
from tier_queues.lists import COLUMNS, IssueRow, Query, row_of

_KEY: Final = TypeAdapter(tuple[KeyMoment, UUID])
WATCHERS_LIMIT: Final = 50
"""Watchers of one issue who are mailed, the first ones: their names travel with its facts."""
_WATCH: Final = f"""
WITH added AS (
    INSERT INTO watches (agent, issue_id, since) SELECT $1, id, {NOW} FROM issues WHERE id = $2
    ON CONFLICT (agent, issue_id) DO NOTHING RETURNING issue_id
)
UPDATE issues SET body = jsonb_set(body, '{{watchers}}', coalesce(body->'watchers', '[]') || to_jsonb($1::text))
FROM added WHERE id = issue_id AND jsonb_array_length(coalesce(body->'watchers', '[]')) < {WATCHERS_LIMIT}
"""  # noqa: S608
_UNWATCH: Final = """
WITH gone AS (DELETE FROM watches WHERE agent = $1 AND issue_id = $2 RETURNING issue_id)
UPDATE issues SET body = jsonb_set(body, '{watchers}', (body->'watchers') - $1::text)
FROM gone WHERE id = issue_id AND body->'watchers' ? $1::text
"""


async def watch(tx: Transaction, agent: str, issue: UUID) -> None:
    """Watch an issue from now on; who watches it already still does."""
    await tx.fetch(_WATCH, agent, issue)


async def unwatch(tx: Transaction, agent: str, issue: UUID) -> None:
    """Watch an issue no longer."""
    await tx.fetch(_UNWATCH, agent, issue)


def of_agent(agent: str, after: str | None, limit: int) -> Query:
    """The statement for a page of what an agent watches, newest watch first, one row longer. Raises Problem 422."""
    key = key_in(after, _KEY) if after else ()
    behind = "AND (since, issue_id) < ($2, $3)" if key else ""
    # The page is cut before the join, so that it reads no more issues than it shows.
    sql = (
        f"SELECT {COLUMNS}, since FROM (SELECT issue_id, since FROM watches WHERE agent = $1 {behind} "  # noqa: S608
        f"ORDER BY since DESC, issue_id DESC LIMIT {limit + 1}) AS watched JOIN issues ON id = issue_id "
        "ORDER BY since DESC, issue_id DESC"
    )
    return Query(sql, (agent, *key))


async def read(tx: Transaction, query: Query, limit: int) -> Page[IssueRow]:
    """The page of a statement made here."""
    rows = await tx.fetch(query.sql, *query.parameters)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursor_of([last.since.isoformat(), last.id]) if last else None
    return Page(items=[row_of(row) for row in rows[:limit]], next=more)
