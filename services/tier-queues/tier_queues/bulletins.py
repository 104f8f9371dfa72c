"""Bulletins: new fixes that the agents of some tiers should know, and who has read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from shared.db import NOW, Transaction
from shared.paging import KeyMoment, Page, cursor_of, key_in
from shared.vocabulary import Word
from tier_queues.problem import Problem
from tier_queues.releases import Release

_KEY: Final = TypeAdapter(tuple[KeyMoment, UUID])
_AGENT_KEY: Final = TypeAdapter(tuple[Word])


class BulletinView(BaseModel):
    """A new fix. acknowledged_at: when the caller said that they have read it; text: what customers were told."""

    id: UUID
    problem: UUID
    release_id: UUID
    release: str
    product: str
    title: str
    text: str
    tiers: list[int]
    at: datetime
    acknowledged_at: datetime | None
    acknowledged: int


class Reader(BaseModel):
    """An active agent for whom a bulletin is. acknowledged_at: null while they have not read it."""

    agent: str
    name: str
    acknowledged_at: datetime | None


async def publish(
    tx: Transaction, bulletin: UUID, problem: Problem, release: Release, text: str, *, tiers: Sequence[int]
) -> None:
    """Tell the agents of these tiers of a fix."""
    row = {
        "id": bulletin,
        "problem_id": problem.id,
        "release_id": release.id,
        "release": release.name,
        "product": release.product,
        "title": problem.title,
        "text": text,
        "at": problem.updated_at,
    }
    # A list of tiers has no type of its own in `unnest`.
    await tx.flush()
    await tx.fetch(
        f"INSERT INTO bulletins ({', '.join(row)}, tiers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",  # noqa: S608
        *row.values(),
        list(tiers),
    )


def page(agent: str, *, unread: bool, after: str | None, limit: int) -> tuple[str, list[Any]]:
    """The statement for a page of bulletins, newest first, one row longer. Raises Problem 422.

    unread: only those that this agent has not acknowledged.
    """
    terms, parameters = ["true"], [agent, *(key_in(after, _KEY) if after else ())]
    if unread:
        terms.append(
            "NOT EXISTS (SELECT FROM bulletin_acknowledgements WHERE bulletin_id = bulletins.id AND agent = $1)"
        )
    if after:
        terms.append("(at, id) < ($2, $3)")
    order = "at DESC, id DESC"
    return (
        "SELECT id, problem_id, release_id, release, product, title, text, tiers, at, "  # noqa: S608
        "(SELECT at FROM bulletin_acknowledgements WHERE bulletin_id = page.id AND agent = $1) AS acknowledged_at, "
        "(SELECT count(*) FROM bulletin_acknowledgements WHERE bulletin_id = page.id) AS acknowledged "
        f"FROM (SELECT * FROM bulletins WHERE {' AND '.join(terms)} ORDER BY {order} LIMIT {limit + 1}) AS page "
        f"ORDER BY {order}",
        parameters,
    )


async def read(tx: Transaction, statement: tuple[str, list[Any]], limit: int) -> Page[BulletinView]:
    """The page of a statement made here."""
    sql, parameters = statement
    names = tuple(BulletinView.model_fields)
    rows = await tx.fetch(sql, *parameters)
    items = [BulletinView(**dict(zip(names, row, strict=True))) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next=cursor_of([last.at.isoformat(), last.id]) if last else None)


async def acknowledge(tx: Transaction, bulletin: UUID, agent: str) -> bool:
    """The agent has read it; the first time counts. False when there is no such bulletin."""
    if not await _exists(tx, bulletin):
        return False
    await tx.fetch(
        f"INSERT INTO bulletin_acknowledgements VALUES ($1, $2, {NOW}) ON CONFLICT DO NOTHING",  # noqa: S608
        bulletin,
        agent,
    )
    return True


async def _exists(tx: Transaction, bulletin: UUID) -> bool:
    return bool(await tx.fetch("SELECT 1 FROM bulletins WHERE id = $1", bulletin))


_READERS: Final = """
SELECT agents.id, agents.name, read.at FROM bulletins
JOIN agents ON agents.active AND agents.tiers && bulletins.tiers AND agents.role IN ('agent', 'lead')
LEFT JOIN bulletin_acknowledgements AS read ON read.bulletin_id = bulletins.id AND read.agent = agents.id
WHERE bulletins.id = $1 AND agents.id > $2 AND (NOT $3 OR read.at IS NULL) ORDER BY agents.id LIMIT $4
"""


async def readers(
    tx: Transaction, bulletin: UUID, *, missing: bool, after: str | None, limit: int
) -> Page[Reader] | None:
    """Who a bulletin is for, by sign-in name. missing: only who has not read it. None when there is no such one."""
    if not await _exists(tx, bulletin):
        return None
    behind = key_in(after, _AGENT_KEY)[0] if after else ""
    rows = await tx.fetch(_READERS, bulletin, behind, missing, limit + 1)
    items = [Reader(agent=row[0], name=row[1], acknowledged_at=row[2]) for row in rows[:limit]]
    return Page(items=items, next=cursor_of([items[-1].agent]) if len(rows) > limit else None)
