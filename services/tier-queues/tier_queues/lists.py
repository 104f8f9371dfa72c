"""The lists of the queues: keyset pages that an index gives in their order, without the issues' bodies."""

import asyncio
import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from shared.db import Database, Transaction
from shared.paging import KeyMoment, Page, cursor_of, key_in
from shared.vocabulary import FAR_FUTURE, IssueState, Priority, WaitingFor
from tier_queues.organisation import Overflow


class Listed(StrEnum):
    """Which issues of a tier. claimable: queued ones and offers, whatever tier offers them."""

    CLAIMABLE = "claimable"
    QUEUED = "queued"
    ASSIGNED = "assigned"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class IssueRow(BaseModel):
    """An issue in a list. deadline: the nearest due time, if any; offered: somebody's offer, owned until accepted."""

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
    category: str | None
    title: str
    deadline: datetime | None
    accepted_at: datetime
    updated_at: datetime
    triage: bool
    unseen: bool
    offered: bool
    offered_to: str | None


class Helped(BaseModel):
    """A tier that another one helps now, and why."""

    by: int
    since: datetime
    because: str


class TierCounts(BaseModel):
    """A tier, and how much there is on it; exact, up to a second old. claimable: queued and offered to it.

    team: of the default queue; staffed: whether people work its queue; version: for who changes it.
    overflow: when another tier helps; helped: that it does so now.
    """

    tier: int
    name: str
    team: str | None = None
    staffed: bool = False
    version: int = 0
    overflow: Overflow | None = None
    helped: Helped | None = None
    claimable: int = 0
    offered: int = 0
    assigned: int = 0
    waiting: int = 0


COLUMNS: Final = (
    "id, number, version, state, waiting_for, tier, team, owner, owner_name, priority, category, title, "
    "deadline, accepted_at, updated_at, triage, unseen, "
    "queue_tier IS NOT NULL AND state <> 'queued' AS offered, queue_agent AS offered_to, ended_at"
)
"""What a row of a list is made of, and `ended_at`, from `issues`."""
_FIELDS: Final = tuple(IssueRow.model_fields)


