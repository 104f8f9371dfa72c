"""Notes that name an agent, in rows: written with the timeline, listed for whom they name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter

from shared.db import Transaction
from shared.events import collaboration
from shared.paging import KeyMoment, Page, cursor_of, key_in
from tier_queues.record import Entry
from tier_queues.side_tables import MENTIONS

VERSION_LIMIT: Final = 2**31 - 1


class MentionView(BaseModel):
    """A note that names the caller. version: of the note on its issue's timeline."""

    issue: UUID
    number: int
    title: str
    version: int
    at: datetime
    by: str
    by_name: str
    text: str


_FIELDS: Final = tuple(MentionView.model_fields)
_KEY: Final = TypeAdapter(tuple[KeyMoment, UUID, Annotated[int, Field(ge=0, le=VERSION_LIMIT)]])


def of_agent(agent: str, after: str | None, limit: int) -> tuple[str, list[Any]]:
    """The statement for a page of an agent's mentions, newest first, one row longer. Raises Problem 422."""
    parameters: list[Any] = [agent]
    behind = ""
    if after is not None:
        behind = "AND (at, issue_id, version) < ($2, $3, $4)"
        parameters = [agent, *key_in(after, _KEY)]
    # The page is cut before the join, so that it reads no more issues and notes than it shows.
    return (
        "SELECT issue_id, number, title, version, mentions.at, actor->>'id', actor->>'name', private->>'text' "  # noqa: S608
        f"FROM (SELECT * FROM mentions WHERE agent = $1 {behind} ORDER BY at DESC, issue_id DESC, version DESC "
        f"LIMIT {limit + 1}) AS mentions JOIN timeline USING (issue_id, version) "
        "JOIN (SELECT id AS issue_id, number, title FROM issues) AS issues USING (issue_id) "
        "ORDER BY mentions.at DESC, issue_id DESC, version DESC",
        parameters,
    )


async def read(tx: Transaction, statement: tuple[str, list[Any]], limit: int) -> Page[MentionView]:
    """The page of a statement made here."""
    sql, parameters = statement
    rows = await tx.fetch(sql, *parameters)
    items = [MentionView(**dict(zip(_FIELDS, row, strict=True))) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next=cursor_of([last.at.isoformat(), last.issue, last.version]) if last else None)


async def write(tx: Transaction, entries: Sequence[tuple[UUID, Entry]]) -> None:
    """Keep the mentions among these entries, with one statement."""
    rows = [_row(issue, entry) for issue, entry in entries if isinstance(entry.fact, collaboration.AgentMentioned)]
    await tx.insert(MENTIONS, rows)


def _row(issue: UUID, entry: Entry) -> dict[str, Any]:
    fact = entry.fact
    assert isinstance(fact, collaboration.AgentMentioned)
    return {"agent": fact.agent, "issue_id": issue, "version": entry.private["note_version"], "at": fact.at}
