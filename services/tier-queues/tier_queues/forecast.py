"""Which promises will be broken soon if nothing happens: read from one index, nearest first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query as Parameter
from pydantic import BaseModel, TypeAdapter

from shared.api import Api
from shared.auth import STAFF, StaffTokens
from shared.db import Database, Transaction
from shared.paging import Cursor, KeyMoment, Limit, Page, cursor_of, key_in
from shared.vocabulary import IssueState, Tier, WaitingFor, Word
from tier_queues.lists import Query

FARTHEST: Final = timedelta(hours=24)
"""How far a forecast may look."""
USUAL: Final = timedelta(hours=1)

Within = Annotated[timedelta, Parameter(gt=timedelta(), le=FARTHEST, description="How far to look, as `PT1H`.")]
_KEY: Final = TypeAdapter(tuple[KeyMoment, UUID])


class ForeseenRow(BaseModel):
    """An open issue whose clock will break its promise. breach_at: when; it may have just passed."""

    id: UUID
    number: int
    version: int
    state: IssueState
    waiting_for: WaitingFor | None
    tier: int
    team: str
    owner: str | None
    owner_name: str | None
    priority: int
    title: str
    clock: str
    breach_at: datetime


class ForeseenCount(BaseModel):
    """How many issues of a team at a tier will break a promise."""

    tier: int
    team: str
    count: int


class Forecast(Page[ForeseenRow]):
    """A page, nearest breach first, and how many there are in all. until: how far the forecast looks."""

    until: datetime
    counts: list[ForeseenCount]


_COLUMNS: Final = (
    "id, number, version, state, waiting_for, tier, team, owner, owner_name, priority, title, breach_clock, breach_at"
)
_COUNTS: Final = """
SELECT tier, team, count(*) FROM issues WHERE breach_at <= $1 GROUP BY tier, team ORDER BY tier, team
"""


def add_forecast(api: Api, db: Database, tokens: StaffTokens) -> None:
    """Give the service its forecast."""

    @api.get("/forecast", allow=tokens.allow(STAFF))
    async def foresee(
        within: Within = USUAL,
        tier: Annotated[Tier | None, Parameter()] = None,
        team: Annotated[Word | None, Parameter()] = None,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Forecast:
        """Open issues whose clock will break its promise within the time if nothing happens."""
        key = key_in(after, _KEY) if after else None
        async with db.transaction() as tx:
            until = await tx.now() + within
            rows = await _read(tx, page(until, tier, team, key, limit))
            counts = await _read(tx, counted(until))
        more = cursor_of([rows[limit - 1].breach_at.isoformat(), rows[limit - 1].id]) if len(rows) > limit else None
        items = [ForeseenRow(**dict(zip(ForeseenRow.model_fields, row, strict=True))) for row in rows[:limit]]
        return Forecast(items=items, next=more, until=until, counts=[_count(row) for row in counts])


def page(until: datetime, tier: int | None, team: str | None, after: tuple[datetime, UUID] | None, limit: int) -> Query:
    """The statement for a page, one row longer than the page."""
    terms: list[str] = ["breach_at <= $1"]
    parameters: list[Any] = [until]
    wanted: list[tuple[str, Any]] = [("tier = ${}", tier), ("team = ${}", team)]
    for term, value in wanted:
        if value is not None:
            parameters.append(value)
            terms.append(term.format(len(parameters)))
    if after is not None:
        parameters.extend(after)
        terms.append(f"(breach_at, id) > (${len(parameters) - 1}, ${len(parameters)})")
    sql = f"SELECT {_COLUMNS} FROM issues WHERE {' AND '.join(terms)} ORDER BY breach_at, id LIMIT {limit + 1}"  # noqa: S608
    return Query(sql, tuple(parameters))


def counted(until: datetime) -> Query:
    """The statement for the counts of all that is foreseen."""
    return Query(_COUNTS, (until,))


async def _read(tx: Transaction, query: Query) -> Sequence[Any]:
    return await tx.fetch(query.sql, *query.parameters)


def _count(row: Any) -> ForeseenCount:
    return ForeseenCount(tier=row[0], team=row[1], count=row[2])