_QUEUE_KEY: Final = TypeAdapter(tuple[Priority, KeyMoment, UUID])
_ENDED_KEY: Final = TypeAdapter(tuple[KeyMoment, UUID])


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of a tier's list. after: `next` of the page before."""

    tier: int
    listed: Listed = Listed.CLAIMABLE
    priority: int | None = None
    team: str | None = None
    category: str | None = None
    after: str | None = None
    limit: int = 50
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A statement and its parameters."""

    sql: str
    parameters: tuple[Any, ...]


def of_tier(wanted: Wanted) -> Query:
    """The statement for a page, one row longer than the page. Raises Problem 422 for a cursor of another list.

    Open issues: by priority, then nearest deadline. Resolved and closed ones: newest first.
    """
    terms, parameters = _place(wanted)
    for column, value in (
        ("priority", wanted.priority),
        (_team_column(wanted), wanted.team),
        ("category", wanted.category),
    ):
        if value is not None:
            parameters.append(value)
            terms.append(f"{column} = ${len(parameters)}")
    if wanted.tag is not None:
        parameters.append(json.dumps([wanted.tag]))
        terms.append(f"tags @> ${len(parameters)}::jsonb")
    if wanted.listed in (Listed.RESOLVED, Listed.CLOSED):
        return _page(terms, parameters, ("ended_at", "id"), wanted, descending=True)
    return _page(terms, parameters, ("priority", "deadline", "id"), wanted)


def of_queues(tiers: Collection[int], agent: str, after: str | None, limit: int) -> Query:
    """The statement for a page of what can be claimed at several tiers, and of what is offered to an agent by name at
    any other, by priority, then nearest deadline.
    """
    parts, parameters = [], []
    offered = ["queue_agent = $1", "state <> 'queued'", *(f"queue_tier <> {int(tier)}" for tier in tiers)]
    for terms in (offered, *([f"queue_tier = {int(tier)}"] for tier in sorted(tiers))):
        page = _page(terms, [agent], ("priority", "deadline", "id"), Wanted(0, after=after, limit=limit))
        parameters = list(page.parameters)
        parts.append(f"({page.sql})")
    together = " UNION ALL ".join(parts)
    # Each tier comes from the index in order and is as long as the page: they are merged, never sorted whole.
    sql = f"SELECT * FROM ({together}) AS together ORDER BY priority, deadline, id LIMIT {limit + 1}"  # noqa: S608
    return Query(sql, tuple(parameters))


def of_owner(owner: str, after: str | None, limit: int) -> Query:
    """The statement for a page of what an agent owns and works on, by priority, then nearest deadline."""
    wanted = Wanted(0, after=after, limit=limit)
    return _page(["owner = $1", "state IN ('assigned', 'waiting')"], [owner], ("priority", "deadline", "id"), wanted)


def _place(wanted: Wanted) -> tuple[list[str], list[Any]]:
    """Where a list starts, in the words of the index that serves it."""
    if wanted.listed is Listed.CLAIMABLE:
        return ["queue_tier = $1"], [wanted.tier]
    if wanted.listed is Listed.QUEUED:
        return ["queue_tier = $1", "state = 'queued'"], [wanted.tier]
    return ["tier = $1", f"state = '{wanted.listed.value}'"], [wanted.tier]


def _team_column(wanted: Wanted) -> str:
    return "queue_team" if wanted.listed in (Listed.CLAIMABLE, Listed.QUEUED) else "team"


def _page(
    terms: list[str], parameters: list[Any], order: tuple[str, ...], wanted: Wanted, *, descending: bool = False
) -> Query:
    if wanted.after is not None:
        key: tuple[Any, ...] = key_in(wanted.after, _ENDED_KEY) if descending else key_in(wanted.after, _QUEUE_KEY)
        places = ", ".join(f"${len(parameters) + n}" for n in range(1, len(order) + 1))
        terms.append(f"({', '.join(order)}) {'<' if descending else '>'} ({places})")
        parameters.extend(key)
    direction = " DESC" if descending else ""
    by = ", ".join(column + direction for column in order)
    # The limit is a literal: with a parameter a cached plan would have to guess how much of the index is read.
    sql = f"SELECT {COLUMNS} FROM issues WHERE {' AND '.join(terms)} ORDER BY {by} LIMIT {wanted.limit + 1}"  # noqa: S608
    return Query(sql, tuple(parameters))


async def read(tx: Transaction, query: Query, limit: int) -> Page[IssueRow]:
    """The page of a statement made here."""
    rows = await tx.fetch(query.sql, *query.parameters)
    more = _cursor(rows[limit - 1]) if len(rows) > limit else None
    return Page(items=[row_of(row) for row in rows[:limit]], next=more)


def _cursor(row: Any) -> str:
    if row.ended_at is not None:
        return cursor_of([row.ended_at.isoformat(), row.id])
    return cursor_of([row.priority, row.deadline.isoformat(), row.id])


def row_of(row: Any) -> IssueRow:
    """An issue of a row that begins with COLUMNS."""
    values = dict(zip(_FIELDS, row, strict=False))
    if values["deadline"] == FAR_FUTURE:
        values["deadline"] = None
    return IssueRow(**values)


_COUNTS: Final = """
SELECT queue_tier, 'claimable', count(*) FROM issues WHERE queue_tier IS NOT NULL GROUP BY queue_tier
UNION ALL
SELECT queue_tier, 'offered', count(*) FROM issues
WHERE queue_tier IS NOT NULL AND state IN ('assigned', 'waiting') GROUP BY queue_tier
UNION ALL
SELECT tier, state, count(*) FROM issues WHERE state IN ('assigned', 'waiting') GROUP BY tier, state
"""
"""Each part is answered by an index alone."""
_TIERS: Final = """
SELECT number, name, team, staffed, version, overflow, since, because
FROM tiers LEFT JOIN overflowing ON tier = number ORDER BY number
"""


@dataclass(eq=False)
class Counts:
    """Counts of every tier, shared by all who ask within `life`, so that many watchers cost what one costs."""

    db: Database
    life: timedelta
    _counted: Sequence[TierCounts] = ()
    _until: float = 0.0
    _counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self) -> Sequence[TierCounts]:
        """One row per tier of the organisation, lowest first, and per other that has something."""
        async with self._counting:
            if time.monotonic() >= self._until:
                begun = time.monotonic()
                self._counted = await self._count()
                self._until = begun + self.life.total_seconds()
            return self._counted

    async def _count(self) -> Sequence[TierCounts]:
        async with self.db.transaction() as tx:
            rows = await tx.fetch(_COUNTS)
            known = {row.number: row for row in await tx.fetch(_TIERS)}
        counts: dict[int, dict[str, int]] = {tier: {} for tier in known}
        for tier, what, count in rows:
            counts.setdefault(tier, {})[what] = count
        return [_tier(tier, known.get(tier), counts[tier]) for tier in sorted(counts)]


def _tier(tier: int, known: Any, counts: dict[str, Any]) -> TierCounts:
    """A tier with its counts; one that the organisation does not know any more has nothing but them."""
    if known is None:
        return TierCounts(tier=tier, name=f"Tier {tier}", **counts)
    overflow = Overflow.model_validate(known.overflow) if known.overflow else None
    helped = Helped(by=overflow.to, since=known.since, because=known.because) if overflow and known.since else None
    return TierCounts(
        tier=tier,
        name=known.name,
        team=known.team,
        staffed=known.staffed,
        version=known.version,
        overflow=overflow,
        helped=helped,
        **counts,
    )
